"""DNS hosts and the registry: who has a copy of the zone, and whom the TLD names. Two parties that know nothing of each other.

The owner tells the registrar which hosts' name servers the domain has; the registry publishes that some time later. Resolvers
keep the set of servers that they were referred to for its TTL, whatever is published meanwhile, and a host may serve the zone
though nobody is referred to it, or be referred to though it does not serve (lame: it refuses). Sets are interned, as answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ...config import Dns as DnsConfig
from ...config import DnsHost
from .levels import AUTHORITY, Levels
from .zone import ZoneError

NOBODY = -1  # in place of a server: an address at which nothing answers
NO_DOMAIN = -1  # in place of a set's number: the TLD denies the domain
TLD_NEGATIVE_S = 900.0  # how long that denial is kept: SOA of com (dig com. SOA: TTL 900), RFC 2308 section 5
BEGINNING = 1  # event that explains what the scenario began with
OWN = DnsHost(anycast=False)


class Delegation(NamedTuple):
    """Indexes of hosts, and the servers (nodes, or NOBODY) that a resolver is told of, in the order in which it takes them."""

    hosts: tuple[int, ...]
    servers: tuple[int, ...]


class Providers:
    """The DNS hosts. Lists by host: `names`, `servers` (nodes), `serves` (has it a copy of the zone?).

    gone: effect of faults, the copy is lost. event: what took the copy from it last.
    """

    def __init__(self, config: DnsConfig, levels: Levels) -> None:
        hosts = config.hosts or (OWN,)
        nodes = levels.nodes
        self.names = [host.name for host in hosts]
        self.anycast = [host.anycast for host in hosts]
        self.serves = [host.serves for host in hosts]
        self.gone = [False] * len(hosts)
        self.event = [BEGINNING] * len(hosts)
        self.of_node = {i: self.names.index(nodes.group[i]) for i in levels.servers[AUTHORITY]}
        self.servers = [tuple(i for i, of in self.of_node.items() if of == host) for host in range(len(hosts))]

    def has_zone(self, host: int) -> bool:
        """Does it answer for the zone now?"""
        return self.serves[host] and not self.gone[host]

    def find(self, names: Iterable[str]) -> tuple[int, ...]:
        """Hosts by name, in the order given; ZoneError if there is no such host, or one is named twice."""
        found = []
        for name in names:
            if name not in self.names:
                raise ZoneError(f"there is no DNS host {name!r}; there is {', '.join(self.names)}")
            found.append(self.names.index(name))
        if len(set(found)) < len(found):
            raise ZoneError("a DNS host is named twice")
        return tuple(found)

    def words(self, hosts: Iterable[int]) -> str:
        """Names, as a person writes them."""
        return ", ".join(self.names[host] for host in hosts)

    def order(self, hosts: tuple[int, ...]) -> tuple[int, ...]:
        """All servers of these hosts, one of each in turn: resolvers spread over a set and know of no hosts."""
        most = max((len(self.servers[host]) for host in hosts), default=0)
        return tuple(self.servers[h][i] for i in range(most) for h in hosts if i < len(self.servers[h]))


class Registry:
    """What the registrar was told last (`told`), what is published of it (`owners`) and what the TLD says now (`at_tld`).

    pending: (when it is published, hosts, event that ordered it). known: numbers of the sets that were ever at the TLD or in
    the zone. Effects of faults: hijacked, expired (their event, 0 = not), glue (host -> event: its addresses there are wrong).
    """

    def __init__(self, providers: Providers, first: tuple[int, ...]) -> None:
        self.providers = providers
        self.told = first
        self.owners = first
        self.apex = first  # whom the zone's own NS records name, if answers carry them
        self.pending: list[tuple[float, tuple[int, ...], int]] = []
        self.sets: list[Delegation] = []
        self.event: list[int] = []  # by set: what made it
        self.known: list[int] = []
        self.hijacked = 0
        self.expired = 0
        self.glue: dict[int, int] = {}
        self.at_tld = 0
        self.refresh(BEGINNING)
        self.note()

    def number(self, delegation: Delegation, event: int) -> int:
        """Number of a set."""
        if delegation not in self.sets:
            self.sets.append(delegation)
            self.event.append(event)
        found = self.sets.index(delegation)
        self.event[found] = event or self.event[found]
        return found

    def refresh(self, event: int = 0) -> None:
        """Derive what the TLD says from what is published and the effects of faults."""
        if self.expired:
            self.at_tld = NO_DOMAIN
        elif self.hijacked:
            self.at_tld = self.number(Delegation((), (NOBODY, NOBODY)), self.hijacked)
        else:
            providers = self.providers
            servers = tuple(NOBODY if providers.of_node[s] in self.glue else s for s in providers.order(self.owners))
            self.at_tld = self.number(Delegation(self.owners, servers), max(self.glue.values(), default=event))

    def note(self) -> None:
        """What the TLD says is known from now on."""
        if self.at_tld != NO_DOMAIN and self.at_tld not in self.known:
            self.known.append(self.at_tld)

    def publish(self, hosts: tuple[int, ...], event: int) -> None:
        """The registry puts NS records of these hosts into the TLD."""
        self.owners = hosts
        self.refresh(event)

    def of_zone(self) -> int:
        """Number of the set that the zone's own NS records name."""
        found = self.number(Delegation(self.apex, self.providers.order(self.apex)), 0)
        if found not in self.known:
            self.known.append(found)
        return found

    def reset(self) -> None:
        """No fault acts on the registry."""
        self.hijacked = self.expired = 0
        self.glue = {}
        self.refresh()
