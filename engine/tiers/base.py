"""What every tier of the data plane is: synchronous, stepped in topological order, read after the step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..config import Scenario
from ..core import Core
from ..machines import SIZES, Plan, plan
from ..nodes import Nodes
from ..queueing import Stations
from ..snapshot import Setting

OptionValue = str | float | bool


def machines_of(config: Scenario, tier: str) -> Plan:
    """What the machines of a tier are, from its table of the scenario."""
    match tier:
        case "balancer":
            b = config.balancer
            return plan(tier, b.size, b.workers, b.price, b.sigma, b.kappa)
        case "web":
            w = config.web
            return plan(tier, w.size, w.workers, w.price, w.sigma, w.kappa)
        case "cache":
            return plan(tier, config.cache.size, 1, config.cache.price, single=True)
        case "store":
            return plan(tier, config.sessions.size, 1, config.sessions.price, single=True)
        case _:
            d = config.database
            return plan(tier, d.size, d.workers, d.price, d.sigma, d.kappa)


def enlist(stations: Stations, nodes: Nodes, index: int, bound: int | None = None) -> None:
    """A new node's machine gets a station with the workers and the pace of its size."""
    assert nodes.plan is not None
    stations.add_node(nodes.plan.workers_of(nodes.size[index]), speed=nodes.clock(index), bound=bound)


def machine(nodes: Nodes, index: int) -> tuple[Setting, ...]:
    """A node's machine for the inspector: its size and its price."""
    assert nodes.plan is not None
    size = SIZES[nodes.size[index]]
    own = "" if nodes.plan.size != size.name else ", as the scenario has it"
    return (
        Setting("machine", f"{size.name}{own}", f"{size.vcpu} vCPU, {size.ram:g} GiB; g u and g d change it"),
        Setting("price", f"${nodes.price(index):.4g}/h", "EC2 us-east-1 price tables; in proportion to the size"),
    )


class Bounded(Protocol):
    """A tier with queues at its nodes; queue: jobs that may wait at each as a rule, 0 = any number."""

    core: Core
    nodes: Nodes
    stations: Stations
    queue: int


def limit(tier: Bounded, known: dict[int, int]) -> dict[int, int]:
    """Let as many jobs wait at each node as the faults at present allow; known: what they allowed before. What they allow."""
    wanted = {index: bound for (name, index), bound in tier.core.ills.bounds.items() if name == tier.nodes.tier}
    for index in sorted({*wanted, *known}):
        if wanted.get(index) != known.get(index):
            tier.stations.set_bound(index, tier.core.now, wanted.get(index, tier.queue or None))
    return wanted


class Tier(ABC):
    """A mechanism of the data plane. Holds only plain values, arrays and other parts of the world."""

    name: str = ""

    def __init__(self, core: Core) -> None:
        self.core = core

    @abstractmethod
    def step(self) -> None:
        """Handle everything that is due in [core.start, core.end), in order of (time, id), and pass it on."""

    def reset_effects(self) -> None:  # noqa: B027
        """No fault acts on what this tier keeps beside `nodes` (the nodes' own effects are reset by engine.apply.effects)."""

    def effects_changed(self) -> None:  # noqa: B027  (most tiers have nodes, some do not)
        """Faults, membership or speeds changed at core.now: crash, freeze, revise what is here."""

    def second(self) -> None:  # noqa: B027
        """A virtual second ended: roll meters and trends."""

    def option(self, name: str) -> OptionValue:
        """Value of a live setting of this tier (a row of engine.options with this tier's name before the dot)."""
        value: OptionValue = getattr(self, name)
        return value

    def set_option(self, name: str, value: OptionValue) -> None:
        """Change a live setting; ranges were checked against the options table."""
        setattr(self, name, value)

    def inspect(self, node: int) -> tuple[tuple[Setting, ...], tuple[Setting, ...]]:  # noqa: ARG002
        """(state lines, settings with the source of each default) of one node, for the inspector."""
        return (), ()


class Staffed(Tier):
    """A tier whose nodes have stations with jobs inside: a crash takes what is inside, a new speed bends what is planned."""

    def __init__(self, core: Core, nodes: Nodes, stations: Stations) -> None:
        super().__init__(core)
        self.nodes = nodes
        core.fabric.add_tier(nodes)
        self.stations = stations
        self.known_up: NDArray[np.bool_] = np.zeros(0, dtype=np.bool_)  # as at the last change
        self.known_speed: NDArray[np.float64] = np.zeros(0)

    def effects_changed(self) -> None:
        """Nodes that are down since the last change die, those that are up again are new, speeds are taken over."""
        nodes, now = self.nodes, self.core.now
        for index in (self.known_up & ~nodes.up).nonzero()[0].tolist():
            self.die(index, int(nodes.event[index]))
        for index in (~self.known_up & nodes.up).nonzero()[0].tolist():
            nodes.born[index] = now
        for index in (self.known_speed != nodes.speed).nonzero()[0].tolist():
            self.stations.set_speed(index, now, nodes.clock(index))
        self.known_up = nodes.up.copy()
        self.known_speed = nodes.speed.copy()

    @abstractmethod
    def die(self, index: int, event: int) -> None:
        """Everything that this node held, and every connection through it, is lost; event: what led to it."""
