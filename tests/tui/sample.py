"""Realistic snapshots for tests and pictures: the system on a calm day, in trouble, before its first step, and very large.

The values hang together as in a real run (shares sum to one, a dead cache node's keys go to the others, lag is positions
behind the head), so that a picture of them shows what people would see. `python -m tests.tui.sample trouble out.msgpack`
writes one for tools that draw.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from engine.snapshot import (
    SNAPSHOT_VERSION,
    ActiveFault,
    Balancer,
    Cache,
    Clients,
    Dns,
    Headline,
    Map,
    Pace,
    Replication,
    Shards,
    Snapshot,
    Totals,
)

if __package__:  # python -m tests.tui.sample
    from .sample_automation import automation_part
    from .sample_cdn import cdn
    from .sample_queue import queue_part
    from .sample_regions import regions_part
    from .sample_sessions import sessions_part
    from .sample_story import Story
else:  # pytest puts this folder on the path
    from sample_automation import automation_part
    from sample_cdn import cdn
    from sample_queue import queue_part
    from sample_regions import regions_part
    from sample_sessions import sessions_part
    from sample_story import Story


class Builder(Story):
    """Makes one snapshot."""

    def snapshot(self) -> Snapshot:
        """The whole."""
        faults = (
            ActiveFault(1, "crash", next(iter(self.dead_cache), "cache-2"), 0.0, 212.0, "you", 7, "crashed"),
            ActiveFault(2, "slow", self.web[-1], 4.0, 130.0, "scenario", 2, "4 times slower"),
            ActiveFault(3, "latency", "web~db", 20.0, 140.0, "you", 2, "+20 ms"),
        )
        return Snapshot(
            version=SNAPSHOT_VERSION,
            scenario="default",
            seed=7,
            step=22_120,
            now=221.2,
            dt=0.01,
            pace=Pace(1.0, 1.0, 0.42, False, 1),
            headline=self.headline(),
            totals=Totals(9_000_000, 8_990_000, 8_000, 1_500, 500, 9_100_000, 90_000, 7_000, 3_000, 40),
            clients=Clients(1.02, 860.0, 190.0 if self.trouble else 0.0, 0.6, True, "full jitter"),
            map=self.map(),
            dns=self.dns(),
            balancer=self.balancer(),
            cache=self.cache_part(),
            replication=self.replication(),
            shards=self.shards_part(),
            events=self.events(),
            faults=faults if self.trouble else (),
            traces=self.traces(),
            hint="press f to break something",
            sessions=sessions_part(self.web, tuple(self.dead_web), trouble=self.trouble),
            queue=queue_part(trouble=self.trouble),
        )


def calm() -> Snapshot:
    """All is well."""
    return Builder(trouble=False).snapshot()


def trouble() -> Snapshot:
    """A dead cache node, a slow web server, a lagging replica, a slow link, keys on the move."""
    return Builder(trouble=True).snapshot()


def huge() -> Snapshot:
    """400 web servers (two dead, one slow), 24 cache nodes, 40 shards of three, guards: more than fits anywhere."""
    snapshot = Builder(trouble=True, web=400, cache=24, shards=40).snapshot()
    return msgspec.structs.replace(snapshot, automation=automation_part())


def whole(snapshot: Snapshot) -> Snapshot:
    """The same with the systems that not every scenario has: a CDN, regions; before the first step there is nothing."""
    if not snapshot.step:
        return snapshot
    bad = bool(snapshot.faults)
    return msgspec.structs.replace(snapshot, cdn=cdn(trouble=bad), regions=regions_part(trouble=bad))


def empty() -> Snapshot:
    """Before the first step: no nodes, no data, no words."""
    return Snapshot(
        version=SNAPSHOT_VERSION,
        scenario="",
        seed=0,
        step=0,
        now=0.0,
        dt=0.01,
        pace=Pace(),
        headline=Headline(0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.999, 1.0, 0.0),
        totals=Totals(0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
        clients=Clients(0.0, 0.0, 0.0, 0.0, False, ""),
        map=Map("", (), ()),
        dns=Dns("", 0.0, (), (), 0, 0, 0.0, 0.0, 0.0, 0, 0, 0, 0),
        balancer=Balancer("", "", "", "", 0.0, False, 0, 0, ()),
        cache=Cache("", "", 0.0, False, False, False, 0.0, "", 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0, 0, ()),
        replication=Replication("", "", (), 0.0, 0, 0, 0, False),
        shards=Shards("", "", (), False, 0, 0, 0.0, 0.0, 0.0, 0.0, 0.0),
    )


SAMPLES = {"calm": calm, "trouble": trouble, "huge": huge, "empty": empty}

if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(msgspec.msgpack.encode(SAMPLES[sys.argv[1]]()))
