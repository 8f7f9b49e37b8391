"""Live settings: everything that may be changed while the system runs, with range, keys and the source of its default.

A row names the tier that holds the setting and what the tier calls it; reading and changing go through `Tier.option` and
`Tier.set_option`. To add one: a row in OPTIONS.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .catalogue import OptionInfo
from .faults.base import Rejected, near
from .policies.balancing import BALANCING
from .policies.eviction import EVICTION
from .tiers.base import OptionValue, Tier

if TYPE_CHECKING:
    from .world import World

ON = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True)
class OptionRow:
    """info: what the screen shows. tier: attribute of the world. attribute: the tier's name for it. whole: whole numbers only."""

    info: OptionInfo
    tier: str
    attribute: str
    whole: bool = False

    def holder(self, world: World) -> Tier:
        """The tier that has this setting."""
        tiers: Mapping[str, Tier] = {
            "traffic": world.traffic,
            "clients": world.clients,
            "cdn": world.cdn,
            "dns": world.dns,
            "balancer": world.balancer,
            "web": world.web,
            "sessions": world.sessions,
            "automation": world.automation,
            "cache": world.cache,
            "database": world.database,
            "queue": world.queue,
            "regions": world.regions,
        }
        return tiers[self.tier]

    def value(self, world: World) -> OptionValue:
        """As it is now."""
        return self.holder(world).option(self.attribute)

    def check(self, asked: OptionValue) -> OptionValue:
        """The value in its right type; Rejected, with what is possible, if it is none."""
        info = self.info
        if info.kind == "choice":
            if asked not in info.choices:
                raise Rejected(f"{info.name} is one of {', '.join(info.choices)}, not {asked!r}")
            return asked
        if info.kind == "bool":
            switch = asked if isinstance(asked, bool) else ON.get(str(asked).lower())
            if switch is None:
                raise Rejected(f"{info.name} is on or off, not {asked!r}")
            return switch
        if info.kind == "text":
            return str(asked).strip()
        return self._number(asked)

    def _number(self, asked: OptionValue) -> OptionValue:
        info = self.info
        try:
            number = math.nan if isinstance(asked, bool) else float(asked)
        except ValueError:
            number = math.nan
        if not info.low <= number <= info.high:
            raise Rejected(
                f"{info.name} is a number from {info.low:g} to {info.high:g} {info.unit}".rstrip() + f", not {asked!r}"
            )
        if self.whole and number != int(number):
            raise Rejected(f"{info.name} is a whole number, not {number:g}")
        return int(number) if self.whole else number

    def text(self, value: OptionValue) -> str:
        """The value as a person would write it."""
        if isinstance(value, bool):
            return "on" if value else "off"
        return value if isinstance(value, str) else f"{value:g} {self.info.unit}".rstrip()


def _place(name: str, held: str) -> tuple[str, str]:
    """(tier, attribute) that hold `name`; `held` overrides what the name says."""
    tier, _, attribute = (held or name).partition(".")
    return tier, attribute


def choice(name: str, keys: str, title: str, choices: tuple[str, ...], source: str, held: str = "") -> OptionRow:
    """A setting that is one of a few words."""
    return OptionRow(OptionInfo(name, title, keys, "choice", choices, 0.0, 0.0, "", source), *_place(name, held))


def switch(name: str, keys: str, title: str, source: str, held: str = "") -> OptionRow:
    """A setting that is on or off."""
    return OptionRow(OptionInfo(name, title, keys, "bool", (), 0.0, 1.0, "", source), *_place(name, held))


def number(
    name: str, keys: str, title: str, low: float, high: float, unit: str, source: str, held: str = "", *, whole: bool = False
) -> OptionRow:
    """A setting that is a number within a range."""
    return OptionRow(OptionInfo(name, title, keys, "number", (), low, high, unit, source), *_place(name, held), whole)


def text(name: str, keys: str, title: str, source: str, held: str = "") -> OptionRow:
    """A setting in words of its own; the tier checks it (ValueError)."""
    return OptionRow(OptionInfo(name, title, keys, "text", (), 0.0, 0.0, "", source), *_place(name, held))


SCENARIO = "the scenario"

