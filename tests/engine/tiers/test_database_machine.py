"""The database tier under any order of traffic, faults and commands, against a slow plain model (invariants 7 to 14)."""

from __future__ import annotations

import numpy as np
from database_rig import Ask, rig
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from slow_database import SlowReplica, SlowShard, record_of

from engine.causes import Cause
from engine.config import ReplicationPart
from engine.flights import SERVER
from engine.tiers.database.shard import Role

KEYS, RATE, ONE_WAY, STEP = 24, 150.0, 0.004, 0.01
FOLLOWING = (Role.REPLICA, Role.SEEDING)
NODES = st.integers(0, 11)
REPLICATION = ReplicationPart(apply_per_second=RATE, repoint_time=0.05)


class DatabaseMachine(RuleBasedStateMachine):
    """Async replication; reads from replicas; three zones with a web server each."""

    def __init__(self) -> None:
        super().__init__()
        self.rig = rig(
            shards=2, replicas=2, keys=KEYS, users=20, one_way=ONE_WAY, rebalance_mb_s=100.0, replication=REPLICATION,
        )  # fmt: skip
        self.db = self.rig.database
        self.slow = [SlowShard() for _ in self.db.shards]
        self.user = 0
        self.checked: set[int] = set()
        self.owner = self.db.places.owner.copy()
        self.fenced: dict[int, float] = {}
        self.branches: dict[int, dict[int, int]] = {}  # stray node -> key -> version, None: it cannot be known
        self._sync()

    # ---- the model follows

    def _sync(self, at: float | None = None) -> None:
        """Replicas and their links as they are now, into the model."""
        now = self.rig.core.now if at is None else at
        for shard, slow in zip(self.db.shards, self.slow, strict=True):
            for node in list(slow.replicas):
                if self.db.role_of[node] not in FOLLOWING:
                    del slow.replicas[node]
            for node in shard.nodes:
                if self.db.role_of[node] not in FOLLOWING:
                    continue
                if node not in slow.replicas:
                    start = self.db.shards[shard.index].log.position(node, now)
                    slow.replicas[node] = SlowReplica(self._delay(shard.primary, node), RATE, [0.0] * start, [0.0] * start)
                self._relink(slow, shard.primary, node, now)

    def _relink(self, slow: SlowShard, primary: int, node: int, now: float) -> None:
        nodes, fabric = self.db.nodes, self.rig.core.fabric
        up, through = bool(nodes.up[node]), fabric.reachable("db", primary, "db", node)
        runs = up and self.db.role_of[node] is Role.REPLICA  # a replica that is being seeded keeps its records for later
        is_open, delay = up and through and bool(nodes.up[primary]), self._delay(primary, node)
        replica = slow.replicas[node]
        if (is_open, runs, delay) != (replica.open, replica.runs, replica.delay) or not (up and through):
            replica.forget_future(now, wire=not (up and through), applier=not runs)
            replica.open, replica.runs, replica.delay = is_open, runs, delay
        replica.feed(slow.log, now)

    def _delay(self, a: int, b: int) -> float:
        zone = self.db.nodes.zone
        return float(self.rig.core.fabric.zone_one_way[zone[a], zone[b]])

    def _step(self) -> None:
        before = self.rig.core.now
        self.rig.steps(1)
        self._sync(before)  # replicas whose seeding has ended serve from the boundary on
        self._take_hand_overs(before)
        for shard, slow in zip(self.db.shards, self.slow, strict=True):
            log = shard.log
            assert log.base == 0, "the model wants to see it all"
            for i in range(len(slow.log), log.size):
                slow.log.append(record_of(log, i))
            for replica in slow.replicas.values():
                replica.feed(slow.log, before)
        self._check_answers()

    def _take_hand_overs(self, before: float) -> None:
        moved = np.flatnonzero(self.owner != self.db.places.owner).tolist()
        for key in moved:
            source, to = self.slow[self.owner[key]], self.slow[self.db.places.owner[key]]
            head = sum(record.written <= before for record in source.log)
            log = self.db.shards[self.db.places.owner[key]].log
            for i in range(len(to.log), log.size):  # copies of the hand-over itself lie before the step's own writes
                if float(log.written[i]) > before:
                    break
                to.log.append(record_of(log, i))
            to.since[key] = (len(to.log), source.value(key, head))
        self.owner = self.db.places.owner.copy()

    def _check_answers(self) -> None:
        """Every read shows what its node had applied at that very moment; every acknowledged write is where it should be."""
        flights_zone = self.rig.core.fabric.tiers["web"].zone
        for number in sorted(set(self.rig.clients.answers) - self.checked):
            self.checked.add(number)
            answer, ask = self.rig.clients.answers[number], self.rig.asked[number]
            assert abs(answer.spent - (answer.at - answer.left)) < 1e-9, "wire, wait and service sum to the latency"
            node = answer.db
            if answer.cause is not Cause.NONE:
                continue
            t = answer.at - float(self.rig.core.fabric.zone_one_way[self.db.nodes.zone[node], flights_zone[ask.web]])
            assert not (node in self.fenced and t > self.fenced[node] + 1e-9), "a fenced node accepts nothing"
            slow, role = self.slow[int(self.db.shard_of_node[node])], self.db.role_of[node]
            if role is Role.STRAY:
                self._check_stray(node, ask, answer.version, slow)
            elif ask.write:
                assert any(r.root == number and r.version == answer.version for s in self.slow for r in s.log)
            elif role in (Role.PRIMARY, Role.REPLICA):  # when it was served, give or take the rounding of three sums
                expected = {slow.value(ask.key, slow.seen(node, t + shift)) for shift in (-1e-9, 0.0, 1e-9)}
                assert answer.version in expected, f"key {ask.key} at node {node}, {t}: {answer.version}, not {expected}"

    def _check_stray(self, node: int, ask: Ask, version: int, slow: SlowShard) -> None:
        branch, known = self.branches[node], {r.version for r in slow.log if r.key == ask.key}
        if ask.write:
            assert version not in known
            branch[ask.key] = max(version, branch[ask.key])
        else:
            assert version <= max(branch[ask.key], 0) or ask.key in self._unanswered()

    def _unanswered(self) -> set[int]:
        return {a.key for n, a in self.rig.asked.items() if a.write and n not in self.rig.clients.answers}

    # ---- what may happen

    @rule(data=st.data(), n=st.integers(1, 12))
    def traffic(self, data: st.DataObject, n: int) -> None:
        now = self.rig.core.now
        draw = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
        for _ in range(n):
            self.user = (self.user + 1) % 20
            at, key = now + draw.random() * 0.05, int(draw.integers(KEYS))
            work = draw.random() * (0.1 if draw.random() < 0.3 else 0.004)
            self.rig.at([Ask(at, key, bool(draw.random() < 0.5), self.user, work, int(draw.integers(3)))])
        self.run(5)

    @rule(n=st.integers(1, 8))
    def run(self, n: int) -> None:
        for _ in range(n):
            self._step()

    def _member(self, number: int) -> int | None:
        members = np.flatnonzero(self.db.nodes.member)
        return int(members[number % members.size]) if members.size else None

    @rule(number=NODES, up=st.booleans())
    def crash_or_restart(self, number: int, up: bool) -> None:
        node = self._member(number)
        if node is not None and bool(self.db.nodes.up[node]) != up:
            self.rig.down(self.db.nodes.names[node], up=up)
            self._sync()

    @rule(number=NODES)
    def cut_from_primary(self, number: int) -> None:
        node = self._member(number)
        if node is None:
            return
        primary = self.db.shards[int(self.db.shard_of_node[node])].primary
        if node != primary:
            self.rig.cut_nodes(self.db.nodes.names[primary], self.db.nodes.names[node])
            self._sync()

    @rule(zone=st.integers(0, 2))
    def cut_zone(self, zone: int) -> None:
        self.rig.cut_zone(zone)
        self._sync()

    @rule()
    def heal(self) -> None:
        self.rig.heal_links()
        self._sync()

    @rule(number=NODES, fence=st.booleans())
    def promote(self, number: int, fence: bool) -> None:
        node = self._member(number)
        if node is None or self.db.role_of[node] is not Role.REPLICA or not self.db.nodes.up[node]:
            return
        shard = self.db.shards[int(self.db.shard_of_node[node])]
        slow, old, now = self.slow[shard.index], shard.primary, self.rig.core.now
        gone = [r for r in slow.lost(node, now) if self.owner[r.key] == shard.index]
        before = {key: slow.value(key, len(slow.log)) for key in range(KEYS)}
        epoch = shard.epoch
        self.db.promote(shard.name, node, fence)
        self.rig.changed()
        note = shard.failovers[-1]
        assert note.lost == len(gone), "lost is exactly the log after the promoted position"
        assert {(k, t) for _, k, _, t in note.sample} <= {(r.key, r.written) for r in gone}
        assert shard.epoch == epoch + 1
        slow.promote(node, now)
        assert len(slow.log) == shard.log.head
        if fence:
            self.fenced[old] = now
        else:
            self.branches[old] = before
        self._sync()

    @rule(number=NODES)
    def demote(self, number: int) -> None:
        node = self._member(number)
        if node is None or not self.db.nodes.up[node]:
            return
        shard = self.db.shards[int(self.db.shard_of_node[node])]
        if node in shard.strays:
            self.db.demote(shard.name, node)
            self.fenced.pop(node, None)
            self.rig.changed()
            self._sync()

    @precondition(lambda self: len(self.db.shards) < 4)
    @rule()
    def add_shard(self) -> None:
        self.db.add_shard()
        self.slow.append(SlowShard())
        self.rig.changed()
        self._sync()

    @rule(number=st.integers(0, 3))
    def remove_shard(self, number: int) -> None:
        shard = self.db.shards[number % len(self.db.shards)]
        left = [s for s in self.db.shards if s.primary >= 0 and not s.leaving]
        if shard in left and len(left) > 1:
            self.db.remove_shard(shard.name)

    @rule(number=st.integers(0, 3))
    def add_replica(self, number: int) -> None:
        shard = self.db.shards[number % len(self.db.shards)]
        if shard.primary >= 0 and len(shard.nodes) < 6:
            self.db.add_replica(shard.name)
            self.rig.changed()

    @rule(keys=st.integers(1, 10), n=st.integers(0, 6))
    def copy(self, keys: int, n: int) -> None:
        self.db.copy_chunk(keys)
        self.run(n)

    # ---- what is always true

    @invariant()
    def one_owner_and_one_primary(self) -> None:
        db = self.db
        living = {s.index for s in db.shards if s.primary >= 0}
        assert set(db.places.owner.tolist()) <= living, "a key without a home"
        assert int(db.places.counts(len(db.shards)).sum()) == KEYS
        for shard in db.shards:
            primaries = [n for n in shard.nodes if db.role_of[n] is Role.PRIMARY and db.nodes.member[n]]
            assert primaries == ([shard.primary] if shard.primary >= 0 else [])
            for node, follower in shard.log.followers.items():
                n = shard.log.size
                assert db.role_of[node] in (Role.REPLICA, Role.SEEDING)
                assert (follower.received[:n][1:] >= follower.received[:n][:-1]).all()
                assert (follower.applied[:n] >= follower.received[:n]).all()
                assert shard.log.position(node, self.rig.core.now) <= shard.log.head

    @invariant()
    def the_newest_version_is_where_it_belongs(self) -> None:
        shown = self.db.committed(np.arange(KEYS), self.rig.core.now).tolist()
        for key in range(KEYS):
            slow = self.slow[self.owner[key]]
            assert shown[key] == slow.value(key, len(slow.log)), f"key {key}"

    def _held(self) -> int:
        """Rows that a server still holds; those whose answer was lost are held by their clients alone."""
        return int(np.count_nonzero(self.rig.core.flights.sides & SERVER))

    def teardown(self) -> None:
        """Faults end, commands end: then replicas are equal, plans are done, nothing is in flight (invariant 14)."""
        self.rig.heal_links()
        for node in range(len(self.db.nodes)):
            self.db.nodes.up[node] = True
        self.rig.changed()
        for shard in self.db.shards:
            for node in list(shard.strays):
                self.db.demote(shard.name, node)
        self.rig.changed()
        for _ in range(400):
            if not self.db.places.moving and not self.db.places.seeds and not self._held():
                break
            self.db.copy_chunk(50)
            self.rig.steps(1)
        self.rig.steps(100)
        assert not self.db.places.moving
        assert not self.db.places.seeds
        assert not self._held()
        assert not self.db.abandoned
        assert (self.db.places.owner == self.db.places.target).all()
        now = self.rig.core.now
        for shard in self.db.shards:
            if shard.primary >= 0:
                assert all(shard.log.position(node, now) == shard.log.head for node in shard.log.followers)


TestDatabaseMachine = DatabaseMachine.TestCase
TestDatabaseMachine.settings = settings(max_examples=40, stateful_step_count=30, suppress_health_check=list(HealthCheck))
