"""Row L5: how long a checker takes to see a server fail and come back, and the pair's keeper a silent holder."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kstest

sys.path.insert(0, str(Path(__file__).parents[1] / "tiers"))

from balancer_rig import Rig

from engine.agents.balancer_pair import down_after
from engine.commands import MoveAddress, SetHealth

SERVERS = 200


def checked(**effects):
    """200 servers break at 10 s and are well again at 20 s: seconds until each verdict (down, up), and the rig."""
    rig = Rig(servers=SERVERS, seed=7)
    rig.employ("health")
    rig.run(10.0)
    for server in range(SERVERS):
        for name, value in effects.items():
            getattr(rig.web.nodes, name)[server] = value
    rig.refresh()
    rig.run(20.0)
    rig.web.nodes.reset_effects()
    rig.refresh()
    rig.run(26.0)
    verdicts = [(at, order) for at, order in rig.told if isinstance(order, SetHealth)]
    down = np.array([at - 10.0 for at, order in verdicts if not order.up])
    up = np.array([at - 20.0 for at, order in verdicts if order.up])
    return down, up, rig


def test_detection_and_recovery_of_a_crash():
    """Interval 2 s, fall 3, rise 2, checks at random phases: detection U(4, 6) s, recovery U(2, 4) s."""
    down, up, rig = checked(up=False)
    assert len(down) == len(up) == SERVERS
    assert kstest(down, "uniform", args=(4.0, 2.0)).pvalue > 0.01
    assert kstest(up, "uniform", args=(2.0, 2.0)).pvalue > 0.01
    assert {order.reason for _, order in rig.told} == {
        "3 checks in a row: connection refused",
        "2 checks in a row: answers again",
    }


def test_a_frozen_server_takes_a_timeout_longer():
    """Nothing comes back, so each outcome is known only after the time-out of 2 s: U(6, 8) s."""
    down, up, _ = checked(speed=0.0)
    assert kstest(down, "uniform", args=(6.0, 2.0)).pvalue > 0.01
    assert len(up) == SERVERS


def test_errors_are_seen_and_healthy_servers_are_left_alone():
    """Every check of a server that answers only with errors fails; without faults there is no verdict at all."""
    down, _, rig = checked(error_rate=1.0)
    assert kstest(down, "uniform", args=(4.0, 2.0)).pvalue > 0.01
    assert min(at for at, _ in rig.told) > 10.0, "nobody was suspected before"


def test_a_queue_longer_than_the_timeout_fails_the_check():
    """The check waits in the server's own queue: three seconds of work ahead of it are too much, one is not."""
    rig = Rig(servers=2, workers=1, health={"passive": False})
    rig.employ("health")
    rig.load(np.linspace(0.0, 0.01, 600), np.arange(600), np.full(600, 0.05))
    rig.run(12.0)
    assert {order.node for _, order in rig.told if not order.up} == {"web-1", "web-2"}
    calm = Rig(servers=2, workers=1, health={"passive": False})
    calm.employ("health")
    calm.load(np.linspace(0.0, 0.01, 40), np.arange(40), np.full(40, 0.05))
    calm.run(12.0)
    assert calm.told == []


def test_nothing_is_sent_to_a_server_past_its_detection_window():
    """Invariant 19: frozen at 1 s, with checks each .5 s detected within 2 s; after that no request is sent there."""
    rig = Rig(servers=4, health={"passive": False, "interval": 0.5, "timeout": 0.5})
    rig.employ("health")
    n = 600
    rig.load(np.linspace(0.0, 6.0, n), np.arange(n), np.full(n, 0.004))
    rig.run(1.0)
    rig.fault("web", 1, speed=0.0)
    rig.run(3.0 + rig.core.dt)
    sent = rig.balancer.choice.sent.sum[1]
    rig.run(6.0)
    assert rig.balancer.choice.sent.sum[1] == sent


def test_the_address_moves_within_the_master_down_interval():
    """The last advertisement was heard 0..1 intervals before the crash: U(2, 3) intervals and the skew (RFC 5798)."""
    advert = 0.5
    skew = down_after(advert, 1) - 3 * advert
    assert skew == pytest.approx(156 / 256 * advert)
    took = []
    for seed in range(50):
        rig = Rig(nodes=2, servers=1, seed=seed, advert=advert)
        rig.employ("pair")
        rig.run(1.0)
        rig.fault("balancer", 0, up=False)
        rig.run(1.0 + 4 * advert)
        moves = [at for at, order in rig.told if isinstance(order, MoveAddress)]
        assert len(moves) == 1
        took.append(moves[0] - 1.0)
    assert kstest(took, "uniform", args=(2 * advert + skew, advert)).pvalue > 0.01
