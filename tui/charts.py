"""Charts as text: pure functions from numbers to rows of characters, in three glyph sets.

Braille has the finest grain (2 x 4 dots a cell), blocks work in fonts without braille, ASCII anywhere. A missing sample
(None, NaN) leaves a gap: a chart never draws a zero that was not measured. All functions return rows of exactly the
width asked for. Time runs to the right and the newest sample is in the last column.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache

__all__ = [
    "Glyphs",
    "Sample",
    "area",
    "bar",
    "gauge",
    "histogram",
    "nice_top",
    "resample",
    "sparkline",
]

Sample = float | None


class Glyphs(StrEnum):
    """The characters that charts are made of; the value is the word in the configuration."""

    BRAILLE = "braille"
    BLOCK = "block"
    ASCII = "ascii"


EIGHTHS = " ▁▂▃▄▅▆▇█"
PARTS = " ▏▎▍▌▋▊▉█"
ASCII_LEVELS = " .:-=+*#@"
_LEFT_DOTS = (0x40, 0x04, 0x02, 0x01)  # from the bottom up; braille dots 7, 3, 2, 1
_RIGHT_DOTS = (0x80, 0x20, 0x10, 0x08)  # dots 8, 6, 5, 4


def _finite(values: Sequence[Sample]) -> list[float]:
    return [v for v in values if v is not None and math.isfinite(v)]


def nice_top(values: Sequence[Sample], floor: float = 0.0) -> float:
    """The top of an axis: the least of 1, 2, 5 times a power of ten that holds every value (and `floor`); 1.0 if all are 0."""
    top = max([*_finite(values), floor], default=0.0)
    if top <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(top))
    return next((m * power for m in (1.0, 2.0, 5.0) if m * power >= top), 10.0 * power)


def resample(values: Sequence[Sample], columns: int) -> list[Sample]:
    """The last `columns` samples, padded on the left with gaps."""
    recent = list(values[-columns:]) if columns > 0 else []
    return [None] * (columns - len(recent)) + recent


def _levels(values: Sequence[Sample], steps: int, low: float, high: float) -> list[int | None]:
    """Each sample as a level 0..steps; a value above `low` is at least 1, so that little is not shown as nothing."""
    span = high - low
    out: list[int | None] = []
    for value in values:
        if value is None or not math.isfinite(value):
            out.append(None)
        elif span <= 0 or value <= low:
            out.append(0)
        else:
            out.append(max(1, min(steps, round((value - low) / span * steps))))
    return out


def _part(ramp: str, level: int) -> str:
    """The character for the part of a column that falls into one cell."""
    return ramp[max(0, min(len(ramp) - 1, level))]


def sparkline(
    values: Sequence[Sample], width: int, *, low: float = 0.0, high: float | None = None, glyphs: Glyphs = Glyphs.BLOCK
) -> str:
    """One row: the last `width` samples as eighth blocks (ASCII: nine characters by weight). high: default the largest shown."""
    shown = resample(values, width)
    top = high if high is not None else max(_finite(shown), default=0.0)
    ramp = ASCII_LEVELS if glyphs is Glyphs.ASCII else EIGHTHS
    return "".join(" " if n is None else ramp[max(1, n)] for n in _levels(shown, 8, low, top))


def area(
    values: Sequence[Sample],
    width: int,
    height: int,
    *,
    low: float = 0.0,
    high: float | None = None,
    glyphs: Glyphs = Glyphs.BRAILLE,
) -> list[str]:
    """A filled chart of height rows. Braille shows two samples a column and four levels a row, blocks one and eight."""
    return list(_area(tuple(values), width, height, low, high, glyphs))


@lru_cache(maxsize=256)
def _area(values: tuple[Sample, ...], width: int, height: int, low: float, high: float | None, glyphs: Glyphs) -> list[str]:
    if glyphs is Glyphs.BRAILLE:
        return _braille(values, width, height, low, high)
    shown = resample(values, width)
    top = high if high is not None else nice_top(shown)
    ramp, grain = (" .:#", 3) if glyphs is Glyphs.ASCII else (EIGHTHS, 8)
    levels = _levels(shown, height * grain, low, top)
    return ["".join(" " if n is None else _part(ramp, n - row * grain) for n in levels) for row in reversed(range(height))]


def _braille(values: Sequence[Sample], width: int, height: int, low: float, high: float | None) -> list[str]:
    shown = resample(values, width * 2)
    top = high if high is not None else nice_top(shown)
    levels = _levels(shown, height * 4, low, top)
    rows = []
    for row in reversed(range(height)):
        base = row * 4
        cells = []
        for at in range(0, width * 2, 2):
            dots = 0
            for level, bits in ((levels[at], _LEFT_DOTS), (levels[at + 1], _RIGHT_DOTS)):
                if level is None:
                    continue
                above = max(level, 1) - base  # a measured zero is a dot on the ground, a gap is nothing
                for step, bit in enumerate(bits):
                    if step < above:
                        dots |= bit
            cells.append(chr(0x2800 + dots) if dots else " ")
        rows.append("".join(cells))
    return rows


def bar(fraction: Sample, width: int, glyphs: Glyphs = Glyphs.BLOCK) -> str:
    """A horizontal bar, 0..1 of `width` cells in eighths of a cell; more than 1 is cut."""
    if fraction is None or not math.isfinite(fraction) or width <= 0:
        return " " * max(0, width)
    share = min(1.0, max(0.0, fraction))
    if glyphs is Glyphs.ASCII:
        full = round(share * width)
        full = max(1, full) if share > 0 else 0
        return "#" * full + " " * (width - full)
    eighths = round(share * width * 8)
    eighths = max(1, eighths) if share > 0 else 0
    full, part = divmod(eighths, 8)
    return ("█" * full + (PARTS[part] if part else "")).ljust(width)


def gauge(fraction: Sample, width: int, glyphs: Glyphs = Glyphs.BLOCK) -> str:
    """A bar between two marks, so that the full length is seen: ▕███▎  ▏. `width` includes the marks."""
    left, right = "[]" if glyphs is Glyphs.ASCII else "▕▏"
    return left + bar(fraction, max(0, width - 2), glyphs) + right


def histogram(counts: Sequence[float], width: int, height: int, glyphs: Glyphs = Glyphs.BLOCK) -> list[str]:
    """Vertical bars of a distribution; buckets are summed into columns, the highest column is the full height."""
    n = len(counts)
    columns: list[Sample] = [0.0] * width
    if n and width:
        columns = [float(sum(counts[c * n // width : max(c * n // width + 1, (c + 1) * n // width)])) for c in range(width)]
    top = max(_finite(columns), default=0.0)
    ramp, grain = (" .:#", 3) if glyphs is Glyphs.ASCII else (EIGHTHS, 8)
    levels = _levels(columns, height * grain, 0.0, top)
    return ["".join(_part(ramp, (n or 0) - row * grain) for n in levels) for row in reversed(range(height))]
