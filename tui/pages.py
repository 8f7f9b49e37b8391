"""What can be read over the board, as pure drawings: help, the log, an inspection.

A page is a function (canvas, first row, filter) -> rows in all; it draws rows first.. of itself on the canvas.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence

from engine.catalogue import Catalogue
from engine.snapshot import Event, Inspection, Trace

from .charts import Glyphs
from .draw import BOLD, Canvas, Code, Role, cell_len, fit
from .keymap import key_label
from .keys import PANE_GROUP, Key
from .marks import STATE_MARK
from .safe import safe_text
from .story import chain, draw_lines, draw_wrapped, weave
from .units import duration
from .waterfall import draw_waterfall, height_of

__all__ = ["Row", "help_rows", "inspection_rows", "log_page", "rows_page", "trace_rows"]

Row = Callable[[Canvas, int], None]
"""Draws one row at y."""

LEAST_SOURCE = 24  # cells beside a value in which its source is told; else it stands below
STORIES = 4  # latest events about a part that the inspector leads back to their causes
SECTIONS = {"Look": "Look around", "Act": "Act on the system", "Time": "Time", "Program": "Program"}


def _words(row_words: str, words: str) -> bool:
    return all(word in row_words.lower() for word in words.split())


def rows_page(canvas: Canvas, rows: Sequence[tuple[str, Row]], first: int, words: str) -> int:
    """Draw those rows that hold `words`, from `first` on. Returns how many there are."""
    found = [row for text, row in rows if not words or _words(text, words)]
    for y, row in enumerate(found[first : first + canvas.height]):
        row(canvas, y)
    return len(found)


def _line(*parts: tuple[int, str, Code]) -> tuple[str, Row]:
    """A row of texts at fixed places, found by any of them."""

    def draw(canvas: Canvas, y: int) -> None:
        for x, text, code in parts:
            room = max(0, canvas.width - x)
            canvas.text(x, y, fit(text, min(room, cell_len(safe_text(text)))), code)

    return " ".join(text for _, text, _ in parts), draw


def _head(text: str) -> tuple[str, Row]:
    return _line((0, text, Role.TITLE | BOLD))


BLANK: tuple[str, Row] = ("", lambda _canvas, _y: None)


def _told(text: str, x: int, width: int, code: Code, *before: tuple[int, str, Code]) -> list[tuple[str, Row]]:
    """A row that ends in a sentence from x on, which goes on below itself where the width is short."""
    first, *more = textwrap.wrap(text, max(20, width - x)) or [""]
    return [_line(*before, (x, first, code)), *(_line((x, line, code)) for line in more)]


def help_rows(keymap: Iterable[Key], catalogue: Catalogue | None, glyphs: Glyphs, width: int = 200) -> list[tuple[str, Row]]:
    """Keys by section, then the marks of states, then every fault with its keys and words, in `width` cells."""
    rows: list[tuple[str, Row]] = []
    table = list(keymap)
    for section, title in SECTIONS.items():
        rows.append(_head(title))
        for row in (r for r in table if r.section == section):
            keys = " ".join(key_label(key) for key in row.keys)
            many = row.group == PANE_GROUP
            if many and row.id != "pane-1":
                continue
            shown = "1 ... 9 0" if many else keys
            explain = "Focus that pane; on a small screen, show it. Again: zoom it." if many else row.explain
            rows += _told(explain, 14, width, Role.TEXT, (2, shown, Role.KEY | BOLD))
        rows.append(BLANK)
    rows.append(_head("How states are told"))
    for mark in STATE_MARK.values():
        rows.append(_line((2, mark.show(glyphs), mark.role), (4, mark.word, mark.role)))
    if catalogue is not None:
        rows += [BLANK, _head("Faults: press f, then")]
        for fault in catalogue.faults:
            amount = f" ({fault.default:g} {fault.unit})" if fault.unit else ""
            before = (2, fault.keys, Role.KEY | BOLD), (6, fault.title, Role.ACCENT)
            rows += _told(fault.explain + amount, 30, width, Role.TEXT, *before)
        rows += [BLANK, _head("Machines: press g, then")]
        for scale in catalogue.scales:
            both = f"{scale.keys} {scale.keys.upper()}"
            rows.append(_line((2, both, Role.KEY | BOLD), (6, f"add, remove {scale.title}", Role.ACCENT)))
        rows.append(_line((2, "u d", Role.KEY | BOLD), (6, "a machine of the next larger, smaller size", Role.ACCENT)))
        rows += [BLANK, _head("Settings: press c or t, then")]
        for option in catalogue.options:
            source = f"default from: {option.source}" if option.source else ""
            at = max(34, 8 + cell_len(option.title))
            rows.append(_line((2, option.keys, Role.KEY | BOLD), (6, option.title, Role.ACCENT), (at, source, Role.DIM)))
    return rows


def log_page(canvas: Canvas, events: Iterable[Event], first: int, words: str, glyphs: Glyphs) -> int:
    """The story, oldest first; with a filter, the lines that hold it."""
    lines = [
        line for line in weave(events) if not words or _words(f"{line.event.by} {line.event.text} {line.event.target}", words)
    ]
    if not lines:
        canvas.text(0, 0, "nothing has happened yet" if not words else "no line holds these words", Role.DIM)
    return draw_wrapped(canvas, lines, first, glyphs)


def trace_rows(trace: Trace, glyphs: Glyphs, width: int) -> list[tuple[str, Row]]:
    """One request as a waterfall."""
    whole = Canvas(max(20, width - 2), height_of(trace))
    draw_waterfall(whole, trace, glyphs)
    return [(" ".join(whole.plain()), _copy(whole, y)) for y in range(whole.height)]


def inspection_rows(found: Inspection, glyphs: Glyphs, width: int, events: Sequence[Event] = ()) -> list[tuple[str, Row]]:
    """State, faults, what led to its trouble, the latest requests as waterfalls, and every setting with its source."""
    mark = STATE_MARK[found.state]
    rows = [
        _line((0, mark.show(glyphs), mark.role), (2, mark.word, mark.role | BOLD), (4 + len(mark.word), found.title, Role.TEXT))
    ]
    if found.state_lines:
        rows += [BLANK, _head("State")]
        rows += [row for s in found.state_lines for row in _setting(s.name, s.value, s.source, width)]
    if found.faults:
        rows += [BLANK, _head("Faults")]
        for fault in found.faults:
            text = fault.text or f"{fault.fault} {fault.amount:g}"
            rows.append(
                _line(
                    (2, text, Role.DOWN), (min(40, 4 + cell_len(text)), f"by {fault.by}, at {duration(fault.since, 0)}", Role.DIM)
                )
            )
    rows += _why(found, events, glyphs, width)
    if found.traces:
        rows += [BLANK, _head("Latest requests")]
        for trace in found.traces:
            rows += [*trace_rows(trace, glyphs, width), BLANK]
    if found.settings:
        rows += [BLANK, _head("Settings and where they come from")]
        rows += [row for s in found.settings for row in _setting(s.name, s.value, s.source, width)]
    return rows


def _why(found: Inspection, events: Sequence[Event], glyphs: Glyphs, width: int) -> list[tuple[str, Row]]:
    """The latest stories that it is in: each from its first cause to the event about it."""
    about = [event for event in events if event.target == found.target or event.target.partition(":")[2] == found.target]
    wanted = {event.id: event for last in about[-STORIES:] for event in chain(events, last.id)}
    if not wanted:
        return []
    lines = weave(wanted.values())
    whole = Canvas(max(20, width - 2), len(lines))
    draw_lines(whole, lines, glyphs)
    return [BLANK, _head("What happened, and why"), *((text, _copy(whole, y)) for y, text in enumerate(whole.plain()))]


def _setting(name: str, value: str, source: str, width: int) -> list[tuple[str, Row]]:
    """Name, value and where it comes from, which goes on below itself where the width is short."""
    at = min(30, max(14, width // 3))
    before = (2, fit(name, at - 3), Role.DIM), (at, value, Role.TEXT | BOLD)
    x = max(at + cell_len(value) + 2, at + 18)
    if source and width - x < min(LEAST_SOURCE, cell_len(source)):
        return [_line(*before), *_told(source, at, width, Role.DIM)]
    return _told(source, x, width, Role.DIM, *before)


def _copy(source: Canvas, row: int) -> Row:
    """A row that was drawn elsewhere."""

    def draw(canvas: Canvas, y: int) -> None:
        text, codes = source.row(row)
        x = 2
        for char, code in zip(text, codes, strict=False):
            x = canvas.text(x, y, char, code)

    return draw
