"""What a sampled request tells: the version that it read, why it was slow; and that a request asked for is kept."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from world_rig import QUICK, Rig

from engine.commands import Inject, WorldCommand
from engine.config import Client, Traffic, Users
from engine.snapshot import Trace
from engine.tracer import KEEP, KEEP_ASKED

# Nobody gives up: what is slow is answered all the same, and rightly.
PATIENT = msgspec.structs.replace(
    QUICK,
    client=Client(timeout=20.0, retries=0),
    database=msgspec.structs.replace(QUICK.database, timeout=20.0),
)


def traced(rig: Rig, steps: int, user: int = 3) -> list[Trace]:
    """All requests of a user that are asked for one after the other in so many steps."""
    found: dict[int, Trace] = {}
    for _ in range(steps):
        rig.world.follow(None, user)
        rig.run(1)
        found |= {t.id: t for t in rig.world.core.tracer.kept() if t.user == user}
    return list(found.values())


def test_spans_tell_address_ttl_and_the_version_that_was_read() -> None:
    """The version in the note is the ledger's: what the cache or the database answered, or what was written."""
    done = [t for t in traced(Rig(), 1_600) if t.outcome == "ok"]
    assert len(done) > 8
    hits = 0
    for one in done:
        hops = [span.hop for span in one.spans]
        assert hops[:3] == ["dns", "balancer", "web"]
        assert one.spans[0].note.startswith("TTL left ")
        assert all(span.address for span in one.spans)
        last = [span for span in one.spans if span.hop != "broker"][-1]  # which a page that makes a job visits at the end
        assert last.hop in ("cache", "db")
        assert last.note.endswith(f", version {one.version:,}")
        assert one.route != "save" or one.version > 0
        hits += last.hop == "cache"
    assert hits
    assert any(t.version for t in done if t.route == "item")


def test_a_key_that_is_asked_for_is_kept_though_many_others_are_sampled() -> None:
    rig = Rig()
    rig.world.follow(7, None)
    rig.run(400)
    tracer = rig.world.core.tracer
    (kept,) = tracer.asked
    assert kept.key == 7
    assert not tracer.asked_ids
    for number in range(2 * KEEP):
        tracer.close(rig.world.core.flights, 0, msgspec.structs.replace(kept, id=10**6 + number))
    assert kept.id in [t.id for t in rig.world.snapshot().traces]
    assert len(tracer.asked) <= KEEP_ASKED


def test_whom_a_person_follows_changes_no_digest() -> None:
    digests = set()
    for user in (-1, 3):
        rig = Rig(PATIENT)
        rig.give(Inject("slow", "web-1", 30.0))
        for _ in range(200):
            if user >= 0:
                rig.world.follow(None, user)
            rig.run(1)
        digests.add(rig.world.digest())
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        (Inject("slow", "web", 60.0), "60× slower"),
        (Inject("latency", "balancer~web", 300.0), "300 ms more"),
        (Inject("latency", "web-1", 300.0), "300 ms more"),
        (Inject("traffic_x10", "traffic", 100.0), "traffic ×100"),
    ],
    ids=["node", "link", "way to a node", "queues"],
)
def test_a_slow_request_leads_back_to_what_made_it_slow(fault: WorldCommand, word: str) -> None:
    few = {"users": Users(count=6, cities=("London",)), "traffic": Traffic(requests_per_second=20.0, keys=40)}
    rig = Rig(msgspec.structs.replace(PATIENT, web=msgspec.structs.replace(QUICK.web, queue=0), **few))
    rig.run(20)
    rig.give(fault)
    slow = [t for t in traced(rig, 500) if t.outcome == "ok" and t.latency_ms > 200.0]
    assert slow
    told = [t for t in slow if any(word in line for line in t.why)]
    assert told
    if fault.target != "web-1":  # type: ignore[union-attr]
        assert told == slow


def test_without_a_fault_nothing_is_blamed() -> None:
    done = traced(Rig(PATIENT), 600)
    assert len(done) > 2
    assert all(t.why == () for t in done)
    assert np.isfinite([t.latency_ms for t in done]).all()
