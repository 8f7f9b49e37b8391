"""What the tests of the panes share: a canvas that refuses to be overrun, drawing by id, and arbitrary snapshots.

`anything` makes a value from a type's own annotations, so that a field added to a snapshot is tested by itself.
"""

from __future__ import annotations

import math
import random
import types
import typing
from collections.abc import Callable
from enum import Enum
from functools import cache

import msgspec
from hypothesis import strategies as st

from engine.snapshot import Snapshot
from tui.charts import Glyphs
from tui.draw import Canvas, cell_len
from tui.pane import Pane, PaneView
from tui.panes import PANES

SPECS = {spec.id: spec for spec in PANES}
GLYPHS = tuple(Glyphs)
NAMES = ("web-1", "db-2", "city", "web", "cache", "db", "balancer", "primary", "replica", "ok", "root", "", "x" * 200)
LETTERS = "ab-1 ×日本🙂é\x1b\n[]\u202e"
NUMBERS = (math.nan, math.inf, -math.inf, 0.0, -1.0, 1e-9, 0.5, 1.0, 5e-324, 1e15, -1e15)
COUNTS = (-1, 0, 1, 2, 7, 999, 2**53)


class Strict(Canvas):
    """A canvas on which a write beyond the edges is an error: panes must cut their texts themselves, with an ellipsis."""

    __slots__ = ()

    def inside(self, x: int, y: int, width: int, height: int) -> Canvas:
        part = super().inside(x, y, width, height)
        part.__class__ = Strict
        return part

    def text(self, x: int, y: int, text: str, code: int = 0) -> int:
        end = super().text(x, y, text, code)
        if text and self.width > 0 and self.height > 0:
            assert x >= 0, (x, y, text)
            assert end <= self.width, (x, y, text, self.width)
            assert y >= 0, (x, y, text)
        return end


def _text(rng: random.Random) -> str:
    return rng.choice(NAMES) if rng.random() < 0.6 else "".join(rng.choices(LETTERS, k=rng.randrange(14)))


PLAIN: dict[object, Callable[[random.Random], object]] = {
    float: lambda rng: rng.choice(NUMBERS) if rng.random() < 0.3 else rng.random() * rng.choice((1, 1, 100, 1e6)),
    bool: lambda rng: rng.random() < 0.5,
    int: lambda rng: rng.choice(COUNTS) if rng.random() < 0.3 else rng.randrange(9),
    str: _text,
}


@cache
def _fields(kind: type[msgspec.Struct]) -> dict[str, object]:
    hints = typing.get_type_hints(kind)
    return {field: hints[field] for field in kind.__struct_fields__}


def anything(kind: object, rng: random.Random) -> object:
    """A value of this annotation: numbers with NaN and infinities, hostile text, tuples, structs field by field."""
    if kind in PLAIN:
        return PLAIN[kind](rng)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return rng.choice(list(kind))
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind(**{field: anything(hint, rng) for field, hint in _fields(kind).items()})
    inner = typing.get_args(kind)
    if types.NoneType in inner:  # a part that may be absent mostly is there
        return None if rng.random() < 0.1 else anything(next(part for part in inner if part is not types.NoneType), rng)
    assert typing.get_origin(kind) is tuple, kind
    if len(inner) == 2 and inner[1] is Ellipsis:
        return tuple(anything(inner[0], rng) for _ in range(rng.choice((0, 1, 2, 3, 3, 20))))
    return tuple(anything(part, rng) for part in inner)


def snapshot_of(seed: int) -> Snapshot:
    """Some snapshot, whatever is in it. (Made field by field by hypothesis, one takes longer than all else together.)"""
    return typing.cast(Snapshot, anything(Snapshot, random.Random(seed)))


SEEDS = st.integers(0, 2**32)


def views() -> st.SearchStrategy[PaneView]:
    """Any viewer."""
    return st.builds(
        PaneView,
        glyphs=st.sampled_from(GLYPHS),
        zoomed=st.booleans(),
        selected=st.sampled_from(["", "web-1", "db-2", "a", "#0"]),
        filter=st.sampled_from(["", "", "", "web", "1 a"]),
        scroll=st.integers(0, 5),
    )


def present(name: str, snapshot: Snapshot) -> bool:
    """Whether the system of this pane is in the snapshot; if not, the pane is never drawn."""
    return SPECS[name].present(snapshot)


def pane(name: str) -> Pane:
    """A pane by its id."""
    return SPECS[name].factory()


def draw(name: str, snapshot: Snapshot, width: int, height: int, **view: object) -> Canvas:
    """A pane's inside on a strict canvas. The waterfall of a zoomed request is drawn by `tui.waterfall`, which clips."""
    canvas = Canvas(width, height) if name == "requests" and view.get("zoomed") else Strict(width, height)
    pane(name).draw(canvas, snapshot, PaneView(**view))  # type: ignore[arg-type]
    return canvas


def lines(name: str, snapshot: Snapshot, width: int, height: int, **view: object) -> list[str]:
    """The same as text; every row has exactly its cells."""
    canvas = draw(name, snapshot, width, height, **view)
    for y in range(height):
        text, codes = canvas.row(y)
        assert cell_len(text) == width == len(codes)
    return canvas.plain()
