"""A small model of a terminal's screen: enough to see what sequences leave behind, cell by cell.

Knows cursor placement (CSI H), colours and attributes (CSI m), printable text with wide characters, and line feeds; what
else arrives is an error, so that a test notices a sequence that nobody meant to send.
"""

from __future__ import annotations

import re

from rich.cells import split_graphemes

_TOKEN = re.compile(r"\x1b\[(?P<args>[0-9;]*)(?P<final>[A-Za-z])|(?P<feed>\n)|(?P<text>[^\x1b\n]+)")


class Screen:
    """Cells of (text, style); the right half of a wide character is ("", style)."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.cells = [[(" ", "")] * width for _ in range(height)]
        self.x = self.y = 0
        self.style = ""

    def feed(self, data: str) -> None:
        at = 0
        while at < len(data):
            match = _TOKEN.match(data, at)
            assert match, f"unknown sequence {data[at : at + 20]!r}"
            at = match.end()
            if match["final"]:
                self._control(match["final"], match["args"])
            elif match["feed"]:
                self.x, self.y = 0, min(self.y + 1, self.height - 1)
            else:
                self._text(match["text"])

    def _control(self, final: str, args: str) -> None:
        if final == "H":
            row, column = (int(part) for part in args.split(";"))
            self.x, self.y = column - 1, row - 1
        elif final == "m":
            parts = args.split(";")
            if parts[0] in ("", "0"):
                self.style, parts = "", parts[1:]
            self.style = ";".join(filter(None, [self.style, *parts]))
        else:
            raise AssertionError(f"CSI {args}{final}")

    def _text(self, text: str) -> None:
        for start, stop, width in split_graphemes(text)[0]:
            if width == 0 or self.x + width > self.width:
                continue
            for x in range(self.x, self.x + width):
                self._break(x)
            row = self.cells[self.y]
            row[self.x] = (text[start:stop], self.style)
            for x in range(self.x + 1, self.x + width):
                row[x] = ("", self.style)
            self.x += width

    def _break(self, x: int) -> None:
        """Overwriting one half of a wide character blanks the other."""
        row = self.cells[self.y]
        if row[x][0] == "" and x > 0:
            row[x - 1] = (" ", row[x - 1][1])
        if x + 1 < self.width and row[x + 1][0] == "" and row[x][0] != "":
            row[x + 1] = (" ", row[x + 1][1])

    def differences(self, other: Screen) -> list[tuple[int, int, object, object]]:
        return [
            (x, y, self.cells[y][x], other.cells[y][x])
            for y in range(self.height)
            for x in range(self.width)
            if self.cells[y][x] != other.cells[y][x]
        ]
