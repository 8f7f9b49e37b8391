"""Numbers as people read them: three significant digits, SI prefixes, units, fixed widths so that nothing jitters.

Every function returns text padded on the left to `width` cells (0: no padding) and never wider unless the number itself
does not fit. What is not known (None, NaN) is a dash: an empty cell would read as zero.
"""

from __future__ import annotations

import math

__all__ = ["clock", "count", "duration", "money", "percent", "plain", "rate", "signed", "size", "times", "whole"]

UNKNOWN = "–"
_PREFIXES = ("", "k", "M", "G", "T", "P")


def _known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _three(value: float) -> str:
    """Three significant digits without an exponent: 1.24, 43.1, 921."""
    size = abs(value)
    if size >= 99.95:
        return f"{value:.0f}"
    return f"{value:.1f}" if size >= 9.995 else f"{value:.2f}"


def _scaled(value: float) -> tuple[str, str]:
    """The mantissa and the SI prefix; rounding 999.7 k up gives 1.00 M, not 1000 k."""
    step = 0
    while abs(value) >= 999.5 and step < len(_PREFIXES) - 1:
        value /= 1000
        step += 1
    return _three(value), _PREFIXES[step]


def plain(value: float | None, width: int = 0) -> str:
    """Three significant digits, no unit: 0.03, 1.24, 43.1, 921."""
    return (_three(value) if value is not None and _known(value) else UNKNOWN).rjust(width)


def count(value: float | None, width: int = 6) -> str:
    """How many: 921, 43.1 k, 1.24 M. Below a thousand the number is whole if its value is."""
    if value is None or not _known(value):
        return UNKNOWN.rjust(width)
    if abs(value) < 999.5 and (float(value).is_integer() or abs(value) >= 99.5):
        return f"{value:.0f}".rjust(width)
    if 0 < value < 0.005:
        return "<0.01".rjust(width)  # little is not nothing
    number, prefix = _scaled(value)
    return f"{number} {prefix}".rstrip().rjust(width)


def rate(value: float | None, width: int = 8) -> str:
    """Per second: 921/s, 43.1 k/s."""
    if value is None or not _known(value):
        return f"{UNKNOWN}/s".rjust(width)
    return f"{count(value, 0)}/s".rjust(width)


def whole(value: float | None, width: int = 0) -> str:
    """An exact whole number with thousands separated: 1,204,551."""
    return (f"{value:,.0f}" if value is not None and _known(value) else UNKNOWN).rjust(width)


def signed(value: float | None, width: int = 0) -> str:
    """A change: +3, −12.4 k."""
    if value is None or not _known(value):
        return UNKNOWN.rjust(width)
    return (("−" if value < 0 else "+") + count(abs(value), 0)).rjust(width)


def duration(seconds: float | None, width: int = 7) -> str:
    """A time span: 85 µs, 3.2 ms, 38 ms, 11.4 s, 2m41s, 3h12m."""
    if seconds is None or not _known(seconds):
        return UNKNOWN.rjust(width)
    size = abs(seconds)
    if size == 0:
        text = "0 ms"
    elif size < 0.9995e-3:
        text = f"{seconds * 1e6:.0f} µs"
    elif size < 0.9995:
        ms = seconds * 1e3
        text = f"{ms:.1f} ms" if abs(ms) < 9.95 else f"{ms:.0f} ms"
    elif size < 99.95:
        text = f"{_three(seconds)} s"
    elif size < 3600:
        text = f"{int(seconds // 60)}m{int(seconds % 60):02d}s"
    else:
        text = f"{int(seconds // 3600)}h{int(seconds % 3600 // 60):02d}m"
    return text.rjust(width)


def clock(seconds: float) -> str:
    """Virtual time of day zero: 00:03:41.20. Hundredths are cut, not rounded, as clocks do."""
    hundredths = int(seconds * 100 + 1e-6)
    whole_seconds, hundredths = divmod(hundredths, 100)
    minutes, secs = divmod(whole_seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{secs:02d}.{hundredths:02d}"


def percent(fraction: float | None, width: int = 7) -> str:
    """A share of one: 0.02 %, 7.1 %, 71.2 %, 100 %. A share that is not quite all is not shown as all (99.9 %, 0.01 %)."""
    if fraction is None or not _known(fraction) or not _known(fraction * 100):
        return f"{UNKNOWN} %".rjust(width)
    value = fraction * 100
    if value == 0 or abs(value) >= 99.95:
        exact = value in (0, 100) or abs(value) > 100
        text = f"{value:.0f}" if exact else f"{math.floor(value * 100) / 100:.2f}"
    elif abs(value) < 0.995:
        text = f"{value:.2f}" if abs(value) >= 0.01 else ("<0.01" if value > 0 else ">−0.01")
    else:
        text = f"{value:.1f}"
    return f"{text} %".rjust(width)


def money(dollars_per_hour: float | None, width: int = 0) -> str:
    """Cost: $41.20/h, $1,204/h."""
    if dollars_per_hour is None or not _known(dollars_per_hour):
        return f"${UNKNOWN}/h".rjust(width)
    digits = 2 if dollars_per_hour < 999.995 else 0
    return f"${dollars_per_hour:,.{digits}f}/h".rjust(width)


def size(octets: float | None, width: int = 8) -> str:
    """Bytes with SI prefixes (powers of 1000): 512 B, 18.2 MB."""
    if octets is None or not _known(octets):
        return f"{UNKNOWN} B".rjust(width)
    if abs(octets) < 999.5:
        return f"{octets:.0f} B".rjust(width)
    number, prefix = _scaled(octets)
    return f"{number} {prefix}B".rjust(width)


def times(ratio: float | None, width: int = 0) -> str:
    """A multiple: ×2.9, ×12."""
    if ratio is None or not _known(ratio):
        return f"×{UNKNOWN}".rjust(width)
    return (f"×{ratio:.1f}" if abs(ratio) < 9.95 else f"×{ratio:.0f}").rjust(width)
