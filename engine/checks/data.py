"""Invariants of what is stored: replication (7 to 10), ownership of keys (11), the cache (17) and the name servers (18)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..flights import SERVER
from ..tiers.cache.mail import LEASE_END
from ..tiers.database.shard import FAILOVERS_KEPT, SAMPLE, Role
from .flow import expect

if TYPE_CHECKING:
    from ..world import World

FOLLOWING = (Role.REPLICA, Role.SEEDING)


def losses_are_told(world: World) -> None:
    """8: the number of lost writes on the screen is the sum over all failovers, each with a sample of them."""
    db = world.database
    lost = db.meters.totals["lost"]
    expect(db.reading().lost_writes == lost, f"{lost} writes were lost, the screen says {db.reading().lost_writes}")
    notes = [note for shard in db.shards for note in shard.failovers]
    if all(len(shard.failovers) < FAILOVERS_KEPT for shard in db.shards):
        expect(sum(note.lost for note in notes) == lost, f"{lost} lost, failovers tell of {[n.lost for n in notes]}")
    for note in notes:
        expect(len(note.sample) == min(note.lost, SAMPLE), f"{note.shard}: {note.lost} lost, {len(note.sample)} told")


def logs_are_prefixes(world: World) -> None:
    """9: a replica receives in order, applies in order what it has received, and is never ahead of its primary."""
    db, now = world.database, world.core.now
    for shard in db.shards:
        log, n = shard.log, shard.log.size
        commit = log.commit[:n]
        expect(bool((commit[1:] >= commit[:-1]).all()), f"{shard.name}: commits out of order")
        expect(bool((log.written[:n] <= commit).all()), f"{shard.name}: committed before it was written")
        for node, follower in log.followers.items():
            name = db.nodes.names[node]
            received, applied = follower.received[:n], follower.applied[:n]
            expect(bool((received[1:] >= received[:-1]).all()), f"{name}: records received out of order")
            expect(bool((applied[1:] >= applied[:-1]).all()), f"{name}: records applied out of order")
            expect(bool((applied >= received).all()), f"{name}: applied before it was received")
            expect(log.position(node, now) <= log.received(node, now) <= log.head, f"{name} is ahead of its primary")


def one_primary(world: World) -> None:
    """10: one primary a shard and epoch; whoever is fenced, follows or has left accepts no writes."""
    db = world.database
    for shard in db.shards:
        primaries = [n for n in shard.nodes if db.role_of[n] is Role.PRIMARY]
        wanted = [shard.primary] if shard.primary >= 0 else []
        expect(primaries == wanted, f"{shard.name}: primaries {primaries}, it believes in {wanted}")
        for stray in shard.strays.values():
            expect(stray.epoch < shard.epoch, f"{shard.name}: two primaries of epoch {shard.epoch}")
        for node in shard.nodes:
            role, name = db.role_of[node], db.nodes.names[node]
            writable = float(db.writable_from[node]) < np.inf
            may = (Role.PRIMARY, Role.STRAY, Role.REPLICA) if db.multi else (Role.PRIMARY, Role.STRAY)
            expect(not writable or role in may, f"{name}, {role.value}, accepts writes")
            follows = node in shard.log.followers
            expect(follows == (role in FOLLOWING), f"{name}, {role.value}, {'follows' if follows else 'does not follow'}")


def one_owner(world: World) -> None:
    """11: every key has one owner that lives; the drivers ask nodes of that very shard."""
    db = world.database
    living = [shard.index for shard in db.shards if shard.primary >= 0]
    counts = db.places.counts(len(db.shards))
    expect(int(counts.sum()) == db.places.owner.size, "keys over shards do not sum to the keys that exist")
    expect(int(counts[living].sum()) == db.places.owner.size, f"keys without a home: {counts.tolist()}, living {living}")
    for shard in living:
        for zone in range(db.routing.believed.shape[0]):
            pool = db.routing.pool[zone, shard, : int(db.routing.size[zone, shard])]
            asked = {*pool.tolist(), int(db.routing.believed[zone, shard])}
            stranger = [db.nodes.names[n] for n in sorted(asked) if int(db.shard_of_node[n]) != shard]
            expect(not stranger, f"drivers look for {db.shards[shard].name} at {stranger}")


def writers_share_one_history(world: World) -> None:
    """9: what equal writers have under way is in the merged log, in its key's chain; who lost is counted, once each."""
    db, versions = world.database, world.database.versions
    counted = db.counted
    lost = counted["overwritten"] + counted["rejected"]
    expect(lost <= counted["conflicts"], f"{counted['conflicts']} conflicts, and {lost} writes lost or refused by them")
    for shard in db.shards:
        log = shard.log
        for lsn, record in db.merge.book(shard.index).items():
            expect(lsn < log.head and record.origin in shard.nodes, f"{shard.name}: record {lsn} is in no log")
            if lsn < log.base or int(db.places.owner[key := int(log.key[lsn - log.base])]) != shard.index:
                continue
            expect(all(at >= log.written[lsn - log.base] for at in record.arrives.values()), f"record {lsn} came before it left")
            at = int(versions.head_lsn[key])
            while at > lsn:
                at = int(log.previous[at - log.base])
            expect(at == lsn, f"{shard.name}: the acknowledged write {lsn} of key {key} is gone from its history")


