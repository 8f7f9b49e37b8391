"""One machine for web server and database: one queue for pages and queries, one fate; and the database's move off it and back."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from engine.agents import AGENTS
from engine.checks import Checked, check
from engine.commands import AddNode, Heal, Inject, Order, RemoveNode, Resize, Restart, Separate, SetOption, Undo, WorldCommand
from engine.config import DatabasePart, Machines, Network, Scenario, Service, Traffic, Users, WebPart, Zone
from engine.runtime import run_headless
from engine.scenarios.file import ScenarioError, parse
from engine.selfcheck.worlds import READ, WRITE, at_clients, part, plain
from engine.snapshot import Event
from engine.state import dumps, loads
from engine.tables import catalogue
from engine.world import World
from tui.menus import scale_menu

PAGE_MS, QUERY_MS = 4.0, 6.0


def one_machine(rate: float, *, shared: bool = True, writes: float = 0.2, zones: int = 1, **more: object) -> Scenario:
    """A web server and a database of one worker each, exponential demands."""
    routes = tuple(msgspec.structs.replace(r, share=s) for r, s in ((READ, 1.0 - writes), (WRITE, writes)) if s)
    query = Service(QUERY_MS, 0.0, 1.0)
    return plain(
        step_ms=10.0,
        users=Users(count=300, cities=("London",)),
        network=Network(zones=tuple(Zone("abc"[i], "uksouth") for i in range(zones))),
        traffic=Traffic(requests_per_second=rate, keys=1_000, zipf=0.0),
        route=routes,
        web=WebPart(nodes=1, workers=1, service=Service(PAGE_MS, 0.0, 1.0), queue=0),
        database=part("database", read=query, write=query, timeout=2.0),
        machines=Machines(shared=shared, boot=0.5),
        **more,
    )


class Rig:
    """A world with its checker and agents, and somebody who gives orders."""

    def __init__(self, config: Scenario, seed: int = 3) -> None:
        self.world = World(config, seed)
        self.checked = Checked(self.world)
        self.number = 0

    def give(self, command: WorldCommand) -> Event:
        first = self.world.core.log.next_id
        self.checked.step([Order("you", self.number, command)])
        self.number += 1
        event = self.world.core.log.find(first)
        assert event is not None
        return event

    def run(self, seconds: float) -> None:
        run_headless(self.checked, AGENTS, seconds)

    def texts(self) -> list[str]:
        return [event.text for event in self.world.core.log.events]


def test_pages_and_queries_are_served_by_one_queue() -> None:
    """M/G/1 with the sum of both demands (Pollaczek-Khinchine), not two queues in a row: 27.7 ms against 16.2 ms at 70/s."""
    rate, cold = 70.0, 20.0
    mean, square = (PAGE_MS + QUERY_MS) / 1e3, 2.0 * (PAGE_MS**2 + QUERY_MS**2 + PAGE_MS * QUERY_MS) / 1e6
    one_queue = mean + rate * square / 2.0 / (1.0 - rate * mean)
    apart = sum(1.0 / (1e3 / ms - rate) for ms in (PAGE_MS, QUERY_MS))
    for shared, expected in ((True, one_queue), (False, apart)):
        world = World(msgspec.structs.replace(one_machine(rate, shared=shared, writes=0.0), step_ms=20.0), 3)
        ear = at_clients(world)
        run_headless(world, AGENTS, 900.0)
        heard = ear.heard()
        warm = heard["sent"] >= cold
        assert (heard["wait"] + heard["service"])[warm].mean() == pytest.approx(expected, rel=0.06)
        assert world.core.ledger.late.sum[0] == 0


def test_they_have_one_price_one_load_and_one_place() -> None:
    rig = Rig(one_machine(60.0, zones=3))
    rig.run(5.0)
    nodes = {n.name: n for n in rig.world.snapshot().map.nodes if n.tier in ("web", "db")}
    assert nodes["web-1"].utilisation == nodes["db-a1"].utilisation > 0.3
    assert (nodes["web-1"].price, nodes["db-a1"].price) == (0.096, 0.0)
    assert nodes["web-1"].at == nodes["db-a1"].at
    assert nodes["db-a1"].verdict == "on web-1's machine"
    assert rig.world.snapshot().headline.cost_per_hour == pytest.approx(0.096)


FATES = [(fault, target) for fault in ("crash", "slow", "freeze") for target in ("web-1", "db-a1", "zone:a", "db")]


@pytest.mark.parametrize(("fault", "target"), [*FATES, ("packet_loss", "web-1"), ("packet_loss", "db-a1")])
def test_what_befalls_one_befalls_both_once_and_heals(fault: str, target: str) -> None:
    rig = Rig(one_machine(40.0))
    rig.run(1.0)
    web, db = rig.world.web.nodes, rig.world.database.nodes
    rig.give(Inject(fault, target, {"slow": 3.0, "packet_loss": 50.0}.get(fault)))
    for nodes in (web, db):
        assert nodes.up[0] == (fault != "crash")
        assert nodes.speed[0] == pytest.approx({"slow": 1 / 3, "freeze": 0.0}.get(fault, 1.0))
        assert nodes.loss[0] == pytest.approx(0.5 if fault == "packet_loss" else 0.0)
    rig.run(1.0)
    rig.give(Heal(rig.world.faults.active()[0].target))
    assert (web.up[0], db.up[0], web.speed[0], db.speed[0], web.loss[0], db.loss[0]) == (True, True, 1.0, 1.0, 0.0, 0.0)
    rig.run(2.0)


def test_they_restart_and_grow_together() -> None:
    rig = Rig(one_machine(40.0))
    rig.run(1.0)
    rig.give(Restart("db-a1"))
    assert rig.world.web.nodes.born[0] == rig.world.database.nodes.born[0] == pytest.approx(1.0)
    told = rig.give(Resize("db-a1"))  # its machine
    assert "m5.xlarge" in told.text
    assert not rig.world.web.nodes.up[0]
    assert not rig.world.database.nodes.up[0]
    rig.run(1.0)
    assert rig.world.web.nodes.size[0] == "m5.xlarge"
    assert rig.world.web.stations.nodes.workers[0] == 2
    assert rig.world.core.fabric.price() == pytest.approx(0.192)


@pytest.mark.parametrize("writes", [0.2, 0.6])
def test_the_database_moves_out_and_back_under_traffic_and_nothing_is_lost(writes: float) -> None:
    rig = Rig(one_machine(60.0, writes=writes, zones=3))
    rig.run(3.0)
    assert rig.give(Separate()).keys == "g m"
    assert "already" in rig.give(Separate()).text
    rig.run(12.0)
    database, ledger = rig.world.database, rig.world.core.ledger
    assert database.guest == -1
    assert database.roles() == {"db-a1": "removed", "db-a2": "primary"}
    assert rig.world.core.fabric.price() == pytest.approx(0.096 + 0.126)
    assert rig.world.database.load().utilisation[1] > 0.1
    assert "db-a2 is the database, on a machine of its own" in rig.texts()
    failed = int(ledger.outcomes.sum[2])
    assert 0 < failed < 0.1 * int(ledger.arrived.sum[0])  # writes of a second or so, and no others
    rig.give(Undo())
    rig.run(12.0)
    assert database.guest == database.nodes.index("db-a3")
    assert database.nodes.zone[database.guest] == rig.world.web.nodes.zone[0]
    assert rig.world.core.fabric.price() == pytest.approx(0.096)
    assert database.reading().lost_writes == 0
    assert rig.world.database.load().utilisation[database.guest] == 0.0
    rig.give(SetOption("traffic.requests_per_second", 0.0))
    rig.run(5.0)
    check(rig.world)
    assert rig.world.core.flights.live().size == 0


def test_a_move_whose_new_machine_dies_is_given_up_and_writes_go_on() -> None:
    rig = Rig(one_machine(60.0))
    rig.run(2.0)
    rig.give(Separate())
    while rig.world.database.roles()["db-a2"] != "replica":
        rig.run(0.01)
    rig.give(Inject("crash", "db-a2"))
    rig.run(0.1)
    assert rig.world.move is None
    assert rig.world.database.writable_from[0] <= rig.world.now
    assert "db-a1 stays where it is: db-a2 failed" in rig.texts()
    before = rig.world.database.shards[0].log.head
    rig.run(3.0)
    assert rig.world.database.shards[0].log.head > before + 10


REFUSED = [
    (one_machine(1.0), AddNode("web"), "share a machine"),
    (one_machine(1.0), AddNode("cache"), "share a machine"),
    (one_machine(1.0), AddNode("shard"), "share a machine"),
    (one_machine(1.0), Separate(back=True), "lives on web-1's machine already"),
    (one_machine(1.0, shared=False), Separate(), "has a machine of its own already"),
    (Scenario(), Separate(back=True), "there are more web servers than one machine holds"),
    (one_machine(1.0), RemoveNode("web-1"), "is the last of its kind"),
]


@pytest.mark.parametrize(("config", "command", "why"), REFUSED, ids=[str(i) for i in range(len(REFUSED))])
def test_what_one_machine_cannot_hold_is_refused(config: Scenario, command: WorldCommand, why: str) -> None:
    rig = Rig(config)
    assert why in rig.give(command).text


def test_a_scenario_that_shares_has_one_of_each() -> None:
    text = "[machines]\nshared = true\n[web]\nnodes = 1\n[balancer]\nnodes = 0\n[cache]\nnodes = 0\n[database]\nshards = 1\n"
    assert parse(text + "replicas = 0\n", "x.toml").machines.shared
    with pytest.raises(ScenarioError, match="one machine holds one web server and one database"):
        parse(text + "replicas = 1\n", "x.toml")


def test_a_shared_world_is_a_value_in_the_middle_of_a_move() -> None:
    rig = Rig(one_machine(50.0))
    rig.run(2.0)
    rig.give(Separate())
    rig.run(0.3)
    again = loads(dumps(rig.world), World)[0]
    assert again.move == rig.world.move is not None
    for world in (again, rig.world):
        run_headless(world, AGENTS, 5.0)
    assert again.digest() == rig.world.digest()
    assert np.array_equal(again.database.nodes.guest, rig.world.database.nodes.guest)
    assert DatabasePart().size == ""


def test_the_menu_moves_it_with_the_key_that_the_log_tells() -> None:
    """Only where there is one web server and one database; the other way round once it has moved."""
    away, back = "own machine for the database", "database onto the web server's machine"
    for shared, keys, title in ((True, "m", away), (False, "M", back)):
        world = World(one_machine(1.0, shared=shared))
        world.step()
        rows = {item.title: item.keys for item in scale_menu(catalogue(world), world.snapshot(), "").items}
        assert rows[title] == keys
        assert len({title for title in rows if "machine" in title and "database" in title}) == 1
    world = World(Scenario())
    world.step()
    assert not any("database" in item.title for item in scale_menu(catalogue(world), world.snapshot(), "").items)
