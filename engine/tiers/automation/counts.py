"""What the guards did, by name: of the last second and in all."""

from __future__ import annotations

from ...meter import Meter, Trend

REFUSED = ("limited", "over_open", "over_wait", "circuit_open", "bulkhead")
NAMES = (*REFUSED, "opened", "closed", "added", "removed")


class Counts:
    """A counter a name in NAMES."""

    def __init__(self) -> None:
        self.meter = Meter(len(NAMES))
        self.trend = Trend()  # all that was turned away, a second

    def add(self, name: str, count: int = 1) -> None:
        """Count some."""
        self.meter.add_one(NAMES.index(name), count)

    def total(self, name: str) -> int:
        """Since the start."""
        return int(self.meter.sum[NAMES.index(name)])

    def rate(self, name: str) -> float:
        """In the last whole second."""
        return float(self.meter.last[NAMES.index(name)])

    def second(self) -> None:
        """A virtual second ended."""
        self.meter.roll()
        self.trend.push(float(self.meter.last[: len(REFUSED)].sum()))

    @property
    def refused(self) -> int:
        """Requests turned away since the start."""
        return int(self.meter.sum[: len(REFUSED)].sum())
