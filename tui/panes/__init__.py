"""The panes: one file each, one row each in `PANES`. A new row appears by itself in keys, pages, help and the palette."""

from __future__ import annotations

from ..pane import PaneSpec
from .balancer import BalancerPane
from .cache import CachePane
from .dns import DnsPane
from .log import LogPane
from .map import MapPane
from .replication import ReplicationPane
from .requests import RequestsPane
from .shards import ShardsPane

__all__ = ["PANES"]

# id, key, title, how to make one, column of two and of three, rows it would like
PANES: tuple[PaneSpec, ...] = (
    PaneSpec("map", "1", "Map", MapPane, (0, 0), 15),
    PaneSpec("dns", "2", "DNS", DnsPane, (1, 1), 8),
    PaneSpec("balancer", "3", "Load balancer", BalancerPane, (0, 0), 9),
    PaneSpec("cache", "4", "Cache", CachePane, (1, 1), 9),
    PaneSpec("replication", "5", "Replication", ReplicationPane, (1, 1), 9),
    PaneSpec("shards", "6", "Shards", ShardsPane, (0, 2), 9),
    PaneSpec("log", "7", "Log", LogPane, (1, 2), 11),
    PaneSpec("requests", "8", "Requests", RequestsPane, (0, 2), 7),
)
