"""The servers that resolvers ask: root, TLD and the zone's authority, how far they are and what becomes of one query.

Root and TLD are anycast: everybody has one near, wherever the site stands. Faults act on the nodes "root", "tld" and the DNS
hosts' servers ("ns1", "ns2" of the site itself, "dyn-ns1" of a host "dyn"; down or frozen: no answer; slow: extra_s each way;
lossy: loss each way; error_rate: answers that are no use, a lame server; flooded: queries drown) and on links between the users'
side and them. Queries are UDP: what is lost is the resolver's business, not TCP's.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...core import Core, generator
from ...fabric import CITY
from ...nodes import Nodes

ANYCAST_RTT_S = 0.028  # medians to C-, F-, K- and L-root: 25-32 ms (Schmidt, Heidemann, Kuipers, PAM 2017)
RESOLVER_RTT_S = 0.0287  # median look-up answered from the resolver's cache (Moura et al., IMC 2019: 28.7 ms)
NOWHERE = -1  # zone of an anycast server: it stands in none of ours

ROOT, TLD, AUTHORITY = 0, 1, 2
LEVELS = ("root", "tld", "authority")
ANSWERED, USELESS, SILENT = 0, 1, 2


class Verdict(NamedTuple):
    """What became of a query: ANSWERED, USELESS or SILENT; `rtt` seconds from sending to the answer; event that explains it."""

    fate: int
    rtt: float
    event: int


class Levels:
    """Nodes of the tier "dns" and the way to them.

    servers[level]: indexes of the nodes of that level; the many root and TLD servers share the fate of one node each. The zone's
    are of all DNS hosts (a node's `group` is its host). flooded (nodes,): share of queries that drown in others (effect of
    faults). announced (nodes,): is there a route to it; left: the event that took it away.
    """

    def __init__(self, core: Core) -> None:
        self.core = core
        self.nodes = Nodes("dns")
        self.nodes.add("root", NOWHERE, "198.41.0.4")  # a.root-servers.net
        self.nodes.add("tld", NOWHERE, "192.5.6.30")  # a.gtld-servers.net
        self._add_hosts(core)
        self.servers: tuple[tuple[int, ...], ...] = ((0,), (1,), tuple(range(2, len(self.nodes))))
        self.flooded = np.zeros(len(self.nodes))
        self.announced = np.ones(len(self.nodes), dtype=np.bool_)
        self.left = np.zeros(len(self.nodes), dtype=np.int32)
        core.fabric.add_tier(self.nodes)
        self.rng = generator(core.seed, "dns loss")

    def _add_hosts(self, core: Core) -> None:
        """The servers of the scenario's DNS hosts; of the site itself if it names none."""
        zones = core.fabric.zones
        if not core.config.dns.hosts:
            self.nodes.add("ns1", 0, "203.0.113.2", "own")
            self.nodes.add("ns2", min(1, len(zones) - 1), "203.0.113.3", "own")
            return
        for host in core.config.dns.hosts:
            for i in range(host.servers):
                zone = zones.index(host.zone) if host.zone else i % len(zones)
                address = f"192.0.2.{len(self.nodes) - 1}"  # TEST-NET-1 (RFC 5737)
                self.nodes.add(f"{host.name}-ns{i + 1}", NOWHERE if host.anycast else zone, address, host.name)

    def one_way(self, city: int, node: int) -> float:
        """Seconds from a resolver in `city` to a server, nothing being wrong."""
        zone = int(self.nodes.zone[node])
        if zone == NOWHERE:
            return ANYCAST_RTT_S / 2.0
        return float(self.core.fabric.city_one_way[city, zone])

    def delay(self, city: int, node: int) -> float:
        """Seconds one way as things are now."""
        return self.one_way(city, node) + float(self.nodes.extra_s[node]) + self._links(city, node)[0]

    def judge(self, city: int, node: int) -> Verdict:
        """A query has been on its way for `delay` and is now where the server should be: does it answer, and how?"""
        nodes = self.nodes
        extra, keep, cut, event = self._links(city, node)
        event = event or int(nodes.event[node])
        rtt = 2.0 * (self.one_way(city, node) + float(nodes.extra_s[node]) + extra)
        if cut or not nodes.up[node] or nodes.speed[node] <= 0.0 or not self.announced[node]:
            event = event or int(self.left[node])
            return Verdict(SILENT, rtt, event)
        keep *= 1.0 - float(nodes.loss[node])
        if keep < 1.0 and not bool((self.rng.random(2) < keep).all()):  # there and back again
            return Verdict(SILENT, rtt, event)
        flooded = float(self.flooded[node])
        if flooded > 0.0 and float(self.rng.random()) < flooded:
            return Verdict(SILENT, rtt, event)
        wrong = float(nodes.error_rate[node])
        if wrong > 0.0 and float(self.rng.random()) < wrong:
            return Verdict(USELESS, rtt, event)
        return Verdict(ANSWERED, rtt, event)

    def _links(self, city: int, node: int) -> tuple[float, float, bool, int]:
        """(extra seconds one way, share that survives one way, cut, event) of the link rules between a city and a server."""
        extra, keep, cut, event = 0.0, 1.0, False, 0
        for rule in self.core.fabric.rules:
            if (self._meant(rule.a, CITY, city) and self._meant(rule.b, "dns", node)) or (
                self._meant(rule.b, CITY, city) and self._meant(rule.a, "dns", node)
            ):
                extra += rule.extra_s
                keep *= 1.0 - rule.loss
                cut = cut or rule.cut
                event = rule.event
        return extra, keep, cut, event

    def _meant(self, end: tuple[str, int, int], tier: str, index: int) -> bool:
        """As engine.fabric.Rule: (tier or *, node or -1, zone or -1)."""
        want, node, zone = end
        if want not in ("*", tier):
            return False
        if node >= 0:
            return node == index
        if zone >= 0:
            return tier == "dns" and int(self.nodes.zone[index]) == zone
        return True

    def members(self, level: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Indexes of a level's nodes, (n,)."""
        return np.array(self.servers[level], dtype=np.int64)
