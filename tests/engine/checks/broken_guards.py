"""Ways to lead a world's guards astray, one or more for each of their checks from step to step, by number and name."""

from __future__ import annotations

from broken_courses import Break, _run_on, rig_of

from engine.commands import Inject, Order
from engine.config import AutomationPart
from engine.tiers.automation.breaker import State


def _mint_a_token() -> None:
    rig = rig_of(automation=AutomationPart(rate_limit=2.0, burst=3, limit_by="city"))
    _run_on(rig, 200)
    rig.world.automation.door.buckets[0][1].level[0] += 0.5  # within its bounds
    rig.world.step()
    rig.checked.checker.step()


def _close_without_a_probe() -> None:
    rig = rig_of(automation=AutomationPart(breaker="consecutive", breaker_failures=1, breaker_sleep=60.0))
    rig.world.step([Order("you", 1, Inject("error_rate", "db", 100.0))])
    rig.checked.checker.step()
    _run_on(rig, 100)
    cell = next(c for c in rig.world.automation.queries.cells.values() if c.state is State.OPEN)
    cell.state, cell.moves = State.CLOSED, cell.moves + 1
    rig.world.step()
    rig.checked.checker.step()


def _wake_too_soon() -> None:
    rig = rig_of(automation=AutomationPart(breaker="consecutive", breaker_failures=1, breaker_sleep=60.0))
    rig.world.step([Order("you", 1, Inject("error_rate", "db", 100.0))])
    rig.checked.checker.step()
    for _ in range(600):
        for cell in rig.world.automation.queries.cells.values():
            cell.move(State.HALF_OPEN, rig.world.now) if cell.state is State.OPEN else None
        _run_on(rig, 1)


GUARDS: dict[str, Break] = {
    "21 tokens": _mint_a_token,
    "21 breakers": _close_without_a_probe,
    "21 breakers, sleep": _wake_too_soon,
}
