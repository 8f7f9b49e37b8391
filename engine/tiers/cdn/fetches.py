"""Fetches: one for each object that a PoP lacks, and all who wait for it, users and the edges behind a shield."""

from __future__ import annotations

from ...causes import Cause

ANSWER, PURGE, ASK, LIMIT = 0, 1, 2, 3  # kinds of events, in the order in which those of one moment happen
NO_ROW = -1


class Fetch:
    """pop asks for obj since `asked`. want: the version that users want, -1 = whichever there is.

    waiting: (when it came, slot) of users; children: fetches of edges that wait at this shield. row: the slot of its request to
    the origin. doomed: a purge came after it set out, so its answer is not kept.
    """

    __slots__ = ("asked", "children", "doomed", "number", "obj", "pop", "row", "waiting", "want")

    def __init__(self, number: int, pop: int, obj: int, want: int, asked: float) -> None:
        self.number, self.pop, self.obj, self.want, self.asked = number, pop, obj, want, asked
        self.waiting: list[tuple[float, int]] = []
        self.children: list[int] = []
        self.row = NO_ROW
        self.doomed = False


class Answer:
    """What comes back: made (when it left the origin), version; or cause and event of the failure."""

    __slots__ = ("cause", "event", "made", "version")

    def __init__(self, made: float, version: int, cause: int = Cause.NONE, event: int = 0) -> None:
        self.made, self.version, self.cause, self.event = made, version, int(cause), event


class Fetches:
    """open: by (PoP, object, version wanted), those that whoever comes next may join. all: by number, until they end."""

    def __init__(self) -> None:
        self.all: dict[int, Fetch] = {}
        self.open: dict[tuple[int, int, int], int] = {}
        self.by_row: dict[int, int] = {}  # slot of a request to the origin -> fetch
        self.answers: dict[int, Answer] = {}  # by fetch, under way to its PoP
        self.next = 1

    def find(self, pop: int, obj: int, want: int) -> Fetch | None:
        """One that is under way and may be joined."""
        number = self.open.get((pop, obj, want))
        return None if number is None else self.all[number]

    def begin(self, pop: int, obj: int, want: int, t: float) -> Fetch:
        """A new one."""
        fetch = Fetch(self.next, pop, obj, want, t)
        self.next += 1
        self.all[fetch.number] = fetch
        self.open[pop, obj, want] = fetch.number
        return fetch

    def shut(self, fetch: Fetch) -> None:
        """Nobody joins it any more."""
        key = (fetch.pop, fetch.obj, fetch.want)
        if self.open.get(key) == fetch.number:
            del self.open[key]

    def end(self, fetch: Fetch) -> None:
        """It is over."""
        self.shut(fetch)
        del self.all[fetch.number]
        self.answers.pop(fetch.number, None)
        if fetch.row >= 0:
            self.by_row.pop(fetch.row, None)
