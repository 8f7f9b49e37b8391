"""What breaks a queue: every message is done in the end, dead or told to be lost, and each fault shows in its own counter."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from queue_rig import Journal, Rig, scenario

from engine.commands import Heal, Inject, Resize, Restart, SetOption, WorldCommand
from engine.config import Service
from engine.config_machines import Machines

EVEN = Service(100.0, 100.0, 0.0)  # ms: no job is longer than a lease by itself


def test_a_dead_workers_jobs_come_back_when_their_leases_end() -> None:
    rig = Rig(scenario(50.0, visibility=1.0, job=EVEN))
    rig.run(2.0)
    held = rig.queue.workers.in_service()[0]
    rig.give(Inject("crash", "worker-1"))
    assert rig.queue.jobs_lost == held > 0
    before = rig.queue.messages.redelivered
    rig.run(0.9)
    assert rig.queue.messages.redelivered == before
    rig.run(1.0)
    assert held <= rig.queue.messages.redelivered <= 4  # what was on its way to it too
    rig.give(Heal("worker-1"))
    rig.rest(10.0)
    messages = rig.queue.messages
    assert messages.acknowledged == messages.next_id
    assert messages.duplicates == 0


@pytest.mark.parametrize("fault", [Inject("slow", "worker-1", 100.0), Inject("freeze", "worker-1")])
def test_a_worker_slower_than_its_leases_does_jobs_for_nothing(fault: WorldCommand) -> None:
    """Grey failures: it takes messages and holds them too long; others do the jobs as well, its own word comes too late."""
    rig = Rig(scenario(30.0, visibility=0.5, job=EVEN))
    rig.run(1.0)
    rig.give(fault)
    rig.run(6.0)
    messages = rig.queue.messages
    assert messages.redelivered > 0
    rig.give(Heal("worker-1"))
    rig.rest(15.0)
    assert messages.late_acks > 0
    assert messages.duplicates > 0
    assert messages.acknowledged == messages.next_id
    assert messages.processed == messages.acknowledged + messages.duplicates


def test_lost_acknowledgements_make_jobs_be_done_again() -> None:
    """Each is lost with probability p, anew each time: p / (1 - p) jobs are done again, counted within four sigma."""
    share = 0.25
    rig = Rig(scenario(60.0, visibility=0.8, job=EVEN, max_receives=1_000))
    rig.give(Inject("lost_acks", "queue", 100.0 * share))
    rig.run(12.0)
    rig.rest(20.0)
    messages = rig.queue.messages
    expected = messages.next_id * share / (1.0 - share)
    assert abs(messages.duplicates - expected) < 4.0 * np.sqrt(expected / (1.0 - share))
    assert rig.queue.acks_lost == messages.duplicates
    assert messages.acknowledged == messages.next_id


def test_poison_is_buried_after_so_many_receives() -> None:
    rig = Rig(scenario(40.0, visibility=0.4, job=EVEN, max_receives=3))
    rig.give(Inject("poison_messages", "queue", 10.0))
    rig.run(6.0)
    rig.give(Heal("queue"))
    rig.rest(8.0)
    messages = rig.queue.messages
    dead = np.flatnonzero(messages.state == 3)
    assert dead.size == messages.dead > 8
    assert (messages.receives[dead] == 3).all()
    assert messages.failed == 3 * messages.dead
    assert messages.acknowledged + messages.dead == messages.next_id


def test_workers_that_fail_at_random_try_again_until_it_works() -> None:
    rig = Rig(scenario(30.0, visibility=0.4, job=EVEN))
    rig.give(Inject("error_rate", "worker", 30.0))
    rig.run(6.0)
    rig.give(Heal("worker"))
    rig.rest(8.0)
    messages = rig.queue.messages
    assert messages.failed == messages.redelivered > 20
    assert messages.acknowledged == messages.next_id


@pytest.mark.parametrize("persistent", [True, False])
def test_what_a_dead_broker_kept_outlives_it_if_it_was_written_down(persistent: bool) -> None:
    rig = Rig(scenario(90.0, workers=1, persistent=persistent))
    rig.run(4.0)
    kept = rig.queue.messages.kept
    rig.give(Inject("crash", "broker-1"))
    rig.run(1.5)
    assert rig.failures().get("broker unavailable", 0) > 30
    cause = rig.world.snapshot().headline.causes[0]
    event = rig.world.core.log.find(cause.event)
    assert event is not None
    assert event.text == "broker-1 crashed"
    rig.give(Heal("broker-1"))
    rig.rest(20.0)
    messages = rig.queue.messages
    assert messages.lost == (0 if persistent else kept)
    assert messages.acknowledged + messages.lost == messages.next_id


def test_with_two_brokers_pages_go_to_the_other() -> None:
    rig = Rig(scenario(40.0, brokers=2))
    rig.run(1.0)
    rig.give(Inject("crash", "broker-1"))
    rig.run(4.0)
    assert rig.failures() == {}
    assert int(rig.queue.brokers.served.sum[1]) > 100


@pytest.mark.parametrize("command", [Inject("freeze", "broker-1"), Inject("partition", "broker~worker"), Restart("broker-1")])
def test_a_queue_cut_off_for_a_while_catches_up(command: WorldCommand) -> None:
    rig = Rig(scenario(40.0, visibility=1.0, poll_wait=0.5, service=Service(2.0, 1.0, 1.0)))
    journal = Journal(rig.queue)
    rig.run(2.0)
    rig.give(command)
    rig.run(3.0)
    done = rig.queue.messages.acknowledged
    if isinstance(command, Inject):
        assert done < 0.7 * 5.0 * 40.0
        rig.give(Heal(command.target))
    rig.rest(20.0)
    messages = rig.queue.messages
    assert messages.acknowledged == messages.next_id == len(journal.stored)


def test_stopped_consumers_end_what_they_have_and_a_full_queue_turns_pages_away() -> None:
    rig = Rig(scenario(40.0, capacity=30))
    rig.run(1.0)
    rig.give(Inject("stop_consumers", "queue"))
    rig.run(4.0)
    assert rig.queue.messages.ready == 30
    assert rig.queue.messages.leased == 0
    assert rig.failures()["queue full"] == rig.queue.refused > 50
    assert rig.queue.reading().verdict.startswith("full at 30 messages")  # type: ignore[union-attr]
    rig.give(SetOption("queue.capacity", 0), Heal("queue"))
    rig.run(1.0)
    before = rig.queue.refused
    rig.give(Inject("queue_full", "queue"))
    rig.run(1.0)
    assert rig.queue.refused > before + 20


def test_a_larger_worker_has_more_threads() -> None:
    rig = Rig(msgspec.structs.replace(scenario(90.0, workers=1), machines=Machines(boot=1.0)))
    rig.give(Resize("worker-1", "c5.xlarge"))
    rig.run(3.0)
    assert rig.queue.workers.threads_of == [8]
    assert rig.queue.workers.in_service()[0] > 4
