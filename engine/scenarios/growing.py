"""What is wrong with the table of users: (path, sentence)."""

from __future__ import annotations

from collections.abc import Iterator

from ..config import Users


def problems(users: Users) -> Iterator[tuple[str, str]]:
    """Cities, bounds and curve that do not fit together."""
    if not users.cities:
        yield "$.users.cities", "no city; name at least one"
    if users.most and users.most < users.count:
        yield "$.users.most", f"{users.most:,} users at most are fewer than the {users.count:,} there are; raise users.most"
    if users.doubling and not users.most:
        yield "$.users.doubling", "users that double need a bound; set users.most"
    if any(a >= b for a, b in zip([n for n, _ in users.curve], [n for n, _ in users.curve[1:]], strict=False)):
        yield "$.users.curve", "the numbers of users must ascend; sort the pairs"
