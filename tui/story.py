"""The log as a story: each event below what caused it, one step further in, so that a symptom leads back to its key.

Snapshots carry the latest events only; `Story` keeps those seen so far, up to a limit, by id.
"""

from __future__ import annotations

import textwrap
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from engine.snapshot import Event

from .charts import Glyphs
from .draw import Canvas, Code, Role, cell_len, fit
from .marks import EVENT_ROLE
from .safe import safe_text
from .units import clock

__all__ = ["Line", "Story", "chain", "draw_lines", "draw_wrapped", "teller", "told", "weave"]

LIMIT = 5000
DEEPEST = 6
TIME = 8  # cells of a time within the first hundred hours
LEAST_TEXT = 24  # cells that a text gets, whatever stands before it


@dataclass(frozen=True, slots=True)
class Line:
    """An event and how far from its first cause it is (0 = a beginning)."""

    event: Event
    depth: int


class Story:
    """The events seen by this viewer, oldest first."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._events: OrderedDict[int, Event] = OrderedDict()
        self._limit = limit

    def add(self, events: Iterable[Event]) -> None:
        """Keep these; an event that is known already is not kept twice."""
        for event in events:
            if event.id not in self._events:
                self._events[event.id] = event
        while len(self._events) > self._limit:
            self._events.popitem(last=False)

    def events(self) -> list[Event]:
        """All, by id."""
        return sorted(self._events.values(), key=lambda event: event.id)


def weave(events: Iterable[Event]) -> list[Line]:
    """Events with each effect right under its cause (causes in order of id). An effect whose cause is gone is a beginning."""
    ordered = sorted(events, key=lambda event: event.id)
    known = {event.id for event in ordered}
    effects: dict[int, list[Event]] = {}
    for event in ordered:
        # a cause must be older, so that no damaged log can make a circle
        cause = event.cause if event.cause in known and event.cause < event.id else 0
        effects.setdefault(cause, []).append(event)
    out: list[Line] = []
    stack = [(event, 0) for event in reversed(effects.get(0, []))]
    while stack:
        event, depth = stack.pop()
        out.append(Line(event, depth))
        stack.extend((effect, depth + 1) for effect in reversed(effects.get(event.id, [])))
    return out


def chain(events: Iterable[Event], event_id: int) -> list[Event]:
    """The event and all that led to it, first cause first."""
    known = {event.id: event for event in events}
    out: list[Event] = []
    at = known.get(event_id)
    while at is not None:
        out.append(at)
        at = known.get(at.cause) if at.cause < at.id else None
    return out[::-1]


def teller(event: Event) -> str:
    """Who tells it, in short: an agent needs no word before its name."""
    return event.by.removeprefix("agent:")


def told(event: Event) -> str:
    """What is told, without the teller's name, which stands before it."""
    return event.text.removeprefix(f"{teller(event).rpartition(' ')[2]}: ")


def draw_lines(canvas: Canvas, lines: Iterable[Line], glyphs: Glyphs = Glyphs.BRAILLE) -> None:
    """One line each: time, who, the keys that were pressed, and the text, indented under its cause."""
    for y, line in enumerate(lines):
        if y >= canvas.height:
            return
        x = _begin(canvas, y, line, glyphs)
        text = told(line.event)
        canvas.text(x, y, fit(text, max(0, min(cell_len(safe_text(text)), canvas.width - x))), _code(line))


def draw_wrapped(canvas: Canvas, lines: Iterable[Line], first: int, glyphs: Glyphs = Glyphs.BRAILLE) -> int:
    """The same from row `first` on, but a text that is too long goes on below itself. Returns the rows of all."""
    at = 0
    for line in lines:
        event = line.event
        time = TIME if 0 <= event.at < 3600 * 100 else cell_len(clock(event.at)[:-3])
        x, parts = _wrapped(event.by, event.keys, event.text, time + 3 * min(line.depth, DEEPEST), canvas.width)
        if at + len(parts) > first and at < first + canvas.height:
            for y, part in enumerate(parts, at - first):
                if y == at - first >= 0:
                    _begin(canvas.inside(0, y, x, 1), 0, line, glyphs)
                if 0 <= y < canvas.height:
                    canvas.text(x, y, part, _code(line))
        at += len(parts)
    return at


@lru_cache(maxsize=2 * LIMIT)
def _wrapped(by: str, keys: str, text: str, left: int, width: int) -> tuple[int, tuple[str, ...]]:
    """Where the text of a line begins, and its rows. left: cells of time and indent."""
    event = Event(id=0, at=0.0, by=by, text=text, keys=keys)
    x = left + sum(1 + cell_len(safe_text(word)) for word in ("", teller(event), *([keys] if keys else [])))
    x = min(x, max(0, width - LEAST_TEXT))
    room = max(1, width - x)
    text = safe_text(told(event))
    return x, (text,) if cell_len(text) <= room else tuple(textwrap.wrap(text, room)) or ("",)


def _code(line: Line) -> Code:
    return EVENT_ROLE.get(line.event.level, Role.TEXT)


def _begin(canvas: Canvas, y: int, line: Line, glyphs: Glyphs) -> int:
    """All of a line but its text; returns where that begins."""
    elbow = "`-" if glyphs is Glyphs.ASCII else "└─"

    def write(x: int, text: str, code: Code) -> int:
        return canvas.text(x, y, fit(text, max(0, min(cell_len(safe_text(text)), canvas.width - x))), code)

    event, depth = line.event, min(line.depth, DEEPEST)
    x = canvas.text(0, y, clock(event.at)[:-3], Role.DIM) + 1
    if depth:
        x = canvas.text(x + 3 * (depth - 1), y, elbow + " ", Role.FAINT)
    x = write(x, teller(event) + " ", Role.YOU if event.by.startswith("you") else Role.DIM)
    if event.keys:
        x = write(x, event.keys + " ", Role.KEY)
    if event.target:
        canvas.spot(event.target, 0, y, canvas.width)
    return x
