"""What every tier of the data plane is: synchronous, stepped in topological order, read after the step."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from ..core import Core
from ..nodes import Nodes
from ..queueing import Stations
from ..snapshot import Setting

OptionValue = str | float | bool


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
            self.stations.set_speed(index, now, float(nodes.speed[index]))
        self.known_up = nodes.up.copy()
        self.known_speed = nodes.speed.copy()

    @abstractmethod
    def die(self, index: int, event: int) -> None:
        """Everything that this node held, and every connection through it, is lost; event: what led to it."""
