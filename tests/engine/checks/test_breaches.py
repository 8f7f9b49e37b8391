"""The checker is no ornament: for each check a world is broken behind the engine's back, and the breach is told, with its place.

A breach names the invariant, the check, scenario, seed and step: enough to see it again.
"""

from __future__ import annotations

import numpy as np
import pytest
from broken_courses import IN_TIME, rig_of
from broken_guards import GUARDS
from broken_states import AT_REST
from world_rig import EDGE, Rig

from engine.checks import CHECKS, InvariantError
from engine.commands import Restart
from engine.flights import CLIENT, SERVER
from engine.tiers.cache.mail import DELETE


@pytest.mark.parametrize("name", sorted(AT_REST))
def test_a_broken_state_is_told(name: str) -> None:
    """At a step boundary: one edit, and the check of that name says what is wrong and where."""
    rig = Rig(EDGE, every=10**9)
    rig.run(300)
    rig.checked.checker.check()
    AT_REST[name](rig.world)
    numbers = next(row.numbers for row in CHECKS if row.judge.__name__ == name)
    with pytest.raises(InvariantError) as told:
        rig.checked.checker.check()
    text = str(told.value)
    assert text.startswith(f"invariant {numbers} ({name}) is broken: "), text
    assert f"; scenario quick, seed 11, step {rig.world.step_no} (1.500 s)" in text


@pytest.mark.parametrize("side", [CLIENT | SERVER, CLIENT])
def test_a_row_that_is_closed_twice_is_told(side: int) -> None:
    """`Flights.close` trusts its callers; the free list tells on them."""
    rig = rig_of()
    rig.run(300)
    rows = rig.world.core.flights.live()[:1]
    for _ in range(2):
        rig.world.core.flights.close(rows, side)
    with pytest.raises(InvariantError):
        rig.checked.checker.check()


@pytest.mark.parametrize("what", sorted(IN_TIME | GUARDS))
def test_a_broken_course_is_told(what: str) -> None:
    """From step to step: the world is led astray, and the step in which it shows is told."""
    number, name = what.replace(",", "").split()[:2]
    with pytest.raises(InvariantError) as told:
        (IN_TIME | GUARDS)[what]()
    text = str(told.value)
    assert text.startswith(f"invariant {number} ({name}) is broken: "), text
    assert "; scenario quick, seed 11, step " in text


def test_every_check_has_its_breach() -> None:
    """A check that nobody has seen fail proves nothing."""
    assert set(AT_REST) == {row.judge.__name__ for row in CHECKS}
    followed = {what.split()[1].strip(",") for what in IN_TIME | GUARDS}
    assert followed == {
        "time", "budget", "bounds", "no_sync_loss", "positions", "calm", "moves", "ages", "edgeages", "beliefs", "survivors",
        "tokens", "breakers",
    }  # fmt: skip


def test_what_dies_with_its_web_server_has_not_arrived() -> None:
    """A delete that was to leave later is lost with the server: what the cache keeps is no breach of invariant 16."""
    rig = rig_of()
    cache = rig.world.cache
    for _ in range(400):
        rig.run(1)
        unsent = np.flatnonzero((cache.mail.kind == DELETE) & (cache.mail.asked > rig.world.now))
        held = [row for row in unsent.tolist() if cache.desk.shelves[cache.mail.node[row]].get(int(cache.mail.key[row]))]
        if held:
            break
    lost = cache.counts.total("lost_messages")
    rig.give(Restart(rig.world.web.nodes.names[cache.mail.slot[held[0]]]))
    rig.run(20)
    assert cache.counts.total("lost_messages") > lost


def test_looking_changes_nothing() -> None:
    """A world with its checker on runs to the digest of one without."""
    bare, watched = rig_of(), rig_of()
    for _ in range(200):
        bare.world.step()
        watched.checked.step()
    assert bare.world.digest() == watched.world.digest()
    assert np.isfinite(bare.world.now)
