"""A whole system to be run, given commands and read: what engine.api.world gives out."""

from __future__ import annotations

import json
from collections.abc import Mapping

import msgspec

from ..agents import AGENTS
from ..commands import Order, WorldCommand
from ..config import Scenario
from ..runtime.headless import run_headless
from ..scenarios.file import ScenarioError, load, parse
from ..showing.record import record
from ..snapshot import Snapshot
from ..world import World


class System:
    """A running system on virtual time. `world` is the engine's own, for whoever wants to look deeper."""

    def __init__(self, config: Scenario, seed: int | None) -> None:
        self.world = World(config, seed)
        self.given = 0

    @property
    def now(self) -> float:
        """Virtual seconds."""
        return self.world.now

    def run(self, seconds: float) -> None:
        """Run on for so many virtual seconds, with all agents (checkers, failover, the scenario's script)."""
        if not 0.0 <= seconds < float("inf"):
            raise ValueError(f"a run takes 0 or more seconds, not {seconds}")
        run_headless(self.world, AGENTS, seconds)

    def step(self, steps: int = 1) -> None:
        """Run on for so many steps, with all agents."""
        if steps < 0:
            raise ValueError(f"a run takes 0 or more steps, not {steps}")
        self.run(steps * self.world.dt)

    def give(self, *commands: WorldCommand) -> None:
        """A person gives commands (engine.commands) now; the step that follows is the first to feel them, and is run.

        What cannot be done is in the log of events and changes nothing.
        """
        orders = [Order("you", self.given + i, command) for i, command in enumerate(commands)]
        self.given += len(orders)
        self.world.step(orders)

    def snapshot(self) -> Snapshot:
        """All that a screen may show, of the last step."""
        return self.world.snapshot()

    def record(self) -> dict[str, object]:
        """All counters as plain values, as `scaletop run --headless --json` writes them."""
        found: dict[str, object] = json.loads(msgspec.json.encode(record(self.world, 0.0)))
        return found

    def digest(self) -> str:
        """Hash of all that happened: equal for equal scenario, seed and commands."""
        return self.world.digest()


def world(scenario: Scenario | str | Mapping[str, object] = "default", seed: int | None = None) -> System:
    """A system from a scenario: a name from `scaletop list`, a path of a TOML file, a mapping of its tables, or the value.

    seed: None takes the scenario's. ValueError says in one sentence what is wrong.

    >>> from engine.commands import Inject
    >>> system = world({"traffic": {"requests_per_second": 100.0}, "users": {"count": 1_000}}, seed=1)
    >>> system.give(Inject("crash", "web-1"))
    >>> system.run(0.5)
    >>> system.record()["tiers"]["web"]["web-1"]["state"]
    'down'
    """
    try:
        if isinstance(scenario, str):
            config = load(scenario)
        elif isinstance(scenario, Scenario):
            config = scenario
        else:
            config = parse(_toml(scenario), "scenario")
        return System(config, seed)
    except ScenarioError as error:
        raise ValueError(str(error)) from None


def _toml(tables: Mapping[str, object]) -> str:
    """The mapping as a scenario file: one parser, one set of checks. JSON's scalars and arrays are TOML's, objects are inline."""
    return "\n".join(f"{json.dumps(str(key))} = {_value(value)}" for key, value in tables.items())


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(str(key))} = {_value(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, bool | int | float | str):
        return json.dumps(value, ensure_ascii=False) if not isinstance(value, float) else repr(value)
    raise ValueError(f"a scenario holds tables, lists, texts, numbers, true and false, not {value!r}")
