"""A scenario that builds on a shipped one: its tables over those of its `base`, key by key."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping

Plain = dict[str, object]

OWN = ("name", "title", "story", "script", "goal")  # a file's own: what the base tells, does and promises is not taken over


class BaseError(ValueError):
    """A base that cannot be built on: one sentence."""


def upon(plain: Plain, shipped: Mapping[str, str], above: tuple[str, ...] = ()) -> Plain:
    """The tables of a file with those of its base under them; lists are replaced as a whole. BaseError for an unknown base, or a
    circle of them. above: the bases that lead here."""
    base = plain.get("base")
    if not isinstance(base, str) or not base:
        return plain
    if base not in shipped:
        close = difflib.get_close_matches(base, shipped, n=2)
        raise BaseError(f"there is no shipped scenario {base!r} to build on; did you mean {' or '.join(close) or 'default'}?")
    if base in above:
        raise BaseError(f"the bases go in a circle: {' -> '.join([*above, base])}; take one out")
    under = upon(tomllib.loads(shipped[base]), shipped, (*above, base))
    return _over({key: value for key, value in under.items() if key not in OWN}, plain)


def _over(under: Plain, above: Plain) -> Plain:
    """Tables merged, everything else as above has it."""
    merged = dict(under)
    for key, value in above.items():
        low = merged.get(key)
        merged[key] = _over(low, value) if isinstance(low, dict) and isinstance(value, dict) else value
    return merged
