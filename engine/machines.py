"""Sizes of machines that can be had: virtual CPUs, memory, dollars an hour; and what a machine of a size does for a tier.

Prices of the smallest of each family are those of EC2, us-east-1, on demand (price tables that agree; t3.medium .0416,
m5.large .096, c5.large .085, r5.large .126). EC2 prices a family by its size: twice the CPUs, twice the memory, twice the
price, up to a largest one (m5, c5, r5: 24xlarge). So a CPU costs the same at every size; what grows faster than the size is
the price of *useful* work, by the universal scalability law (`scalability`), and beyond the largest size nothing is for sale.
t3 is here with its smallest size alone: it goes on with m5.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """vcpu: virtual CPUs; ram: GiB; price: USD an hour."""

    name: str
    vcpu: int
    ram: float
    price: float

    def __str__(self) -> str:
        """As the screen tells it."""
        return f"{self.name} ({self.vcpu} vCPU, {self.ram:g} GiB, ${self.price:.4g}/h)"


def _family(name: str, ram: float, price: float, steps: tuple[tuple[str, int], ...]) -> tuple[Size, ...]:
    """ram and price of its "large", which has two CPUs; steps: (name, how many times as large)."""
    return tuple(Size(f"{name}.{step}", 2 * times, ram * times, round(price * times, 6)) for step, times in steps)


EVEN = (("large", 1), ("xlarge", 2), ("2xlarge", 4), ("4xlarge", 8), ("8xlarge", 16), ("12xlarge", 24), ("16xlarge", 32),
        ("24xlarge", 48))  # fmt: skip
C5 = (("large", 1), ("xlarge", 2), ("2xlarge", 4), ("4xlarge", 8), ("9xlarge", 18), ("12xlarge", 24), ("18xlarge", 36),
      ("24xlarge", 48))  # fmt: skip
LADDERS: tuple[tuple[Size, ...], ...] = (
    (Size("t3.medium", 2, 4.0, 0.0416), *_family("m5", 8.0, 0.096, EVEN)),
    _family("c5", 4.0, 0.085, C5),
    _family("r5", 16.0, 0.126, EVEN),
)
SIZES: dict[str, Size] = {size.name: size for ladder in LADDERS for size in ladder}
# What a tier stands on if its scenario names no size: the machine whose price is the tier's default.
USUAL = {"balancer": "t3.medium", "web": "m5.large", "cache": "r5.large", "store": "r5.large", "db": "r5.large",
         "broker": "m5.large", "worker": "c5.large"}  # fmt: skip


STEPS = {"": 1, "up": 1, "down": -1}  # what may stand for a size: so many places further up


def next_size(name: str, step: int) -> str:
    """The size `step` places further up (down if negative) in its ladder; "" where the ladder ends."""
    for ladder in LADDERS:
        names = [size.name for size in ladder]
        if name in names:
            place = names.index(name) + step
            return names[place] if 0 <= place < len(names) else ""
    raise KeyError(name)


def scalability(n: int, sigma: float, kappa: float) -> float:
    """How many times the throughput of one CPU n of them give: Gunther's universal scalability law, X(1) = 1.

    sigma: contention (the serial share, Amdahl's law), kappa: coherency (pairs that keep each other informed; with it the
    throughput falls again beyond sqrt((1 - sigma) / kappa)).
    """
    return n / stretch(n, sigma, kappa)


def stretch(n: int, sigma: float, kappa: float) -> float:
    """How many times as long each of n jobs at once takes: 1 + sigma (n - 1) + kappa n (n - 1)."""
    return 1.0 + sigma * (n - 1) + kappa * n * (n - 1)


@dataclass(frozen=True, slots=True)
class Plan:
    """What machines of a tier are: size of its ordinary one, which has `workers` and costs `price`; the law's sigma and kappa.

    A scenario that names no size has workers and a price of its own; they stand for the usual size, and other sizes have so many
    times the workers and the price as they are times as large. With a size named, a worker is a virtual CPU.
    """

    size: str
    workers: int
    price: float
    sigma: float = 0.0
    kappa: float = 0.0
    single: bool = False  # one worker at any size: a process of one thread, which a larger machine gives memory alone

    @property
    def ordinary(self) -> Size:
        """The size that the figures are those of."""
        return SIZES[self.size]

    def workers_of(self, size: str) -> int:
        """How many jobs a machine of this size serves at once."""
        return self.workers if self.single else max(1, round(self.workers * SIZES[size].vcpu / self.ordinary.vcpu))

    def price_of(self, size: str) -> float:
        """Dollars an hour."""
        return self.price * (SIZES[size].price / self.ordinary.price)

    def memory_of(self, size: str) -> float:
        """How many times the ordinary machine's memory."""
        return SIZES[size].ram / self.ordinary.ram

    def pace_of(self, size: str) -> float:
        """The speed of each worker's clock: the law slows all of them alike."""
        return 1.0 / stretch(self.workers_of(size), self.sigma, self.kappa)


def plan(
    tier: str, named: str, workers: int, price: float, sigma: float = 0.0, kappa: float = 0.0, *, single: bool = False
) -> Plan:
    """The plan of a tier from its scenario's figures; named: the size that the scenario names, or ""."""
    if not named:
        return Plan(USUAL[tier], workers, price, sigma, kappa, single)
    size = SIZES[named]
    return Plan(named, workers if single else size.vcpu, size.price, sigma, kappa, single)