def joins_balance(world: World) -> None:
    """3: a join is answered, has failed, or waits, for as many parts as are under way; every part has its request."""
    db, flights = world.database, world.core.flights
    joined, waiting = db.joined, len(db.gathering)
    ended = joined["joined"] + joined["failed"]
    expect(joined["joins"] == ended + waiting, f"{joined['joins']} joins, {ended} ended, {waiting} wait")
    rows = np.flatnonzero(db.part_of >= 0)
    expect(bool((flights.sides[rows] == SERVER).all()), "a part of a join is held by a client, or by nobody")
    away = np.bincount(db.part_of[rows], minlength=flights.capacity)
    left = np.zeros(flights.capacity, dtype=np.int64)
    for slot, join in db.gathering.items():
        left[slot] = join.left
    expect(bool((away == left).all()), f"{int(away.sum())} parts under way, {int(left.sum())} are waited for")


def versions_exist(world: World) -> None:
    """11: no key shows a version that was never issued, and the newest committed one is not beyond the newest written one."""
    versions = world.database.versions
    expect(bool((versions.head_version <= versions.issued).all()), "a key shows a version that nobody wrote")


def caches_hold_what_fits(world: World) -> None:
    """17: occupancy <= capacity, entries and policy agree, one lease a key, each with its timer; waiters live."""
    cache, mail, flights = world.cache, world.cache.mail, world.core.flights
    rows = np.flatnonzero(mail.kind == LEASE_END)
    timers = set(zip(mail.node[rows].tolist(), mail.key[rows].tolist(), mail.token[rows].tolist(), strict=True))
    index = cache.desk.index
    kept = np.bincount(index.place[index.place > 0] - 1, minlength=index.held.size)
    expect(bool((kept == index.held).all()), f"the caches' index holds {kept.tolist()}, and counts {index.held.tolist()}")
    for node, shelf in enumerate(cache.desk.shelves):
        name = cache.nodes.names[node]
        expect(len(shelf.entries) <= shelf.policy.capacity, f"{name}: {len(shelf.entries)} entries of {shelf.policy.capacity}")
        expect(len(shelf.policy) == len(shelf.entries), f"{name}: {len(shelf.policy)} in the policy's books")
        for key, token in shelf.leases.items():
            expect((node, key, token) in timers, f"{name}: the lease of key {key} will never end")
        for waiters in shelf.waiting.values():
            for slot, _ in waiters:
                expect(bool(flights.sides[slot] & SERVER), f"{name}: row {slot} waits for a fill, but nobody holds it")


def names_are_cached(world: World) -> None:
    """18: nothing is kept beyond the longest life; servers are asked on a miss only; a CNAME chain has at most 8 links."""
    dns, now = world.dns, world.core.now
    kept = dns.resolvers.ready_until
    if kept.size:
        longest = float(kept.max()) - now
        expect(longest <= dns.resolvers.max_ttl + 1e-6, f"a resolver keeps an answer for {longest} s more")
    walks, queries = int(dns.counts.walks.sum[0]), dns.counts.queries.sum
    expect(walks > 0 or int(queries.sum()) == 0, f"{queries.tolist()} queries to servers, and nobody had to walk")
    chain = dns.authority.served.chain(dns.question)
    expect(len(chain) <= 9, f"a chain of {len(chain)} records")
