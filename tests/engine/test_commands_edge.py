"""Any order of commands again, in a world with a CDN: deploys, purges, PoPs that die, shields that move, providers that fail.

Invariants 5, 16 and 17 at the edge are judged with all others while it runs; at the end everything comes to rest.
"""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule
from test_commands_machine import FEW, CommandsMachine
from world_rig import EDGE

from engine.commands import Announce, Deploy, Inject, Purge, Restart, SetOption, Steer

SCOPES = ("all", "tag:1", "key:0", "key:7", "tag:9")
AT_POPS = ("crash", "freeze", "slow", "partition")
FAULTS = (
    "cdn_outage", "cdn_config", "flush_pops", "purge_lost", "country_blocks", "serve_at_home", "closed_abroad", "shield_down",
    *AT_POPS,
)  # fmt: skip


class EdgeMachine(CommandsMachine):
    """The same machine, with what only a CDN can be told."""

    config = EDGE

    @rule(scope=st.sampled_from(SCOPES), purge=st.booleans())
    def change_objects(self, scope: str, purge: bool) -> None:
        self.rig.give(Deploy(scope))
        self.rig.run(5)
        if purge:
            self.rig.give(Purge(scope))
            self.rig.run(10)

    @rule(name=st.sampled_from(FAULTS), number=FEW, share=st.floats(0, 1))
    def break_the_edge(self, name: str, number: int, share: float) -> None:
        inject = self._inject(name, number, share)
        pops = self.rig.world.cdn.nodes.names
        self.rig.give(Inject(name, pops[number % len(pops)], inject.amount) if name in AT_POPS else inject)
        self.rig.run(20)

    @rule(number=FEW, what=st.integers(0, 5))
    def steer_it(self, number: int, what: int) -> None:
        pop = self.rig.world.cdn.nodes.names[number % len(self.rig.world.cdn.nodes)]
        command = (
            Announce(pop, number % 2 == 0), Steer((float(number % 3), 1.0)), Restart(pop),
            SetOption("cdn.shield", ("London", "New York", "-")[number % 3]), SetOption("cdn.on", number % 2 == 0),
            SetOption("cdn.fallback", number % 2 == 0),
        )[what]  # fmt: skip
        self.rig.give(command, by="agent:misled" if what < 2 else "you")
        self.rig.run(10)


TestEdgeMachine = EdgeMachine.TestCase
TestEdgeMachine.settings = settings(
    phases=(Phase.generate,), max_examples=8, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck),
    derandomize=True,
)  # fmt: skip
