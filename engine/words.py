"""How the engine writes numbers into sentences."""

from __future__ import annotations

__all__ = ["count", "percent"]


def percent(share: float, digits: int = 0, sign: str = "") -> str:
    """A share of one, with a blank before the sign as everywhere on the screen: 61 %, +8 %."""
    return f"{share * 100:{sign}.{digits}f} %"


def count(number: int, thing: str) -> str:
    """1 fault, 2 faults."""
    return f"{number:,} {thing}" + ("" if number == 1 else "s")
