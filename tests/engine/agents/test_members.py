"""Whom the cache clients' library ejects: a node that most web servers cannot reach, not one that a single web server cannot."""

from __future__ import annotations

import pytest
from world_rig import Rig

from engine.commands import HealAll, Inject


def ejected(rig: Rig) -> list[str]:
    homes, names = rig.world.cache.homes, rig.world.cache.nodes.names
    return [name for name, member in zip(names, homes.members, strict=True) if not member]


@pytest.mark.parametrize(
    ("fault", "out"),
    [
        (Inject("latency", "web-1", 200.0), []),
        (Inject("partition", "web-1~cache-1"), []),
        (Inject("freeze", "web-2"), []),
        (Inject("latency", "cache-2", 200.0), ["cache-2"]),
        (Inject("crash", "cache-3"), ["cache-3"]),
        (Inject("freeze", "cache-1"), ["cache-1"]),
        (Inject("partition", "web~cache"), ["cache-1", "cache-2", "cache-3"]),
    ],
    ids=lambda value: f"{value.fault} {value.target}" if isinstance(value, Inject) else "",
)
def test_who_is_ejected_and_taken_back(fault: Inject, out: list[str]) -> None:
    rig = Rig()
    rig.run(100)
    assert ejected(rig) == []
    rig.give(fault)
    rig.run(200)
    assert ejected(rig) == out
    rig.give(HealAll())
    rig.run(200)
    assert ejected(rig) == []
