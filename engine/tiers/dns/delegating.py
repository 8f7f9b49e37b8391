"""What the owner does with registrar and DNS hosts: live settings of the DNS tier, all of them words (names with commas)."""

from __future__ import annotations

from ...core import Core
from ..base import Tier
from .levels import Levels
from .providers import Providers, Registry
from .zone import ZoneError


def _words(text: str) -> list[str]:
    """The names in a list with commas between; "none" is nobody."""
    return [] if text.strip() in ("", "none") else [word.strip() for word in text.split(",")]


class Delegating(Tier):
    """Part of the DNS tier. `publish`: seconds until the registry has what the registrar was told."""

    levels: Levels
    providers: Providers
    registry: Registry

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        config = core.config.dns
        self.levels = Levels(core)
        self.nodes = self.levels.nodes
        self.providers = Providers(config, self.levels)
        self.registry = Registry(self.providers, self.providers.find(config.delegation) or (0,))
        self.publish = config.publish
        self._withdraw: str = config.withdraw

    @property
    def delegation(self) -> str:
        """The hosts that the registrar was told last."""
        return self.providers.words(self.registry.told)

    @delegation.setter
    def delegation(self, text: str) -> None:
        hosts = self.providers.find(_words(text))
        if not hosts:
            raise ZoneError("a domain without name servers is no domain: name a DNS host")
        registry = self.registry
        registry.told = hosts
        ordered = self.core.log.next_id  # the event that tells of it is the next
        registry.pending.append((self.core.now + self.publish, hosts, ordered))

    @property
    def zone_at(self) -> str:
        """The hosts that have a copy of the zone."""
        return self.providers.words(h for h, serves in enumerate(self.providers.serves) if serves) or "none"

    @zone_at.setter
    def zone_at(self, text: str) -> None:
        hosts, providers = self.providers.find(_words(text)), self.providers
        for host in range(len(providers.names)):
            if providers.serves[host] and host not in hosts:
                providers.event[host] = self.core.log.next_id
            providers.serves[host] = host in hosts

    @property
    def zone_ns(self) -> str:
        """The hosts that the zone's own NS records name."""
        return self.providers.words(self.registry.apex)

    @zone_ns.setter
    def zone_ns(self, text: str) -> None:
        hosts = self.providers.find(_words(text))
        if not hosts:
            raise ZoneError("a zone has NS records: name a DNS host")
        self.registry.apex = hosts

    @property
    def withdraw(self) -> str:
        """When anycast name servers that do not reach the site leave the net: never, always, fail_open (not all of a host)."""
        return self._withdraw

    @withdraw.setter
    def withdraw(self, word: str) -> None:
        if not any(self.providers.anycast):
            raise ZoneError("no name server here is anycast: those that stand in the site's zones have nothing to withdraw")
        self._withdraw = word

    def set_announced(self, node: int, announced: bool, event: int) -> bool:
        """A name server leaves the net or is back; whether that is news."""
        if bool(self.levels.announced[node]) == announced:
            return False
        self.levels.announced[node] = announced
        self.levels.left[node] = event
        return True

    def _publish(self) -> None:
        """What is due at the registry by now is in the TLD."""
        registry, log, now = self.registry, self.core.log, self.core.now
        while registry.pending and registry.pending[0][0] <= now + 1e-9:
            _, hosts, event = registry.pending.pop(0)
            text = f"the registry publishes: the name servers of the domain are those of {self.providers.words(hosts)}"
            registry.publish(hosts, log.tell(now, "registry", text, cause=event, target="registrar"))
