"""Sampled requests that failed are shown: with DNS down the first of them soon, among the newest, and looking changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
from world_rig import Rig

from engine.commands import Inject
from engine.flights import Flights
from engine.showing import FAILED_AGE_S, TRACES_SHOWN
from engine.snapshot import Trace
from engine.tracer import ADOPT_S, KEEP, KEEP_FAILED, SAMPLE_EVERY, Tracer

STEPS = 400  # 2 s of the quick world, whose records live one second


def trace(number: int, cause: str = "", born: float = 0.0) -> Trace:
    return Trace(
        id=number, route="item", key=1, user=1, city="London", born=born, latency_ms=1.0,
        outcome="failed" if cause else "ok", cause=cause, attempt=0, spans=(), why=(),
    )  # fmt: skip


def end(tracer: Tracer, flights: Flights, *traces: Trace) -> None:
    for one in traces:
        tracer.close(flights, 0, one)


@pytest.mark.parametrize("level", ["authority", "tld", "root"])
def test_with_dns_down_a_failed_request_is_sampled_with_its_hop_and_cause(level: str) -> None:
    rig = Rig()
    rig.give(Inject("dns_down", level))
    rig.give(Inject("flush_resolvers", "city:London"))
    rig.give(Inject("flush_resolvers", "city:Washington"))
    rig.run(STEPS)
    shown = rig.world.snapshot()
    assert shown.totals.failed > 0
    told = next(event.text for event in rig.world.core.log.events if event.target == level)
    failed = [t for t in shown.traces if t.cause == "SERVFAIL"]
    assert any(t.id % SAMPLE_EVERY for t in failed)  # found because it failed, not by chance
    for one in failed:
        assert one.outcome == "failed"
        assert 1 <= len(one.spans) <= one.attempt + 1  # an attempt whose client gave up first has none
        assert {span.hop for span in one.spans} == {"dns"}
        assert {span.node for span in one.spans} <= {"resolver", "authority", "tld", "root"}
        assert all("SERVFAIL" in span.note and not span.address for span in one.spans)
        assert any(told in line for line in one.why)


def test_a_missing_name_is_told_as_one() -> None:
    rig = Rig()
    rig.give(Inject("delete_record", "www.example.com"))
    rig.run(STEPS)
    found = [span.note for t in rig.world.snapshot().traces if t.cause == "NXDOMAIN" for span in t.spans]
    assert found
    assert all("NXDOMAIN" in note for note in found)


def test_looking_changes_nothing() -> None:
    digests = set()
    for look in (False, True):
        rig = Rig()
        rig.give(Inject("dns_down", "authority"))
        for _ in range(STEPS // 10):
            rig.run(10)
            if look:
                rig.world.snapshot()
        digests.add(rig.world.digest())
    assert len(digests) == 1


def test_the_newest_failed_stay_among_those_shown_and_the_oldest_others_give_way() -> None:
    world = Rig().world
    tracer, flights = world.core.tracer, world.core.flights
    end(tracer, flights, *(trace(n, "SERVFAIL") for n in range(KEEP_FAILED + 3)))
    end(tracer, flights, *(trace(n) for n in range(100, 100 + 2 * KEEP)))
    numbers = [t.id for t in world.snapshot().traces]
    assert len(numbers) == TRACES_SHOWN
    assert numbers[:KEEP_FAILED] == list(range(3, KEEP_FAILED + 3))
    assert numbers[KEEP_FAILED:] == list(range(100 + 2 * KEEP - TRACES_SHOWN + KEEP_FAILED, 100 + 2 * KEEP))


def test_when_all_fail_the_newest_are_shown_and_no_more_than_fit() -> None:
    world = Rig().world
    end(world.core.tracer, world.core.flights, *(trace(n, "time-out") for n in range(3 * KEEP)))
    assert [t.id for t in world.snapshot().traces] == list(range(3 * KEEP - TRACES_SHOWN, 3 * KEEP))


def test_what_failed_long_ago_is_shown_no_more() -> None:
    rig = Rig()
    rig.run(1)
    end(rig.world.core.tracer, rig.world.core.flights, trace(1, "reset", rig.world.core.now - FAILED_AGE_S - 1), trace(2))
    assert [t.id for t in rig.world.snapshot().traces] == [2]


def test_one_first_attempt_is_adopted_a_second() -> None:
    flights = Flights()
    tracer = Tracer()
    slots = flights.take(3)
    flights.sampled[slots] = 0
    flights.attempt[slots] = np.array([1, 0, 0])
    tracer.adopt(flights, slots[:1], 0.0)
    assert not tracer.open  # earlier attempts of it were not seen
    tracer.adopt(flights, slots, 0.0)
    assert list(tracer.open) == [int(slots[1])]
    tracer.adopt(flights, slots[2:], ADOPT_S / 2)
    assert len(tracer.open) == 1
    tracer.adopt(flights, slots, 2 * ADOPT_S)  # one of them is sampled already
    assert len(tracer.open) == 1
    tracer.adopt(flights, slots[2:], 2 * ADOPT_S)
    assert len(tracer.open) == 2


def test_one_in_a_thousand_is_sampled_whatever_the_batches() -> None:
    tracer, flights, marked = Tracer(), Flights(), []
    for size in [777] * 50 + [1, 3, 2_500] * 15:
        slots = flights.take(size)
        tracer.mark(flights, slots)
        marked += slots[flights.sampled[slots] != 0].tolist()
    assert sorted(marked) == sorted(tracer.open)
    ids = sorted(flights.root[marked].tolist())
    assert (np.diff(ids) == SAMPLE_EVERY).all()
    assert len(marked) == (777 * 50 + 2_504 * 15) // SAMPLE_EVERY + 1  # the first of all is one
