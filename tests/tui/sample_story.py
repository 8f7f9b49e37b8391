"""What happened in a sample snapshot: events, sampled requests, the headline."""

from __future__ import annotations

import msgspec

from engine.snapshot import (
    Cause,
    Event,
    Headline,
    Span,
    Trace,
)

if __package__:  # python -m tests.tui.sample
    from .sample_world import ADDRESS, CITIES, wave
else:  # pytest puts this folder on the path
    from sample_world import ADDRESS, CITIES, wave

if __package__:  # python -m tests.tui.sample
    from .sample_parts import Data
else:  # pytest puts this folder on the path
    from sample_parts import Data


class Story(Data):
    """Events, requests, headline."""

    def events(self) -> tuple[Event, ...]:
        """Two stories: a slow server by the scenario, a crash by a person and all it led to."""
        if not self.trouble:
            return (Event(1, 0.0, "scenario", "the service opens: 1.24 M users in 8 cities", level="good"),)
        dead = next(iter(self.dead_cache), "cache-2")
        return (
            Event(1, 0.0, "scenario", "the service opens: 1.24 M users in 8 cities", level="good"),
            Event(2, 130.0, "scenario", "web-6 four times slower", level="warn", target=self.web[-1]),
            Event(3, 132.4, "agent:health", "web-6 answers its checks late", 2, "warn", self.web[-1]),
            Event(4, 181.0, "you", "crash db-4", level="you", target="db-4", keys="f c"),
            Event(5, 186.0, "agent:failover", "db-5 promoted for s2, epoch 2; 12 writes lost", 4, "bad", "db-5"),
            Event(6, 187.0, "agent:failover", "clients of s2 re-pointed: writable after 6.0 s", 5, "good", "s2"),
            Event(7, 212.0, "you", f"crash {dead}", level="you", target=dead, keys="f c"),
            Event(8, 212.0, "cache", f"{dead} down, 33 % of keys without a home", 7, "bad", dead),
            Event(9, 213.1, "database", "db-1 reads ×2.9: 412 wait", 8, "warn", "db-1"),
            Event(10, 216.0, "clients", "p99 121 → 412 ms, 9 time-outs", 9, "bad"),
            Event(11, 216.2, "you", "throttle the applier of db-3", level="you", target="db-3", keys="f l"),
            Event(12, 219.0, "replication", "db-3 is 2.1 s behind, 2.1 % of its reads stale", 11, "warn", "db-3"),
        )

    def traces(self) -> tuple[Trace, ...]:
        """A slow one, a failed one, quick ones."""
        slow = Trace(
            id=8_123_004,
            route="GET item",
            key=7,
            user=501_221,
            city="Seoul",
            born=220.1,
            latency_ms=411.8,
            outcome="ok",
            cause="",
            attempt=0,
            spans=(
                Span("dns", "", "", 0.0, 0.0, 0.0, 0.0, "browser cache, ttl 188"),
                Span("balancer", "lb-1", ADDRESS, 0.0, 0.0, 0.3, 3.0, "least connections, 4 healthy"),
                Span("web", self.web[-1], "10.0.1.16", 3.3, 352.1, 8.0, 0.6, "queue 88"),
                Span(
                    "cache",
                    self.cache[-1] if self.cache else "",
                    "10.0.2.13",
                    364.0,
                    0.0,
                    0.02,
                    0.6,
                    "miss, 41 wait for the same fill",
                ),
                Span("db", "db-1", "10.0.3.11", 364.6, 39.7, 5.1, 2.4, "version 88,120"),
            ),
            why=(f"{next(iter(self.dead_cache), 'cache-2')} crashed (you, f c, 00:03:32)", "fills on db-1 ×2.9", "queue on db-1"),
        )
        failed = msgspec.structs.replace(
            slow, id=8_123_777, key=911, city="São Paulo", latency_ms=2_000.0, outcome="failed", cause="time-out", attempt=2
        )
        quick = [
            msgspec.structs.replace(
                slow,
                id=8_124_000 + i,
                key=i * 13,
                city=CITIES[i % 8],
                latency_ms=18.0 + i,
                spans=(
                    Span("balancer", "lb-1", ADDRESS, 0.0, 0.0, 0.3, 3.0, ""),
                    Span("web", self.web[0], "10.0.1.11", 3.3, 1.0, 8.0, 0.6, ""),
                    Span("cache", self.cache[0] if self.cache else "", "10.0.2.11", 12.9, 0.0, 0.02, 5.1 + i, "hit, ttl 41"),
                ),
                why=(),
            )
            for i in range(10)
        ]
        return (slow, failed, *quick) if self.trouble else tuple(quick)

    def headline(self) -> Headline:
        """The header."""
        bad = self.trouble
        return Headline(
            users=1_240_000,
            offered=self.offered,
            goodput=self.offered - (200 if bad else 0),
            p50_ms=38.0,
            p95_ms=121.0,
            p99_ms=412.0 if bad else 121.0,
            error_share=0.0046 if bad else 0.0002,
            slo_target=0.999,
            budget_left=0.71,
            cost_per_hour=41.2,
            causes=(Cause("time-out", 190.0, 812, 10), Cause("queue full", 9.0, 31, 9)) if bad else (),
            offered_trend=wave(11, self.offered),
            goodput_trend=wave(12, self.offered),
            p50_trend=wave(13, 38.0),
            p95_trend=wave(14, 118.0),
            p99_trend=wave(15, 121.0, step_at=6 if bad else 0, after=3.4),
            error_trend=wave(16, 0.0002, step_at=6 if bad else 0, after=20),
        )
