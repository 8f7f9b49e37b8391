"""The panes: one file each, one row each in `PANES`. A new row appears by itself in keys, pages, help and the palette."""

from __future__ import annotations

from ..pane import PaneSpec
from .balancer import BalancerPane
from .cache import CachePane
from .cdn import CdnPane
from .dns import DnsPane
from .log import LogPane
from .map import MapPane
from .queue import QueuePane
from .regions import RegionsPane
from .replication import ReplicationPane
from .requests import RequestsPane
from .sessions import SessionsPane
from .shards import ShardsPane

__all__ = ["PANES"]

# id, key, title, how to make one, column of two and of three, rows it would like, letter in the menu of all panes.
# A system that not every scenario has also says when it is present, and why it is absent.
PANES: tuple[PaneSpec, ...] = (
    PaneSpec("map", "1", "Map", MapPane, (0, 0), 15, "m"),
    PaneSpec("dns", "2", "DNS", DnsPane, (1, 1), 8, "d"),
    PaneSpec("balancer", "3", "Load balancer", BalancerPane, (0, 0), 9, "b"),
    PaneSpec("cache", "4", "Cache", CachePane, (1, 1), 9, "c"),
    PaneSpec("replication", "5", "Replication", ReplicationPane, (1, 1), 9, "p"),
    PaneSpec("shards", "6", "Shards", ShardsPane, (0, 2), 9, "h"),
    PaneSpec("log", "7", "Log", LogPane, (1, 2), 11, "l"),
    PaneSpec("requests", "8", "Requests", RequestsPane, (0, 2), 7, "e"),
    PaneSpec(
        "sessions", "", "Sessions", SessionsPane, (0, 0), 8, "s", present=lambda s: s.sessions is not None,
        absent="no sessions are kept: a scenario with [sessions] keeps them, and so does the option sessions.store.",
    ),
    PaneSpec(
        "regions", "", "Regions", RegionsPane, (0, 0), 7, "r", present=lambda s: s.regions is not None,
        absent="there is one front door for all: a scenario with regions.fronts has one in each region.",
    ),
    PaneSpec(
        "queue", "0", "Queue", QueuePane, (0, 0), 9, "q",
        present=lambda s: s.queue is not None, absent="this system has no queue: add a message broker (g q) to have one.",
    ),
    PaneSpec(
        "cdn", "9", "CDN", CdnPane, (0, 0), 16, "n", present=lambda s: s.cdn is not None,
        absent="this system has no CDN: a scenario with [cdn] has one.",
    ),
)
