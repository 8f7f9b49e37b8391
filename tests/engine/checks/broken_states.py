"""Ways to break a world at a step boundary, behind the engine's back: one for each check of a state, by the check's name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.causes import Cause
from engine.flights import CLIENT
from engine.tiers.automation.buckets import Buckets
from engine.tiers.database.shard import Role
from engine.tiers.queue.floor import EXPIRE
from engine.world import World


def _forget_an_arrival(world: World) -> None:
    world.core.ledger.arrived.add_one(0, -1)


def _fail_without_cause(world: World) -> None:
    world.core.ledger.causes.add_one(Cause.TIMEOUT, 1)


def _lose_a_job(world: World) -> None:
    world.web.stations.totals._books.departures[0] += 1


def _lose_a_packet(world: World) -> None:
    world.balancer.choice.sent.add_one(0, -10_000)


def _lose_a_row(world: World) -> None:
    world.clients.inbox.take(np.inf, world.core.flights.id)


def _count_an_attempt_twice(world: World) -> None:
    world.core.ledger.attempts.add_one(0, 1)


def _look_up_twice(world: World) -> None:
    world.cache.counts.look_ups.current[0] += 1


def _miss_a_deadline(world: World) -> None:
    flights = world.core.flights
    waiting = np.flatnonzero(flights.sides & CLIENT)
    flights.deadline[waiting] = np.minimum(flights.deadline[waiting], world.now - 1.0)


def _swap_deadlines(world: World) -> None:
    queue = world.clients.deadlines.queue
    at, (least, t, slots, ids) = next((n, batch) for n, batch in enumerate(queue) if batch[1][0] < batch[1][-1])
    queue[at] = (least, t[::-1].copy(), slots, ids)


def _hide_a_loss(world: World) -> None:
    world.database.meters.totals["lost"] += 1


def _apply_before_it_came(world: World) -> None:
    log = world.database.shards[0].log
    follower = next(iter(log.followers.values()))
    follower.applied[log.size - 1] = follower.received[log.size - 1] - 0.001


def _crown_another(world: World) -> None:
    db = world.database
    db.role_of[next(n for n in db.shards[0].nodes if n != db.shards[0].primary)] = Role.PRIMARY


def _leave_a_key_homeless(world: World) -> None:
    world.database.places.owner[0] = 7


def _invent_a_version(world: World) -> None:
    versions = world.database.versions
    versions.head_version[0] = versions.issued[0] + 1


def _overwrite_without_a_conflict(world: World) -> None:
    world.database.counted["overwritten"] += 1


def _forget_a_join(world: World) -> None:
    world.database.joined["joins"] += 1


def _count_a_message_twice(world: World) -> None:
    world.queue.messages.next_id += 1


def _acknowledge_what_was_never_delivered(world: World) -> None:
    messages = world.queue.messages
    messages.delivered = messages.acknowledged - 1


def _keep_a_message_back(world: World) -> None:
    queue = world.queue
    queue.post(world.now - 0.5, EXPIRE, 0, -5, 0)


def _overfill(world: World) -> None:
    shelf = next(s for s in world.cache.desk.shelves if s.entries)
    for key in range(1_000, 1_000 + shelf.policy.capacity):
        shelf.own[key] = (1, np.inf, 0.0)


def _keep_a_name(world: World) -> None:
    world.dns.resolvers.ready_until[0] = world.now + 10.0 * world.dns.resolvers.max_ttl


def _hear_of_servers_that_nobody_named(world: World) -> None:
    dns = world.dns
    dns.resolvers.zone_until[0] = world.now + 1.0
    dns.resolvers.delegation[0] = len(dns.registry.sets)


def _miscount_a_server(world: World) -> None:
    world.dns.counts.servers.asked.add_one(2)


def _take_negative_time(world: World) -> None:
    flights = world.core.flights
    flights.wire[flights.live()[0]] = -0.5


def _count_no_number(world: World) -> None:
    world.core.ledger.trends["p99"].push(float("nan"))


def _free_twice(world: World) -> None:
    flights = world.core.flights
    flights.free[0] = flights.free[1]


def _remember_for_ever(world: World) -> None:
    log = world.core.log
    log.causes.update({i: 0 for i in range(10**6, 10**6 + 10 * (log.events.maxlen or 0))})


def _invent_a_session(world: World) -> None:
    world.sessions.book.started += 1


def _hit_twice(world: World) -> None:
    world.cdn.counts.hits.current[0] += 1


def _mislay_an_object(world: World) -> None:
    store = world.cdn.edge.store
    store.obj[store.held(0)[0]] += 1


def _overflow_a_bucket(world: World) -> None:
    world.automation.door.buckets[0] = (0.0, Buckets(3, 1.0, 5.0, 0.0))
    world.automation.door.buckets[0][1].level[1] = 5.5


def _refuse_uncounted(world: World) -> None:
    world.automation.counts.add("limited", -1)


def _lose_a_query(world: World) -> None:
    world.automation.queries.bulkhead = 5
    world.automation.queries.open[0] = 3


def _count_regions_late(world: World) -> None:
    world.regions.there = True  # in a world whose ends were not counted


def _lose_a_thread(world: World) -> None:
    world.automation.threads.threads = 9
    world.automation.threads.busy = [1]


AT_REST: dict[str, Callable[[World], None]] = {
    "requests_balance": _forget_an_arrival,
    "regions_add_up": _count_regions_late,
    "causes_explain": _fail_without_cause,
    "nodes_balance": _lose_a_job,
    "sent_is_received": _lose_a_packet,
    "rows_are_somewhere": _lose_a_row,
    "attempts_add_up": _count_an_attempt_twice,
    "look_ups_balance": _look_up_twice,
    "edges_balance": _hit_twice,
    "nothing_overdue": _miss_a_deadline,
    "deadlines_in_order": _swap_deadlines,
    "losses_are_told": _hide_a_loss,
    "logs_are_prefixes": _apply_before_it_came,
    "one_primary": _crown_another,
    "one_owner": _leave_a_key_homeless,
    "versions_exist": _invent_a_version,
    "joins_balance": _forget_a_join,
    "writers_share_one_history": _overwrite_without_a_conflict,
    "messages_balance": _count_a_message_twice,
    "messages_are_delivered_first": _acknowledge_what_was_never_delivered,
    "queue_is_in_time": _keep_a_message_back,
    "caches_hold_what_fits": _overfill,
    "edges_hold_what_fits": _mislay_an_object,
    "names_are_cached": _keep_a_name,
    "delegations_were_said": _hear_of_servers_that_nobody_named,
    "queries_have_ends": _miscount_a_server,
    "sessions_add_up": _invent_a_session,
    "threads_are_held": _lose_a_thread,
    "buckets_hold": _overflow_a_bucket,
    "refusals_are_shed": _refuse_uncounted,
    "queries_are_open": _lose_a_query,
    "spans_are_times": _take_negative_time,
    "screen_is_counted": _count_no_number,
    "free_lists": _free_twice,
    "memory_is_bounded": _remember_for_ever,
}
