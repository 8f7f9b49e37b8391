"""What the balancer tier does when servers, links, balancers and addresses fail, and what it counts."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from balancer_rig import CITY_WAY, ONE_WAY, Rig

from engine.causes import Cause
from engine.fabric import Rule
from engine.flights import REDISPATCHED
from engine.policies.balancing import BALANCING


def steady(rig, rate, seconds, *, start=0.0, work=0.004, address=0, seed=0):
    """Poisson traffic of equal demands; the ids are counted up in order of time."""
    rng = np.random.default_rng(seed)
    n = rng.poisson(rate * seconds)
    rig.load(start + np.sort(rng.random(n)) * seconds, rng.integers(0, 10**6, n), np.full(n, work), address)


def ends(rig, since=0.0, until=1e9):
    """How the requests ended that ended in [since, until)."""
    return Counter(answer.cause for answer in rig.clients.got.values() if since <= answer.at < until)


def chosen(rig):
    return rig.balancer.choice.sent.sum.tolist()


# ---- doors


def test_a_private_address_leads_nowhere_from_outside():
    """Requests to 10/8 and to an address nobody has are never answered; only the private ones are counted as such."""
    rig = Rig()
    steady(rig, 100, 1.0)
    steady(rig, 50, 1.0, address=1, seed=1)
    steady(rig, 30, 1.0, address=2, seed=2)
    asked = Counter(address for *_, address in rig.script)
    rig.run(8.0)
    assert ends(rig) == {Cause.NONE: asked[0], Cause.PRIVATE_ADDRESS: asked[1], Cause.UNREACHABLE: asked[2]}
    assert rig.balancer.reading().refused_private == asked[1]
    assert sum(chosen(rig)) == asked[0], "nothing that came for another address reached a server"


def test_without_a_balancer_users_talk_to_the_web_server():
    rig = Rig(nodes=0, servers=1)
    rig.load(np.array([0.5]), np.array([1]), np.array([0.004]))
    rig.run(2.0)
    assert rig.clients.got[0].at == pytest.approx(0.5 + 0.004 + 2 * CITY_WAY[0, 0])
    assert rig.balancer.active_name() == ""
    assert rig.balancer.add_node() == 0
    assert rig.balancer.active_name() == "lb-1", "the first balancer takes the address"


# ---- servers


@pytest.mark.parametrize("policy", sorted(BALANCING))
def test_a_refused_connection_is_tried_once_at_another_server(policy):
    """A server's process is gone: who is sent there is refused, and asks another one a round trip later. Nobody fails."""
    rig = Rig(policy=policy, health={"passive": False})
    steady(rig, 200, 2.0)
    rig.fault("web", 1, up=False)
    rig.run(4.0)
    assert set(ends(rig)) == {Cause.NONE}
    reading = rig.balancer.reading()
    assert reading.redispatched > 0
    assert not any(answer.web == 1 for answer in rig.clients.got.values())
    assert rig.open() == [0] * 4


def test_the_second_try_costs_a_round_trip():
    rig = Rig(servers=2, health={"passive": False})
    rig.fault("web", 0, up=False)
    rig.load(np.array([0.1, 0.2]), np.array([1, 2]), np.array([0.004, 0.004]))
    rig.run(2.0)
    way = 2 * CITY_WAY[0, 0] + 2 * ONE_WAY[0, 1] + 0.004 + 0.00005
    # Round robin: the first goes to the dead web-1 and then to web-2, the second to the dead one's turn again, and so on.
    assert rig.clients.got[0].spent == pytest.approx(way + 2 * ONE_WAY[0, 0])
    assert rig.clients.got[0].at == pytest.approx(0.1 + way + 2 * ONE_WAY[0, 0])
    assert rig.core.flights.flags[0] & REDISPATCHED


def test_without_redispatch_the_refusal_goes_to_the_client():
    rig = Rig(redispatch=0, health={"passive": False, "active": False})
    steady(rig, 200, 2.0)
    rig.fault("web", 1, up=False)
    rig.run(4.0)
    share = ends(rig)[Cause.REFUSED] / len(rig.clients.got)
    assert share == pytest.approx(0.25, abs=0.01), "round robin sends a quarter to the dead one"


