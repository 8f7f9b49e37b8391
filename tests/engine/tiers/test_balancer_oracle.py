"""The balancer tier against an event-by-event model, request by request: the same server at the same instant."""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np
import pytest
from balancer_rig import CITY_WAY, ONE_WAY, Rig

from engine.core import generator
from engine.policies.balancing import BALANCING, Closes, everyone, no_closes
from engine.state import copy, fingerprint


def script(seed, rate, seconds, servers, workers):
    rng = np.random.default_rng(seed)
    n = rng.poisson(rate * seconds)
    work = rng.standard_exponential(n) * 0.85 * servers * workers / rate + 0.002
    return np.sort(rng.random(n) * seconds), rng.integers(0, 500, n), work


class SlowPair:
    """One balancer and its servers as plain queues of events; the policy is asked about one request at a time."""

    def __init__(self, policy, servers, web_workers, workers, service, seed):
        self.policy = BALANCING[policy](generator(seed, "lb-1 policy"), 1.25)
        self.idle = {"lb": workers, **dict.fromkeys(range(servers), web_workers)}
        self.queue = {place: [] for place in self.idle}
        self.service, self.servers = service, servers
        self.counts, self.events = [0] * servers, []

    def serve(self, place, t, job, span):
        if self.idle[place]:
            self.idle[place] -= 1
            heappush(self.events, (t + span, job[0], "done", place, job))
        else:
            self.queue[place].append((job, span))

    def run(self, t, user, work):
        for i, row in enumerate(zip(t, user, work, strict=True)):
            heappush(self.events, (row[0] + CITY_WAY[0, 0], i, "came", "lb", (i, int(row[1]), row[2], 0.0)))
        out = {}
        while self.events:
            at, i, kind, place, job = heappop(self.events)
            if kind == "came":
                self.serve(place, at, job, self.service if place == "lb" else job[2])
            elif kind == "done":
                self.idle[place] += 1
                if self.queue[place]:
                    self.serve(place, at, *self.queue[place].pop(0))
                if place == "lb":
                    users = np.array([job[1]])
                    node = int(self.policy.choose(np.array([at]), users, everyone(self.servers), self.counts, no_closes())[0])
                    heappush(self.events, (at + ONE_WAY[0, node % 2], i, "came", node, (*job[:3], at)))
                else:
                    heappush(self.events, (at + ONE_WAY[0, place % 2], i, "closed", place, job))
            else:
                closes = Closes(np.array([at]), np.array([place]), np.array([at - job[3]]))
                self.policy.choose(np.empty(0), np.empty(0, np.int64), everyone(self.servers), self.counts, closes)
                out[i] = (at + CITY_WAY[0, 0], place)
        return out


@pytest.mark.parametrize("policy", sorted(BALANCING))
def test_request_by_request(policy):
    """Steps of 1 ms are no longer than the way from a server to the balancer, the shortest that an end has to go: nothing

    may differ.
    """
    t, user, work = script(3, 600.0, 0.8, 4, 2)
    rig = Rig(step_ms=1.0, policy=policy, workers=2, nodes=1)
    rig.load(t, user, work)
    got = rig.run(2.2)
    expected = SlowPair(policy, 4, 2, 8, 0.00005, 1).run(t, user, work)
    assert sorted(got) == sorted(expected) == list(range(len(t)))
    assert [got[i].web for i in range(len(t))] == [expected[i][1] for i in range(len(t))]
    np.testing.assert_allclose([got[i].at for i in range(len(t))], [expected[i][0] for i in range(len(t))], rtol=0, atol=1e-9)
    spent = np.array([got[i].spent for i in range(len(t))])
    np.testing.assert_allclose(spent, [got[i].at - t[i] for i in range(len(t))], rtol=0, atol=1e-9)
    assert rig.core.ledger.late.sum[0] == 0
    assert rig.open() == [0] * 4
    assert rig.core.flights.used == 0


def test_a_step_longer_than_the_loop_is_counted_late():
    """Demands of half a millisecond in steps of 20 ms: ends that least connections should have seen are counted."""
    t = np.sort(np.random.default_rng(5).random(4_000)) * 4.0
    rig = Rig(step_ms=20.0, policy="least_connections")
    rig.load(t, np.arange(4_000), np.full(4_000, 0.0005))
    rig.run(5.0)
    assert rig.core.ledger.late.sum[0] > 500
    blind = Rig(step_ms=20.0, policy="round_robin")
    blind.load(t, np.arange(4_000), np.full(4_000, 0.0005))
    blind.run(5.0)
    assert blind.core.ledger.late.sum[0] == 0, "round robin has nothing to see"


@pytest.mark.parametrize("policy", ["least_connections", "bounded_loads", "weighted_round_robin"])
def test_the_state_is_a_value(policy):
    """Saved and loaded in the middle of traffic, faults and checks, it goes on to the same answers."""
    rig = Rig(policy=policy, nodes=2, health={"interval": 0.2, "timeout": 0.2}, weights=(1.0, 2.0, 3.0, 1.0))
    t, user, work = script(8, 500.0, 2.0, 4, 2)
    rig.load(t, user, work)
    rig.employ("health", "pair")
    rig.run(1.0)
    rig.fault("web", 2, up=False)
    rig.run(1.3)
    parts = rig.core, rig.replies, rig.clients, rig.balancer, rig.web, rig.agents
    twin = Rig(policy=policy, nodes=2, health={"interval": 0.2, "timeout": 0.2}, weights=(1.0, 2.0, 3.0, 1.0))
    twin.core, twin.replies, twin.clients, twin.balancer, twin.web, twin.agents = copy(parts)
    twin.script, twin.sent = rig.script, rig.sent
    for one in (rig, twin):
        one.fault("web", 2, up=True)
        one.run(3.0)
    assert rig.clients.got == twin.clients.got
    assert fingerprint(rig.balancer) == fingerprint(twin.balancer)
