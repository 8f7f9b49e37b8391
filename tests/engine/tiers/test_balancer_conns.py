"""Open connections: each is counted from its opening to its end, once, whatever becomes of the row that held it."""

from __future__ import annotations

import numpy as np

from engine.flights import CLIENT, SERVER, Flights
from engine.tiers.balancer.conns import NOBODY, Connections


def opened(n=3):
    """n connections of balancer 0 to servers 0, 1, 0, 1 ..., counted as a policy counts them."""
    flights = Flights()
    conns = Connections(flights, 0.01)
    conns.grow(1, 2)
    slots = flights.take(n)
    server = np.arange(n) % 2
    conns.open(np.zeros(n), slots, 0, server)
    return flights, conns, slots


def test_an_end_is_counted_once():
    _, conns, slots = opened()
    assert conns.close_at(np.full(3, 0.5), slots) == 3
    assert conns.close_at(np.full(3, 0.6), slots) == 0
    (closes,) = conns.take(1.0)
    assert closes.node.tolist() == [0, 1, 0]
    assert closes.seconds.tolist() == [0.5] * 3
    assert (conns.holder[slots] == NOBODY).all()


def test_what_no_server_works_on_any_more_is_swept_up_once():
    """Rows lost on the way back, freed or even used anew, must not hold a connection for ever, nor end it twice."""
    flights, conns, slots = opened()
    flights.close(slots[:2], SERVER)
    flights.close(slots[:1], CLIENT)
    assert flights.take(1)[0] == slots[0], "the freed row lives again as another request"
    for now in (1.0, 2.0, 3.0):
        conns.sweep(now)
    (closes,) = conns.take(10.0)
    assert closes.time.tolist() == [1.0, 1.0]
    assert sorted(closes.node.tolist()) == [0, 1]
    assert np.isnan(closes.seconds).all(), "no answer came of them"
    assert conns.close_at(np.array([4.0]), slots[2:]) == 1, "the third still holds its own"


def test_ends_scheduled_before_a_reset_count_for_nothing():
    _, conns, slots = opened()
    conns.counts[0] = [2, 1]
    conns.close_at(np.full(3, 0.5), slots)
    conns.reset_server(0)
    assert conns.counts == [[0, 1]]
    (closes,) = conns.take(1.0)
    assert closes.node.tolist() == [1]
