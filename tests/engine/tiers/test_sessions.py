"""Sessions in a whole world: where they are is where they are found, and what each store survives."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from world_rig import QUICK, Rig

from engine.causes import Cause
from engine.commands import AddNode, Drain, Heal, HealAll, Inject, RemoveNode, Restart, SetOption
from engine.config import Scenario, SessionsPart
from engine.state import copy, fingerprint
from engine.tiers.sessions.book import GONE, KINDS, MEMORY, NONE

STORES = ("memory", "files", "shared", "database", "cookie")
ROUND = msgspec.structs.replace(QUICK.balancer, policy="round_robin", slow_start=0.0)


def rig_of(store: str, **more: object) -> Rig:
    part = SessionsPart(store=store, nodes=2, **more)  # type: ignore[arg-type]
    config: Scenario = msgspec.structs.replace(QUICK, sessions=part, balancer=ROUND)
    return Rig(config)


def lost(rig: Rig, *but: str) -> dict[str, int]:
    """Sessions lost by cause, those left out that were not."""
    record = rig.world.sessions.record()
    return {name[5:]: n for name, n in record.items() if name.startswith("lost_") and n and name[5:] not in but}


@pytest.mark.parametrize("store", STORES)
def test_every_user_has_one_session_and_finds_it(store: str) -> None:
    rig = rig_of(store)
    rig.run(600)
    record = rig.world.sessions.record()
    assert record["started"] == record["alive"] == QUICK.users.count
    assert record["found"] > 200
    assert lost(rig) == {}
    place = rig.world.sessions.book.held
    assert place.sum() == place[KINDS.index(store)].sum() == record["alive"]


@pytest.mark.parametrize("store", STORES)
def test_a_world_with_sessions_is_a_value(store: str) -> None:
    rig = rig_of(store, stay=1.0, life=0.8)
    rig.run(150)
    twin = copy(rig.world)
    assert fingerprint(twin) == fingerprint(rig.world)
    other = rig_of(store)
    other.take(twin)
    for each in (rig, other):
        each.give(Inject("crash", "web-2"))
        each.run(150)
    assert rig.world.digest() == other.world.digest()
    assert fingerprint(rig.world) == fingerprint(other.world)


def test_memory_dies_with_its_server_and_with_nobody_else() -> None:
    rig = rig_of("memory")
    rig.run(500)
    book = rig.world.sessions.book
    theirs = book.at(MEMORY, 1)
    others = np.concatenate([book.at(MEMORY, 0), book.at(MEMORY, 2)])
    rig.give(Inject("crash", "web-2"))
    rig.run(1)
    assert lost(rig) == {"server": theirs.size}
    assert theirs.size > 10
    assert (book.kind[theirs] == GONE).sum() >= theirs.size - 3
    rig.run(300)
    assert lost(rig) == {"server": theirs.size}
    assert (book.kind[others] == MEMORY).all()
    assert rig.world.sessions.counts.noticed == np.count_nonzero(book.kind[theirs] == MEMORY)
    told = [event for event in rig.world.core.log.events if event.by == "sessions"]
    assert told[0].text == f"{theirs.size} sessions lost with web-2"
    assert rig.world.core.log.chain(told[0].id)[-1] == next(e.id for e in rig.world.core.log.events if e.by == "you")


def test_files_outlive_a_process_and_not_a_machine() -> None:
    rig = rig_of("files")
    rig.run(500)
    rig.give(Restart("web-2"))
    rig.run(1)
    assert lost(rig) == {}
    theirs = int(rig.world.sessions.book.held[KINDS.index("files"), 2])
    rig.give(RemoveNode("web-3"))
    rig.run(1)
    assert lost(rig) == {"server": theirs}


@pytest.mark.parametrize("store", ["shared", "database", "cookie"])
def test_what_is_not_on_servers_outlives_them(store: str) -> None:
    rig = rig_of(store)
    rig.run(300)
    for name in ("web-1", "web-2"):
        rig.give(Inject("crash", name))
        rig.run(200)
        rig.give(HealAll())
        rig.run(200)
    assert lost(rig) == {}


def test_a_store_node_takes_what_it_had() -> None:
    rig = rig_of("shared")
    rig.run(400)
    sessions = rig.world.sessions
    theirs = int(sessions.book.held[KINDS.index("shared"), 0])
    rig.give(Inject("crash", "store-1"))
    rig.run(1)
    assert lost(rig) == {"store": theirs}
    rig.run(200)
    assert sessions.counts.without > 10
    assert "store" in sessions.reading().verdict
    rig.give(Heal("store-1"))
    rig.run(200)
    assert lost(rig) == {"store": theirs}
    assert sessions.counts.noticed > 0


def test_a_store_that_is_emptied_goes_on() -> None:
    rig = rig_of("shared")
    rig.run(400)
    theirs = int(rig.world.sessions.book.held[KINDS.index("shared")].sum())
    rig.give(Inject("flush_store", "store"))
    rig.run(300)
    assert lost(rig) == {"emptied": theirs}
    assert rig.world.sessions.record()["without"] == 0
    assert rig.world.sessions.record()["alive"] > 30
    assert rig.world.faults.active() == ()


@pytest.mark.parametrize(("fault", "target"), [("freeze", "store"), ("partition", "web~store"), ("error_rate", "store")])
def test_a_store_that_does_not_answer_loses_nothing(fault: str, target: str) -> None:
    rig = rig_of("shared")
    rig.run(400)
    record = rig.world.sessions.record
    before = record()
    rig.give(Inject(fault, target, 100.0 if fault == "error_rate" else None))
    rig.run(200)
    during = record()
    assert during["without"] > 50
    assert during["found"] - before["found"] < 10
    rig.give(HealAll())
    rig.run(200)
    after = record()
    assert after["found"] > during["found"] + 50
    assert after["started"] == after["alive"]
    assert lost(rig) == {}


def test_a_slow_store_makes_pages_wait() -> None:
    calm, slow = rig_of("shared"), rig_of("shared")
    slow.give(Inject("slow", "store", 500.0))
    for rig in (calm, slow):
        rig.run(600)
    p50 = [rig.world.history.metric("p50_ms", 1.0, 0.0) or 0.0 for rig in (calm, slow)]
    assert p50[1] > p50[0] + 0.5 * 500 * 21.7e-3
    assert slow.world.sessions.load().utilisation.max() > 0.3


def test_a_database_works_for_sessions() -> None:
    bare, rig = rig_of("memory"), rig_of("database")
    for each in (bare, rig):
        each.run(600)
    record = rig.world.sessions.record()
    asked = record["found"] + record["started"]
    assert record["queries"] - asked == pytest.approx(record["started"], abs=3)  # those under way
    jobs = [int(each.world.database.stations.totals.departures.sum()) for each in (bare, rig)]
    assert jobs[1] - jobs[0] > 0.8 * record["queries"]
    busy = [float(each.world.database.stations.busy_seconds(each.world.now).sum()) for each in (bare, rig)]
    assert busy[1] - busy[0] > 2e-3 * record["queries"]


def test_a_database_without_a_node_for_a_user_gives_no_session_and_loses_none() -> None:
    rig = rig_of("database")
    rig.run(300)
    rig.give(Inject("crash", "s1"))
    rig.run(100)
    assert rig.world.sessions.record()["without"] > 5
    rig.give(HealAll())
    rig.run(300)
    assert lost(rig) == {}


def test_cookies_weigh_and_only_a_new_key_takes_them_back() -> None:
    rig = rig_of("cookie", bytes=1_500, stay=0.5)
    rig.run(400)
    record = rig.world.sessions.record()
    assert record["cookie_bytes"] >= record["found"] * (2_000 + 52)
    assert record["unrevoked"] == record["ended"] > 20
    alive = record["alive"]
    rig.give(Inject("rotate_key", "traffic"))
    rig.run(1)
    assert alive - 5 <= lost(rig)["rotated"] <= alive + 5


def test_a_cookie_that_is_too_big_is_never_kept() -> None:
    rig = rig_of("cookie")
    rig.run(300)
    rig.give(SetOption("sessions.bytes", 3_100))
    rig.run(300)
    record = rig.world.sessions.record()
    assert set(lost(rig)) == {"too_big"}
    assert record["lost_too_big"] > record["alive"] * 2


@pytest.mark.parametrize(
    ("old", "new"),
    [("memory", "shared"), ("memory", "cookie"), ("files", "database"), ("shared", "database"), ("shared", "memory"),
     ("database", "shared"), ("cookie", "files")],
)  # fmt: skip
def test_a_switch_loses_what_is_not_carried(old: str, new: str) -> None:
    cold, warm = rig_of(old), rig_of(old, migrate=True)
    for rig in (cold, warm):
        rig.run(300)
        rig.give(SetOption("sessions.store", new))
        rig.run(300)
        book = rig.world.sessions.book
        assert book.alive == book.held[KINDS.index(new)].sum() + rig.world.sessions.reading().old
    # of a user's two requests under way at the switch the other may be at a server that does not have what the one carried over
    assert sum(lost(warm).values()) <= (2 if new in ("memory", "files") else 0)
    assert warm.world.sessions.record()["carried"] > 50
    assert cold.world.sessions.record()["carried"] == 0
    assert lost(cold)["switched"] > 50


def test_without_stickiness_a_servers_memory_is_of_no_use() -> None:
    rig = rig_of("memory", sticky=False)
    rig.run(500)
    record = rig.world.sessions.record()
    assert record["lost_elsewhere"] > record["found"]
    assert not rig.world.sessions.affinity.on


def test_who_drains_gives_its_users_to_others() -> None:
    rig = rig_of("memory")
    rig.run(400)
    theirs = int(rig.world.sessions.book.held[MEMORY, 0])
    rig.give(Drain("web-1"))
    rig.run(600)
    assert lost(rig)["elsewhere"] >= 0.9 * theirs


def test_new_servers_stay_cold_while_users_stick() -> None:
    rig = rig_of("memory")
    rig.run(400)
    rig.give(AddNode("web"))
    rig.run(300)
    assert rig.world.sessions.book.held[MEMORY, 3] == 0
    assert rig.world.balancer.choice.sent.sum[3] == 0
    cold = next(h for h in rig.world.sessions.reading().homes if h.name == "web-4")
    assert "cold" in cold.verdict
    rig.give(Inject("forget_affinity", "traffic"))
    rig.run(300)
    assert rig.world.sessions.book.held[MEMORY, 3] > 3
    assert set(lost(rig)) == {"elsewhere"}


def test_a_new_store_node_takes_users_whose_sessions_stay_behind() -> None:
    rig = rig_of("shared")
    rig.run(400)
    rig.give(AddNode("store"))
    rig.run(500)
    share = rig.world.sessions.shares([2])
    assert set(lost(rig)) == {"rehomed"}
    assert lost(rig)["rehomed"] == pytest.approx(share * QUICK.users.count, abs=12)


def test_a_full_store_evicts_and_never_holds_more() -> None:
    rig = rig_of("shared", capacity=15)
    for _ in range(40):
        rig.run(10)
        assert rig.world.sessions.book.held[KINDS.index("shared")].max() <= 15
    assert set(lost(rig)) == {"evicted"}


def test_a_lost_session_may_be_an_error() -> None:
    rig = rig_of("memory", lost="error")
    rig.run(400)
    rig.give(Inject("crash", "web-2"))
    rig.run(400)
    causes = rig.world.core.ledger.causes.sum
    assert int(causes[Cause.SESSION_LOST]) == rig.world.sessions.counts.noticed > 5


def test_sessions_may_begin_and_end_while_all_goes_on() -> None:
    rig = Rig(msgspec.structs.replace(QUICK, balancer=ROUND))
    assert rig.world.snapshot().sessions is None
    rig.run(100)
    for store in ("memory", "none", "cookie"):
        rig.give(SetOption("sessions.store", store))
        rig.run(200)
    assert rig.world.sessions.record()["alive"] > 50
    rig.give(SetOption("sessions.store", "shared"))
    rig.run(1)
    assert "there is no store node yet" in rig.world.core.log.events[-1].text
    assert rig.world.sessions.book.kind[0] in (NONE, KINDS.index("cookie"))
