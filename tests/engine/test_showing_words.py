"""One word for one state wherever it is shown, and numbers in sentences as people write them."""

from __future__ import annotations

import re

import pytest
from world_rig import Rig

from engine.commands import Inject
from engine.snapshot import NodeState
from engine.words import count, percent


def test_a_fenced_node_is_fenced_on_the_map_and_in_replication() -> None:
    rig = Rig()
    rig.give(Inject("kill_primary", "s1"))
    for _ in range(40):
        rig.run(20)
        shown = rig.world.snapshot()
        roles = {n.name for s in shown.replication.shards for n in s.nodes if n.role == "fenced"}
        if roles:
            break
    assert roles
    on_map = {n.name: n for n in shown.map.nodes}
    for shard in shown.replication.shards:
        for node in shard.nodes:
            if node.name in roles:
                assert node.state is on_map[node.name].state is NodeState.FENCED
                assert node.verdict == on_map[node.name].verdict == "down"


@pytest.mark.parametrize(("number", "words"), [(0, "0 faults"), (1, "1 fault"), (2, "2 faults"), (1200, "1,200 faults")])
def test_things_are_counted(number: int, words: str) -> None:
    assert count(number, "fault") == words


def test_shares_have_a_blank_before_the_sign() -> None:
    assert percent(0.614) == "61 %"
    assert percent(0.0825, 1) == "8.2 %"
    assert percent(0.08, sign="+") == "+8 %"


def test_no_sentence_of_the_screen_joins_a_number_and_the_sign() -> None:
    rig = Rig()
    rig.give(Inject("packet_loss", "web~cache", 10.0))
    rig.give(Inject("errors", "web-1", 50.0))
    rig.run(300)
    shown = rig.world.snapshot()
    verdicts = [shown.map.verdict, shown.cache.verdict, shown.shards.verdict, shown.replication.verdict, shown.balancer.verdict]
    verdicts += [n.verdict for n in shown.map.nodes] + [k.verdict for k in shown.map.links]
    assert any("%" in words for words in verdicts)
    assert not [words for words in verdicts if re.search(r"\d%", words)]
    assert "1 fault on this link" in verdicts
