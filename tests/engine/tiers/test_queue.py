"""The message queue without faults: exact against a plain loop, at any step; a page waits for its message and not for its job."""

from __future__ import annotations

import numpy as np
import pytest
from queue_rig import PHOTO, Journal, Rig, scenario, slow_workers

from engine.commands import AddNode, Inject, RemoveNode, SetOption, Undo
from engine.config import QueuePart, Route, Service
from engine.state import copy
from engine.world import World

WAY = 0.125e-3  # s, one way within a zone


@pytest.mark.parametrize(("rate", "workers"), [(90.0, 2), (120.0, 1), (20.0, 3)])
@pytest.mark.parametrize("step_ms", [5.0, 100.0])
def test_every_acknowledgement_comes_when_a_plain_loop_says(rate: float, workers: int, step_ms: float) -> None:
    """Oldest message to the thread that waits longest, whatever the step's length: no feedback is late."""
    rig = Rig(scenario(rate, step_ms, workers=workers, visibility=1e6))
    journal = Journal(rig.queue)
    rig.run(8.0)
    ends = slow_workers(journal.stored, 4 * workers, WAY)
    found = dict(journal.acknowledged)
    numbers = [number for number, _, _ in journal.stored if number in found]
    assert len(numbers) > 60
    assert np.allclose(ends[numbers], [found[number] for number in numbers], rtol=0.0, atol=1e-9)
    missing = [number for number, _, _ in journal.stored if number not in found]
    assert all(ends[number] >= 8.0 - 1e-9 for number in missing)
    assert int(rig.world.core.ledger.late.sum[0]) == 0


def test_a_page_waits_for_its_message_and_not_for_its_job() -> None:
    """With a queue the answer takes the ways and the broker; inline it takes the job as well."""
    means = {}
    for mode in ("queue", "inline"):
        rig = Rig(scenario(20.0, mode=mode))
        rig.run(8.0)
        ledger = rig.world.core.ledger
        means[mode] = ledger.latency.sum_ms / ledger.outcomes.sum[1]
    part = rig.queue.core.config.queue
    assert means["inline"] - means["queue"] > part.job.mean_ms * 0.9
    assert rig.queue.messages.next_id == 0
    assert rig.queue.inline == int(rig.world.core.ledger.arrived.sum[0])


def test_switching_the_mode_under_traffic_does_every_job_once() -> None:
    rig = Rig(scenario(60.0))
    for mode in ("inline", "queue", "inline", "queue"):
        rig.run(2.0)
        if rig.queue.mode != mode:
            rig.give(SetOption("queue.mode", mode))
    rig.rest(20.0)
    messages = rig.queue.messages
    assert messages.acknowledged == messages.next_id == messages.processed
    assert messages.next_id + rig.queue.inline == int(rig.world.core.ledger.outcomes.sum[1])
    assert messages.next_id > 50 < rig.queue.inline


def test_jobs_of_pages_that_write_first_come_after_the_commit() -> None:
    """A page with a row in the database sends its message when the commit is known at its web server."""
    rig = Rig(scenario(30.0, routes=(Route("photo", 1.0, "write", job=True),)))
    journal = Journal(rig.queue)
    rig.run(10.0)
    assert rig.world.database.reading().shards[0].head >= rig.queue.messages.next_id > 200
    assert len(journal.stored) == rig.queue.messages.next_id


def test_a_saved_world_goes_on_as_it_would_have() -> None:
    rig = Rig(scenario(90.0, workers=1, brokers=2, service=Service(2.0, 0.5, 1.0), visibility=0.3))
    rig.give(Inject("lost_acks", "queue", 30.0))
    rig.run(8.0)
    other = copy(rig.world)
    for world in (rig.world, other):
        for _ in range(400):
            world.step()
    assert other.digest() == rig.world.digest()
    assert other.queue.counts == rig.queue.counts
    assert rig.queue.messages.redelivered > 0