ROWS: tuple[OptionRow, ...] = (
    choice("balancer.policy", "bp", "balancing policy", tuple(BALANCING), "the scenario; nginx ships round robin"),
    switch("balancer.fail_open", "bf", "fail open when all are unhealthy", "AWS ELB user guide: all unhealthy, fail open"),
    number("balancer.slow_start", "bs", "slow start of a returned server", 0.0, 3_600.0, "s", "off in nginx and HAProxy"),
    number("balancer.load_bound", "bl", "bound of bounded loads", 1.01, 10.0, "× mean", "HAProxy advises 1.25 to 2"),
    number(
        "balancer.retry_answers", "br", "servers asked again after a failed read", 0, 20, "",
        "nginx: proxy_next_upstream http_500 is off", whole=True,
    ),
    number("web.queue", "wq", "queue of a web server, 0 = no limit", 0, 10_000_000, "jobs", SCENARIO, whole=True),
    choice("web.discipline", "wd", "who is served first", ("fifo", "lifo"), "first come, first served"),
    choice(
        "sessions.store", "ss", "where sessions are kept", ("none", "memory", "files", "shared", "database", "cookie"), SCENARIO
    ),
    switch("sessions.sticky", "sk", "users stick to a web server", "sticky, as a server's memory needs it"),
    switch("sessions.migrate", "sm", "sessions move to the store in use", "off: what is elsewhere is lost"),
    number("sessions.life", "sl", "idle life of a session", 1.0, 2_592_000.0, "s", "30 min (Tomcat, session-timeout)"),
    number("sessions.stay", "sy", "mean stay of a user, 0 = for ever", 0.0, 2_592_000.0, "s", SCENARIO),
    number("sessions.bytes", "sb", "data of a session", 1, 10_000_000, "bytes", SCENARIO, whole=True),
    number("sessions.capacity", "sc", "room of a session store node", 0, 100_000_000, "sessions", SCENARIO, whole=True),
    choice("sessions.lost", "so", "what a lost session costs", ("login", "error"), "log in again", "sessions.lost"),
    number(
        "web.threads", "wt", "threads of a web server, 0 = event loop", 0, 100_000, "", SCENARIO, "automation.threads", whole=True
    ),
    choice("automation.scale", "as", "what the autoscaler goes by", ("off", "cpu", "concurrency"), "off; AWS: CPU"),
    number("automation.scale_cpu", "au", "CPU that it aims at", 0.01, 1.0, "", "EC2 Auto Scaling guide: 50 %"),
    number("automation.scale_open", "ap", "open requests a thread that it aims at", 0.01, 1_000.0, "", "Knative: 70 %"),
    number("automation.least", "ae", "servers it keeps at least", 1, 100_000, "", SCENARIO, whole=True),
    number("automation.most", "am", "its quota of servers", 1, 20_000, "", SCENARIO, whole=True),
    number("automation.at_once", "ag", "servers it orders at a time", 1, 100_000, "", SCENARIO, whole=True),
    number("automation.warm_up", "ay", "boot of a new server", 0.0, 1e7, "s", "EC2: 96.9 s (Mao and Humphrey 2012)"),
    number("automation.cooldown", "ad", "wait between two decisions", 0.0, 1e7, "s", "EC2 Auto Scaling: 300 s"),
    number("automation.rate_limit", "al", "requests a bucket gets, 0 = no limit", 0.0, 1e6, "/s", "off; nginx: limit_req_zone"),
    number("automation.burst", "ab", "requests a bucket holds", 1, 100_000, "", "nginx documentation, limit_req: 5", whole=True),
    choice("automation.limit_by", "aw", "whose bucket counts", ("user", "city"), "nginx: $binary_remote_addr"),
    number(
        "automation.most_open", "ao", "open requests of a balancer, 0 = no limit", 0, 10_000_000, "", "Envoy, max_requests: 1024",
        whole=True,
    ),
    switch("automation.codel", "ac", "turn away who would wait too long", "off; Maurer, Fail at Scale, 2015"),
    number("automation.codel_target_ms", "at", "wait allowed in a standing queue", 0.01, 60_000.0, "ms", "Maurer 2015: 5 ms"),
    number("automation.codel_interval_ms", "ai", "wait allowed at first", 0.01, 60_000.0, "ms", "Maurer 2015: 100 ms"),
    choice(
        "automation.breaker", "ak", "circuit breakers to the database", ("off", "consecutive", "share"),
        "off; Envoy: consecutive 5xx; Hystrix: share",
    ),
    number("automation.breaker_failures", "af", "failures in a row that open it", 1, 100_000, "", "Envoy: 5", whole=True),
    number("automation.breaker_share", "ah", "share of failures that opens it", 0.0, 1.0, "", "Hystrix: 50 %"),
    number("automation.breaker_sleep", "az", "until an open breaker sends a probe", 0.0, 3_600.0, "s", "Hystrix: 5 s"),
    number(
        "automation.bulkhead", "an", "open queries of a web server, 0 = no limit", 0, 10_000_000, "", "Envoy: 1024", whole=True
    ),
    choice("cache.eviction", "ce", "eviction policy", tuple(EVICTION), "memcached: LRU"),
    number("cache.ttl", "ct", "time to live, 0 = for ever", 0.0, 2_592_000.0, "s", "the scenario; at most 30 d in memcached"),
    switch("cache.sliding", "cs", "sliding time to live", "fixed, as in memcached"),
    switch("cache.single_flight", "cf", "single flight (leases)", "Nishtala et al. 2013; off, as in plain memcached"),
    number("cache.early_expiry_beta", "cx", "early expiry beta (XFetch), 0 = off", 0.0, 10.0, "", "Vattani et al. 2015: 1"),
    number("cache.stale_while_revalidate", "cr", "stale while revalidating", 0.0, 86_400.0, "s", "off (Varnish grace: 10 s)"),
    choice("cache.write_mode", "cw", "what a write does to the cache", ("invalidate", "through"), "cache-aside: invalidate"),
    switch("cache.delete_on_error", "cd", "a failed read deletes the key", "off; on in Facebook's client until 2010-09-23"),
    number("cache.capacity", "cc", "capacity of a cache node", 1, 100_000_000, "entries", SCENARIO, whole=True),
    choice("cache.mode", "cm", "which node keeps a key", ("ring", "modulo", "pair"), "ketama: 160 points a server"),
    choice(
        "replication.mode", "rm", "replication mode", ("async", "semi_sync", "sync", "multi_shared", "multi_cluster"),
        "MariaDB 10.11: async", "database.mode"
    ),
    choice(
        "replication.conflicts", "rl", "writes that did not know each other", ("last_writer", "reject"),
        "the scenario; Galera refuses, Cassandra lets the last win", "database.conflicts",
    ),
    switch("replication.fencing", "rf", "fence the old primary", "STONITH: a good failover manager fences", "database.fencing"),
    switch("replication.automatic", "ra", "automatic failover", "Patroni: automatic", "database.automatic"),
    choice(
        "replication.read_from", "rr", "where reads go", ("replicas", "primary"), "read/write split", "database.read_from"
    ),
    number(
        "replication.apply_per_second", "rp", "log records a replica applies", 1.0, 1e7, "/s", SCENARIO,
        "database.apply_per_second",
    ),
    number(
        "replication.semi_sync_timeout", "rt", "semi-sync time-out", 0.01, 3_600.0, "s", "MariaDB 10.11: 10 s",
        "database.semi_sync_timeout",
    ),
    number(
        "replication.apply_cost", "rc", "share of a write that a record costs a replica", 0.0, 1.0, "",
        "off; 1 = statements are executed again", "database.apply_cost",
    ),
    choice("database.placement", "dp", "which shard owns a key", ("ring", "modulo"), "the scenario; Karger et al. 1997"),
    text("database.split", "dh", "hot keys with a shard each: 0, 17; hot; none", SCENARIO),
    text("database.spread", "ds", "hot keys with a copy on every shard", SCENARIO),
    switch("database.denormalised", "dn", "joined data lie with their key", SCENARIO),
    switch("database.partial_joins", "dj", "joins are answered without parts that failed", SCENARIO),
    number("database.rebalance_mb_s", "dm", "throttle of rebalancing", 0.01, 10_000.0, "MB/s", SCENARIO),
    number("database.queue", "dq", "queue of a database, 0 = no limit", 0, 10_000_000, "jobs", SCENARIO, whole=True),
    number(
        "database.retries", "dr", "retries of a failed query", 0, 20, "",
        "off; Google SRE book ch. 22: layers that retry multiply", whole=True,
    ),
    number("database.retry_backoff", "db", "first back-off of such a retry", 0.0, 3_600.0, "s", "AWS builders' library: 0.1 s"),
    number("dns.ttl", "nt", "TTL of the record", 0.0, 604_800.0, "s", "40 % of names have 5 min or less (00f.net, 2012)"),
    choice("dns.answers", "na", "how the authority answers", ("simple", "weighted", "geo", "failover"), "Route 53: simple"),
    switch("dns.failover", "nf", "leave unhealthy addresses out", "off; Route 53: failover records"),
    number("dns.check_interval", "nk", "health checks of addresses, every", 1.0, 600.0, "s", "Route 53: 30 s, or 10 s"),
    text("dns.record", "nr", "address of the record", SCENARIO),
    text("dns.delegation", "nd", "hosts that the registrar names", SCENARIO),
    text("dns.zone_at", "nz", "hosts that have the zone", SCENARIO),
    text("dns.zone_ns", "nn", "hosts in the zone's NS records", SCENARIO),
    number("dns.publish", "np", "time to publish it", 0.0, 604_800.0, "s", ".com: 3 min (Verisign, 2004)"),
    choice(
        "dns.withdraw", "nw", "name servers cut off withdraw", ("never", "always", "fail_open"), SCENARIO
    ),
    choice("regions.caches", "gc", "caches of several regions", ("local", "global"), SCENARIO),
    choice("regions.invalidate", "gi", "caches that a write reaches", ("local", "all"), SCENARIO),
    switch("regions.spill", "gs", "use other regions' servers", SCENARIO),
    switch("regions.read_near", "gn", "read from the region's own replicas", SCENARIO),
    switch("cdn.on", "eo", "static objects through the CDN", SCENARIO),
    number("cdn.ttl", "et", "how long PoPs keep an object", 0.0, 2_592_000.0, "s", "CloudFront: 24 h; Varnish: 120 s"),
    switch("cdn.age", "ea", "edges take over the Age of a shield's answer", "RFC 9111: on"),
    choice(
        "cdn.steering", "es", "who decides the provider", ("weights", "failover", "monitored", "anycast"),
        "the scenario; Route 53 weighted and failover records",
    ),
    text("cdn.weights", "ew", "providers' weights in DNS answers", SCENARIO),
    number("cdn.dns_ttl", "en", "TTL of the provider's record", 0.0, 86_400.0, "s", "Route 53 advises 60 s or less"),
    text("cdn.shield", "eh", "city of the shield, - = none", SCENARIO),
    switch("cdn.fallback", "ef", "clients ask the site when the CDN fails", SCENARIO),
    switch("cdn.versioned", "ev", "versioned URLs: a new version is a new object", SCENARIO),
    number("client.timeout", "ut", "patience of the users", 0.01, 3_600.0, "s", SCENARIO, "clients.timeout"),
    number("client.retries", "ur", "retries of a failed request", 0, 20, "", SCENARIO, "clients.retries", whole=True),
    number(
        "client.budget", "ub", "retry budget, share of tries, 0 = no limit", 0.0, 1.0, "",
        "Google SRE book ch. 22: 10 %", "clients.budget",
    ),
    number("client.backoff", "uo", "first back-off", 0.0, 3_600.0, "s", "AWS builders' library: 0.1 s", "clients.backoff"),
    choice("client.jitter", "uj", "jitter of the back-off", ("full", "none"), "AWS builders' library: full", "clients.jitter"),
    choice("queue.mode", "jm", "who does a page's job", ("queue", "inline"), "inline: its web server, before it answers"),
    number("queue.visibility", "jv", "how long a received message is hidden", 0.1, 43_200.0, "s", "Amazon SQS: 30 s"),
    number("queue.max_receives", "jr", "receives before a dead letter", 1, 1_000, "", "Amazon SQS: 10", whole=True),
    number("queue.capacity", "jc", "messages kept, 0 = no limit", 0, 100_000_000, "", SCENARIO, whole=True),
    switch("queue.persistent", "jp", "messages outlive a broker's crash", "durable queues write them down"),
    switch("queue.autoscale", "ja", "workers by backlog", "off; EC2 Auto Scaling guide: scaling based on SQS"),
    number("queue.backlog", "jb", "wait that the autoscaler allows", 0.1, 86_400.0, "s", SCENARIO),
    number("queue.most_workers", "jw", "most workers of the autoscaler", 1, 5_000, "", SCENARIO, whole=True),
    number("traffic.requests_per_second", "qr", "requests asked for", 0.0, 5e6, "/s", SCENARIO),
    number("traffic.users", "qu", "users there are", 1, 20_000_000, "", SCENARIO, whole=True),
    number("traffic.curve", "qc", "amplitude of the day curve", 0.0, 1.0, "", SCENARIO),
)  # fmt: skip
OPTIONS: dict[str, OptionRow] = {option.info.name: option for option in ROWS}


def find(name: str) -> OptionRow:
    """The row of a setting; Rejected, with near matches, if there is none."""
    option = OPTIONS.get(name)
    if option is None:
        raise Rejected(f"there is no setting called {name!r}{near(name, OPTIONS)}")
    return option
