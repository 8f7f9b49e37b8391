"""Tables of names, a slow request and an inspection as an engine would send them, for tests of menus and pages."""

from __future__ import annotations

from engine.catalogue import ALL_SETTINGS, Catalogue, FaultInfo, OptionInfo, ScaleInfo
from engine.snapshot import ActiveFault, Inspection, NodeState, Setting, Span, Trace


def trace() -> Trace:
    """A slow request, whose spans sum to its latency."""
    spans = (
        Span("client", "lb-1", "203.0.113.10", 0.0, 0.0, 0.3, 1.0, "least connections, 4 healthy"),
        Span("web", "web-4", "10.0.1.14", 1.3, 352.1, 8.0, 0.5, "queue 352.1  service 8.0"),
        Span("cache", "cache-3", "10.0.2.13", 361.9, 0.0, 0.6, 0.5, "miss (was cache-2's key), 41 waiting for the fill"),
        Span("db", "db-1", "10.0.3.11", 363.0, 39.7, 5.1, 0.5, "queue 39.7  service 5.1  version 88,120"),
    )
    why = ("cache-2 crashed (you, f c, 00:03:32) → fills on db-1 ×2.9 → queue", "web-4 slowed (scenario, 00:02:10)")
    total = sum(s.wait_ms + s.service_ms + s.wire_ms for s in spans)
    return Trace(8123004, "GET", 7, 501221, "Seoul", 220.1, total, "ok", "", 1, spans, why)


def catalogue() -> Catalogue:
    """Tables with every kind of row."""
    rows = (
        (
            "crash",
            "crash",
            "The process dies; its memory is gone.",
            "c",
            "node",
            ("web", "cache", "db", "balancer"),
            0,
            "",
            False,
        ),
        ("slow", "slow down", "Work takes longer.", "s", "node", ("web", "db", "cache"), 4, "×", False),
        ("freeze", "freeze", "Takes connections, never answers.", "z", "node", ("web", "db", "cache"), 0, "", False),
        ("cut", "cut a link", "Nothing passes, nothing is refused.", "nc", "network", ("link",), 0, "", False),
        ("loss", "lose packets", "A share of packets is lost.", "nl", "network", ("link",), 0.05, "share", False),
        ("flush", "flush a cache", "Everything in it is forgotten.", "x", "cache", ("cache",), 0, "", True),
        (
            "throttle",
            "throttle the applier",
            "A replica applies slower than it is written.",
            "t",
            "database",
            ("db",),
            0.2,
            "share",
            False,
        ),
        ("dns-down", "a DNS level is down", "Nobody answers at that level.", "dd", "dns", ("dns",), 0, "", False),
        ("flash", "flash crowd", "Everybody comes at once.", "F", "traffic", ("traffic",), 5, "×", False),
    )
    faults = tuple(FaultInfo(*row) for row in rows)
    options = (
        OptionInfo(
            "balancer.policy",
            "balancing policy",
            "b",
            "choice",
            ("round_robin", "least_connections", "ip_hash"),
            0,
            0,
            "",
            "HAProxy 2.6",
        ),
        OptionInfo("cache.ttl", "time to live", "t", "number", (), 1, 86400, "s", "Varnish default_ttl 120 s"),
        OptionInfo("cache.single_flight", "single flight", "s", "bool", (), 0, 1, "", ""),
        OptionInfo("dns.record", "address of the record", "nr", "text", (), 0, 0, "", ""),
        OptionInfo("traffic.rate", "requests of each user", "r", "number", (), 0, 100, "/s", ""),
    )
    scales = (
        ScaleInfo("web", "web server", "w", False),
        ScaleInfo("cache", "cache node", "c", False),
        ScaleInfo("replica", "replica", "r", True),
        ScaleInfo("shard", "shard", "s", False),
    )
    return Catalogue("0.1.0", "default", 7, faults, options, scales)


def settings(values: dict[str, str]) -> Inspection:
    """The answer to a question about all settings."""
    rows = tuple(Setting(name, value, "scenario") for name, value in values.items())
    return Inspection(ALL_SETTINGS, "live settings", NodeState.UP, (), rows)


def inspection() -> Inspection:
    """The answer to a question about web-4."""
    state = (Setting("utilisation", "99 %", "busy workers / workers, last second"), Setting("waiting", "40", "counted"))
    settings = (Setting("workers", "32", "scenario"), Setting("connect time-out", "5 s", "nginx default"))
    return Inspection(
        "web-4",
        "web server in zone-b, 10.0.1.14",
        NodeState.SLOW,
        state,
        settings,
        (ActiveFault(1, "slow", "web-4", 4.0, 130.0, "scenario", 1, "4 × slower"),),
        (trace(),),
        ("heal", "restart"),
    )