def test_passive_checks_put_a_dead_server_aside_for_their_time():
    """max_fails 1 in 4 s: one refusal, then four seconds of peace, then one more."""
    rig = Rig(health={"active": False, "fail_timeout": 4.0})
    steady(rig, 100, 10.0)
    rig.fault("web", 1, up=False)
    rig.run(11.0)
    assert set(ends(rig)) == {Cause.NONE}
    # At 0, 4 and 8 s; requests already under way in the same step may add one.
    assert 3 <= rig.balancer.reading().redispatched <= 5
    aside = [event for event in rig.core.log.events if "put aside" in event.text]
    assert [round(event.at) for event in aside] == [0, 4, 8]


def test_a_cut_link_costs_the_connect_timeout():
    rig = Rig(connect_timeout=0.7, health={"active": False, "passive": False})
    rig.core.fabric.rules = [Rule(("balancer", 0, -1), ("web", 2, -1), 0.0, 0.0, True, 5)]
    rig.refresh()
    steady(rig, 50, 2.0)
    rig.run(6.0)
    assert set(ends(rig)) == {Cause.NONE}
    slow = [answer for answer in rig.clients.got.values() if answer.spent > 0.7]
    assert len(slow) == rig.balancer.reading().redispatched == pytest.approx(len(rig.clients.got) / 4, abs=2)


def test_fail_open_tries_all_when_all_are_thought_unhealthy():
    rig = Rig()
    for server in range(4):
        assert rig.balancer.set_health(0, server, False)
    steady(rig, 100, 1.0)
    rig.run(2.0)
    assert set(ends(rig)) == {Cause.NONE}
    assert rig.balancer.reading().fail_open
    rig.balancer.set_option("fail_open", False)
    steady(rig, 100, 1.0, start=2.0)
    rig.run(4.0)
    assert set(ends(rig, 2.0)) == {Cause.NO_BACKEND}


def test_a_crash_takes_what_is_inside_and_nothing_more():
    """Requests at the dead server are reset once; open counts are exact again afterwards (invariants 1, 3)."""
    rig = Rig(policy="least_connections", health={"active": False})
    steady(rig, 380, 3.0, work=0.02)
    rig.run(1.0)
    inside, held = rig.web.stations.in_system(2), rig.open()[2]
    assert 0 < inside <= held
    rig.fault("web", 2, up=False)
    assert rig.open()[2] == 0
    rig.run(6.0)
    # Those on the wire to it are reset too, those whose answers are on the wire back are not.
    assert inside <= ends(rig)[Cause.RESET] <= held
    assert len(rig.clients.got) == len(rig.script)
    assert rig.open() == [0] * 4
    assert rig.core.flights.used == 0


def test_a_lost_answer_does_not_leave_a_connection_open_for_ever():
    rig = Rig(policy="least_connections")
    steady(rig, 200, 2.0, work=0.02)
    rig.run(1.0)
    rig.core.fabric.rules = [Rule(("balancer", -1, -1), ("web", 3, -1), 0.0, 0.0, True, 5)]
    rig.refresh()
    rig.run(1.5)
    assert rig.open()[3] > 0
    rig.core.fabric.rules = []
    rig.refresh()
    rig.run(10.0)
    assert rig.open() == [0] * 4
    assert rig.core.flights.used == 0


def test_draining_lets_open_requests_finish_and_sends_no_new_ones():
    rig = Rig()
    steady(rig, 200, 4.0, work=0.02)
    rig.run(1.0)
    before = chosen(rig)[0]
    rig.web.nodes.draining[0] = True
    rig.run(2.0)
    assert chosen(rig)[0] == before
    rig.web.nodes.draining[0] = False
    rig.run(6.0)
    assert chosen(rig)[0] > before + 50
    assert set(ends(rig)) == {Cause.NONE}


@pytest.mark.parametrize("policy", ["round_robin", "least_connections", "random"])
def test_slow_start_grows_in_a_line(policy):
    """A server judged healthy again gets in its first fifth of the slow start less than half of its share, in the end all.

    (Five open connections at each of the others: with idle servers beside it least connections would leave it alone.)
    """
    rig = Rig(policy=policy, slow_start=4.0, servers=4, workers=20)
    steady(rig, 250, 12.0, work=0.08)
    rig.balancer.set_health(0, 0, False)
    rig.run(1.0)
    assert chosen(rig)[0] == 0
    rig.balancer.set_health(0, 0, True)
    rig.run(1.8)
    early = chosen(rig)[0]
    assert 0 < early < 25
    rig.run(6.0)
    late = chosen(rig)
    rig.run(12.0)
    share = (chosen(rig)[0] - late[0]) / (sum(chosen(rig)) - sum(late))
    assert share == pytest.approx(0.25, abs=0.06)