def test_work_is_shared_among_brokers_and_all_of_it_is_done() -> None:
    rig = Rig(scenario(50.0, brokers=3, workers=3))
    rig.run(10.0)
    rates = rig.queue.brokers.served.sum
    assert (rates > 0.8 * rates.mean()).all()
    rig.rest(25.0)


def test_a_removed_worker_ends_its_jobs_and_takes_no_more() -> None:
    rig = Rig(scenario(60.0, workers=2))
    rig.run(3.0)
    rig.give(RemoveNode("worker-1"))
    rig.run(3.0)
    done = int(rig.queue.workers.served.sum[0])
    rig.run(3.0)
    assert int(rig.queue.workers.served.sum[0]) == done
    assert rig.queue.messages.redelivered == 0
    rig.give(Undo())
    rig.run(3.0)
    assert int(rig.queue.workers.served.sum[0]) > done


def test_a_new_worker_starts_up_first() -> None:
    rig = Rig(scenario(90.0, workers=1, warm_up=5.0))
    rig.give(AddNode("worker"))
    rig.run(4.5)
    assert int(rig.queue.workers.served.sum[1]) == 0
    assert rig.queue.reading().nodes[-1].state.value == "starting"  # type: ignore[union-attr]
    rig.run(4.0)
    assert int(rig.queue.workers.served.sum[1]) > 0


def test_a_removed_broker_hands_its_messages_to_another() -> None:
    rig = Rig(scenario(90.0, workers=1, brokers=2))
    rig.run(5.0)
    kept = rig.queue.messages.kept
    assert kept > 20
    rig.give(RemoveNode("broker-1"))
    assert rig.queue.messages.kept >= kept - 4
    rig.rest(20.0)
    assert rig.queue.messages.acknowledged == rig.queue.messages.next_id


def test_the_last_broker_stays_while_it_keeps_messages() -> None:
    rig = Rig(scenario(90.0, workers=1))
    rig.run(3.0)
    rig.give(RemoveNode("broker-1"))
    assert "no other broker to take them" in rig.world.core.log.events[-1].text
    rig.rest(20.0)
    rig.give(RemoveNode("broker-1"))
    assert rig.queue.brokers.members == 0
    assert rig.queue.reading().mode == "inline"  # type: ignore[union-attr]


def test_a_queue_grows_into_a_running_system() -> None:
    """No broker: web servers do the jobs. One is added, then workers: the very next pages send messages."""
    rig = Rig(scenario(20.0, brokers=0, warm_up=1.0))
    rig.run(3.0)
    assert rig.queue.reading().verdict.startswith("no queue: web servers do")  # type: ignore[union-attr]
    rig.give(AddNode("broker"), AddNode("worker"))
    rig.run(6.0)
    messages = rig.queue.messages
    assert messages.acknowledged > 40
    assert {"broker-1", "worker-1"} <= {node.name for node in rig.world.snapshot().map.nodes}


def test_the_autoscaler_follows_the_backlog_within_its_bound() -> None:
    rig = Rig(scenario(
        100.0, workers=1, autoscale=True, backlog=2.0, scale_interval=1.0, warm_up=0.5, most_workers=4,
    ))  # fmt: skip
    rig.run(10.0)
    assert rig.queue.workers.members >= 3  # 100/s of .1 s are 10 threads of 4 a worker
    rig.run(20.0)
    assert rig.queue.workers.members <= 4
    assert rig.queue.messages.ready < 30
    rig.world.traffic.set_option("requests_per_second", 5.0)
    rig.run(20.0)
    assert rig.queue.workers.members == 1
    assert any(e.by == "agent:backlog" and "removed" in e.text for e in rig.world.core.log.events)


def test_without_jobs_and_brokers_there_is_nothing_of_it() -> None:
    bare = World(scenario(routes=(Route("page", 1.0, "read", cached=False, database=False),), brokers=0))
    assert not bare.queue.there
    assert bare.snapshot().queue is None
    assert "broker" not in bare.core.fabric.tiers
    assert QueuePart().brokers == 0
    assert PHOTO.job
