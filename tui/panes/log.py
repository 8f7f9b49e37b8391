"""Pane 7, the event log: stories, the one that moved last on top, each effect one step below its cause.

A story that is longer than its room keeps its first cause and its latest effects; what was left out between is counted.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from engine.snapshot import Snapshot

from ..charts import Glyphs
from ..draw import Canvas, Role, cell_len, fit, fit_words
from ..frame import Verdict
from ..marks import EVENT_ROLE
from ..pane import Pane, PaneView
from ..safe import safe_text
from ..story import DEEPEST, LEAST_TEXT, Line, teller, told, weave
from .map_strip import said
from .table import when

__all__ = ["LogPane"]

Row = Line | int  # an event, or how many were left out here
FEWEST = 4  # rows that a story gets before the next one begins


class LogPane(Pane):
    """What happened and what it led to."""

    def verdict(self, snapshot: Snapshot, view: PaneView) -> Verdict:  # noqa: ARG002 - the contract of Pane
        """The latest bad news, else the latest news, else nothing; faults that act now come first."""
        faults = snapshot.faults
        if faults:
            newest = max(faults, key=lambda f: (f.since, f.id))
            last = "".join(text for text, _ in said(newest))
            words = f"{len(faults)} fault{'s' * (len(faults) > 1)} active: {last}"
            return Verdict(words, 1)
        events = snapshot.events
        return Verdict(events[-1].text if events else "nothing happened yet", 0)

    def targets(self, snapshot: Snapshot, view: PaneView) -> Sequence[str]:
        """What the events are about, in drawn order."""
        found = [line.event.target for story in _stories(snapshot, view) for line in story if line.event.target]
        return tuple(dict.fromkeys(found))

    def draw(self, canvas: Canvas, snapshot: Snapshot, view: PaneView) -> None:
        """One line an event: time, who, keys, text."""
        rows = _fill(_stories(snapshot, view), canvas.height + view.scroll)
        if not rows:
            words = "nothing matches the filter" if snapshot.events else "nothing happened yet"
            canvas.text(0, 0, fit(words, min(canvas.width, len(words))), Role.DIM)
        rows = rows[view.scroll :]
        newest = max((e.id for e in snapshot.events), default=0)
        spare, y = canvas.height - len(rows), 0
        for row in rows:
            if isinstance(row, int):
                dots = "..." if view.glyphs is Glyphs.ASCII else "…"
                canvas.text(9, y, fit(f"{dots} {row} more", max(0, min(16, canvas.width - 9))), Role.FAINT)
                y += 1
                continue
            if row.event.id == newest:
                canvas.watch("log.newest", newest, 0, y, 8)
            more = _line(canvas, y, row, view.glyphs, max(0, spare))
            spare -= more
            y += 1 + more


def _stories(snapshot: Snapshot, view: PaneView) -> list[list[Line]]:
    """Events by first cause, the story that moved last first. With a filter: only events that match, each on its own."""
    if view.filter:
        found = [e for e in snapshot.events if view.matches(e.text, e.target, e.by, e.keys, e.level)]
        return [[Line(event, 0)] for event in reversed(found)]
    stories: list[list[Line]] = []
    once = {event.id: event for event in snapshot.events if event.id > 0}  # a damaged log must not go round in circles
    for line in weave(once.values()):
        if line.depth == 0:
            stories.append([])
        stories[-1].append(line)
    return sorted(stories, key=lambda story: -max(line.event.id for line in story))


def _fill(stories: Sequence[list[Line]], room: int) -> list[Row]:
    """Rows for the first `room` lines: a story may take what the later ones (FEWEST each) leave it."""
    rows: list[Row] = []
    for at, story in enumerate(stories):
        left = room - len(rows)
        if left <= 0:
            break
        others = sum(min(len(s), FEWEST) for s in stories[at + 1 :])
        limit = max(FEWEST, left - others)
        if len(story) <= limit:
            rows += story
        else:
            rows += [story[0], len(story) - limit + 1, *story[len(story) - limit + 2 :]]
    return rows


def _line(canvas: Canvas, y: int, line: Line, glyphs: Glyphs, spare: int) -> int:
    """An event; a long text goes on below itself in up to `spare` more rows, which are returned."""
    event, depth = line.event, min(line.depth, DEEPEST)

    def write(x: int, y: int, text: str, code: int) -> int:
        return canvas.text(x, y, fit_words(text, max(0, canvas.width - x)), code)

    x = write(0, y, when(event.at), Role.DIM) + 1
    if depth:
        step = 2 if canvas.width < 70 else 3
        x = write(x + step * (depth - 1) + 1, y, "`-" if glyphs is Glyphs.ASCII else "└─", Role.FAINT) + 1
    you = event.by.startswith("you")
    if canvas.width >= 60 or you:
        x = write(x, y, teller(event), Role.YOU if you else Role.DIM) + 1
    if event.keys:
        x = write(x, y, event.keys, Role.KEY) + 1
    text, room = safe_text(told(event)), canvas.width - x
    parts = [text] if cell_len(text) <= room or room < LEAST_TEXT else textwrap.wrap(text, room) or [text]
    if len(parts) - 1 > spare:
        parts = [*parts[:spare], " ".join(parts[spare:])]
    for number, part in enumerate(parts):
        write(x, y + number, part, EVENT_ROLE.get(event.level, Role.TEXT))
    if event.target:
        canvas.spot(event.target, 0, y, canvas.width, len(parts))
    return len(parts) - 1