def test_weights_are_shares():
    """Invariant 19: shares within 5 sigma of the weights."""
    rig = Rig(policy="random", weights=(1.0, 2.0, 3.0, 4.0))
    steady(rig, 1000, 4.0, work=0.0001)
    rig.run(5.0)
    n = sum(chosen(rig))
    share = np.array([0.1, 0.2, 0.3, 0.4])
    assert (np.abs(np.array(chosen(rig)) - n * share) < 5 * np.sqrt(n * share * (1 - share))).all()


def test_policy_can_change_under_load():
    rig = Rig(policy="least_connections")
    steady(rig, 400, 4.0)
    for second, policy in enumerate(("two_choices", "consistent_hash", "bounded_loads"), start=1):
        rig.run(float(second))
        rig.balancer.set_option("policy", policy)
        assert rig.balancer.option("policy") == policy
    with pytest.raises(ValueError, match="no balancing policy is called 'best'"):
        rig.balancer.set_option("policy", "best")
    assert rig.balancer.option("policy") == "bounded_loads"
    rig.run(6.0)
    assert set(ends(rig)) == {Cause.NONE}
    assert rig.open() == [0] * 4


# ---- the pair


def test_a_dead_holder_refuses_until_the_standby_takes_the_address():
    """One balancer of a pair dies: what it held is reset, new requests are refused, and then all is well (RFC 5798)."""
    rig = Rig(nodes=2)
    rig.employ("pair")
    steady(rig, 200, 12.0, work=0.01)
    rig.run(5.0)
    assert rig.balancer.active_name() == "lb-1"
    rig.fault("balancer", 0, up=False)
    rig.run(14.0)
    moved = [at for at, order in rig.told if order.to == "lb-2"]
    assert len(moved) == 1
    assert rig.balancer.active_name() == "lb-2"
    assert ends(rig, 5.0 + CITY_WAY[0, 0], moved[0])[Cause.NONE] == 0
    assert ends(rig, 5.0, moved[0])[Cause.REFUSED] > 300
    assert ends(rig, 5.0)[Cause.RESET] > 0
    assert set(ends(rig, moved[0] + 0.05)) == {Cause.NONE}
    rig.fault("balancer", 0, up=True)
    rig.run(20.0)
    assert rig.balancer.active_name() == "lb-2", "no preemption"
    assert rig.core.flights.used == 0


def test_a_balancer_alone_is_a_single_point_of_failure():
    rig = Rig(nodes=1)
    rig.employ("pair")
    steady(rig, 100, 8.0)
    rig.run(2.0)
    rig.fault("balancer", 0, up=False)
    rig.run(10.0)
    assert set(ends(rig, 2.1)) == {Cause.REFUSED}
    assert rig.told == []
    assert rig.balancer.reading().verdict == "lb-1 down holds the address, no standby"


def test_a_frozen_holder_accepts_and_never_answers():
    rig = Rig(nodes=2)
    rig.employ("pair")
    rig.run(3.0)
    rig.fault("balancer", 0, speed=0.0)
    rig.load(np.array([3.1]), np.array([1]), np.array([0.004]))
    steady(rig, 50, 4.0, start=8.0)
    rig.run(20.0)
    assert rig.balancer.active_name() == "lb-2"
    assert rig.clients.got[0].cause is Cause.RESET, "the new holder knows nothing of the old one's connections"
    assert set(ends(rig, 8.0)) == {Cause.NONE}


def test_removing_the_holder_hands_the_address_over():
    rig = Rig(nodes=2)
    with pytest.raises(ValueError, match="two nodes"):
        rig.balancer.add_node()
    rig.balancer.remove_node(0)
    assert rig.balancer.active_name() == "lb-2"
    rig.balancer.restore_node(0)
    assert rig.balancer.active_name() == "lb-2"


def test_inspection_and_reading_show_what_was_counted():
    rig = Rig(nodes=2)
    steady(rig, 100, 3.0)
    rig.run(3.0)
    reading = rig.balancer.reading()
    assert reading.verdict == "4 healthy"
    assert sum(backend.rate for backend in reading.backends) == rig.balancer.choice.sent.last.sum()
    assert sum(backend.share for backend in reading.backends) == pytest.approx(1.0)
    state, settings = rig.balancer.inspect(0)
    assert state[0].value == "active"
    assert all(setting.source for setting in (*state, *settings))
