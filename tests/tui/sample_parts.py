"""The panes' parts of a sample snapshot: DNS, balancer, cache, replication, shards."""

from __future__ import annotations

import math
import random

from engine.snapshot import (
    Backend,
    Balancer,
    Cache,
    CacheNode,
    Dns,
    Failover,
    HotKey,
    Level,
    Record,
    Replica,
    Replication,
    Shard,
    Shards,
    ShardShare,
    Walk,
)

if __package__:  # python -m tests.tui.sample
    from .sample_world import ADDRESS, DOWN, SLOW, UP, World, share, wave
else:  # pytest puts this folder on the path
    from sample_world import ADDRESS, DOWN, SLOW, UP, World, share, wave


class Front(World):
    """DNS, balancer and cache."""

    def dns(self) -> Dns:
        """Pane 2."""
        stale = 61 if self.trouble else 0
        levels = (
            Level("browser", UP, 1_350.0, 0.712, 0.1, 60.0),
            Level("os", UP, 546.0, 0.110, 0.2, 300.0),
            Level("resolver", UP, 337.0, 0.171, 12.0, 300.0),
            Level("root", UP, 0.1, 0.0, 18.0, 518_400.0),
            Level("tld", UP, 0.3, 0.0005, 22.0, 172_800.0),
            Level(
                "authority", SLOW if self.trouble else UP, 13.0, 0.0065, 152.0, 300.0, "+100 ms by you" if self.trouble else ""
            ),
        )
        answers = ((ADDRESS, 2_000 - stale), *((("203.0.113.4", stale),) if stale else ()))
        return Dns(
            verdict=f"{stale} of 2,000 resolvers still on the old address" if stale else "all 2,000 resolvers agree",
            lookups=1_900.0,
            levels=levels,
            records=(
                Record("www.example.com", "A", ADDRESS, 300.0, "203.0.113.4" if stale else "", answers),
                Record("example.com", "NS", "ns1.example.net", 172_800.0),
            ),
            resolvers=2_000,
            stale_resolvers=stale,
            cold_p99_ms=152.0,
            nxdomain_share=0.001,
            servfail_share=0.0,
            old_delegations=0,
            asked=2_310,
            lame=0,
            silent=4,
            ttl_left=tuple(round(60 + 30 * math.sin(i / 3)) for i in range(30)),
            walks=(
                Walk("isp-kt", 220.9, 49.2, (("root", "cached"), ("tld", "11 ms"), ("authority", "38 ms"))),
                Walk("isp-telekom", 219.1, 84.0, (("root", "12 ms"), ("tld", "22 ms"), ("authority", "50 ms"))),
            ),
            lookups_trend=wave(1, 1_900.0),
            stale_trend=tuple(max(0.0, 2_000 - 33.0 * i) for i in range(60)) if stale else (0.0,) * 60,
        )

    def balancer(self) -> Balancer:
        """Pane 3."""
        weights = [0.0 if n in self.dead_web else 0.4 if n in self.slow_web else 1.0 for n in self.web]
        total = sum(weights) or 1.0
        rows = tuple(
            Backend(
                name=n,
                state=self.web_state(n),
                share=w / total,
                rate=self.offered * w / total,
                open=14 + i % 3,
                p50_ms=160.0 if n in self.slow_web else 12.0 + i % 5,
                p99_ms=402.0 if n in self.slow_web else 39.0 + i % 5,
                healthy=n not in self.dead_web,
                verdict="slow ×4 by you" if n in self.slow_web else "",
                share_trend=share(i, w / total),
            )
            for i, (n, w) in enumerate(zip(self.web, weights, strict=True))
        )
        slow = next(iter(self.slow_web), "")
        return Balancer(
            verdict=f"least connections · {slow} is slow, gets less" if slow else "least connections, even",
            policy="least_connections",
            address=ADDRESS,
            active="lb-1",
            rate=self.offered,
            fail_open=False,
            refused_private=12,
            redispatched=3,
            backends=rows,
            rate_trend=wave(2, self.offered),
        )

    def cache_part(self) -> Cache:
        """Pane 4."""
        dead = self.dead_cache
        alive = [n for n in self.cache if n not in dead]
        nodes = tuple(
            CacheNode(
                name=n,
                state=DOWN if n in dead else UP,
                hit_share=0.0 if n in dead else 0.882,
                rate=0.0 if n in dead else 36_000.0 / max(1, len(alive)),
                evictions=0.0 if n in dead else 31.0,
                entries=0 if n in dead else 10_000,
                capacity=10_000,
                fill=0.0 if n in dead else 1.0,
                key_share=1 / len(self.cache),
                verdict=f"down 00:09 · its {100 // len(self.cache)} % of keys go to the others" if n in dead else "",
                hit_trend=share(i, 0.93, 9, 0.0 if n in dead else 0.94),
            )
            for i, n in enumerate(self.cache)
        )
        down = next(iter(dead), "")
        return Cache(
            verdict=f"61.8 % hits, was 93.4: {down} down by you" if dead else "93.4 % hits",
            policy="lru",
            ttl=60.0,
            sliding=False,
            single_flight=False,
            early_expiry=False,
            stale_while_revalidate=0.0,
            write_mode="invalidate",
            hit_share=0.618 if dead else 0.934,
            rate=36_000.0,
            coalesced=41.0,
            fills=13_700.0 if dead else 2_400.0,
            stale=3.0,
            expired=310.0,
            invalidated=800.0,
            entries=sum(n.entries for n in nodes),
            capacity=10_000 * len(nodes),
            nodes=nodes,
            hot=tuple(HotKey(k, 3_000.0 / (k + 1), 0.08 / (k + 1), self.cache[k % len(self.cache)], k % 2 == 0) for k in range(8))
            if self.cache
            else (),
            hit_trend=share(3, 0.934, 9 if dead else 0, 0.66),
            miss_trend=wave(4, 2_400.0, step_at=9 if dead else 0, after=5.7),
            fills_trend=wave(5, 2_400.0, step_at=9 if dead else 0, after=5.7),
        )


class Data(Front):
    """Replication and shards."""

    def replication(self) -> Replication:
        """Pane 5."""
        shards = []
        for s, shard in enumerate(self.shards):
            head = 1_204_551 + 777 * s
            nodes = []
            for i, (name, role, _) in enumerate(row for row in self.db() if row[2] == shard):
                lags = name == self.lagging()
                txn = 0 if role == "primary" else 13_680 if lags else 24
                nodes.append(
                    Replica(
                        name=name,
                        state=SLOW if lags else UP,
                        role=role,
                        position=head - txn,
                        lag_s=txn / 1_200,
                        lag_txn=txn,
                        lag_bytes=txn * 400,
                        reads=0.0 if role == "primary" else 4_100.0,
                        writes=1_200.0 if role == "primary" else 0.0,
                        stale_share=0.021 if lags else 0.0,
                        utilisation=0.81 if role == "primary" else 0.35,
                        waiting=0,
                        verdict="applier throttled by you" if lags else "",
                        lag_trend=tuple(i * 0.19 for i in range(60)) if lags else wave(i, 0.02),
                    )
                )
            shards.append(Shard(shard, "async", 1 + (s == 1), head, 1_200.0, 8_200.0, tuple(nodes)))
        lagging = self.lagging()
        moved = Failover(
            "s2",
            (
                (181.0, "db-4 stops answering"),
                (184.0, "3 looks failed: db-4 is down"),
                (186.0, "db-5 promoted, epoch 2"),
                (187.0, "clients re-pointed"),
            ),
            6.0,
            12,
            ("item:7 v88120", "item:911 v3"),
            True,
        )
        return Replication(
            verdict=f"{lagging} 11.4 s behind: applier throttled by you" if lagging else "all replicas within 0.02 s",
            mode="async",
            shards=tuple(shards),
            stale_reads=86.0 if lagging else 0.0,
            ryw_violations=7 if lagging else 0,
            lost_writes=12 if lagging else 0,
            diverged_writes=0,
            semi_sync_fallback=False,
            failovers=(moved,) if self.trouble and len(self.shards) > 1 else (),
            lag_trend=tuple(i * 0.19 for i in range(60)) if lagging else wave(9, 0.02),
        )

    def shards_part(self) -> Shards:
        """Pane 6."""
        n = len(self.shards)
        moving = self.trouble
        rng = random.Random(3)
        ring = [rng.randrange(n) for _ in range(200)] if n else []
        if moving:
            ring = [-1 - (n - 1) if rng.random() < 0.08 else owner for owner in ring]
        rows = tuple(
            ShardShare(
                name=s,
                keys=100_000 // n,
                key_share=1 / n,
                load_share=1 / n + (0.02 if i == 0 else 0.0),
                rate=9_000.0 / n,
                p99_ms=44.0 + i,
                moving_in=7_917 if moving and i == n - 1 else 0,
                moving_out=2_000 if moving and i < n - 1 else 0,
                hottest=7 + i,
                hottest_share=0.08 / (i + 1),
            )
            for i, s in enumerate(self.shards)
        )
        return Shards(
            verdict=f"adding {self.shards[-1]}: 61 % of 20.3 k keys moved, about 40 s left" if moving else f"{n} shards, even",
            placement="ring",
            shards=rows,
            moving=moving,
            moved=12_383 if moving else 0,
            to_move=7_920 if moving else 0,  # what is left
            moved_share=0.124 if moving else 0.0,
            theory_ring=0.2,
            theory_modulo=0.8,
            throttle_mb_s=2.0,
            eta_s=40.0 if moving else 0.0,
            double_reads=211 if moving else 0,
            ring=tuple(ring),
            imbalance=1.08,
            hot=tuple(HotKey(k, 900.0 / (k + 1), 0.04 / (k + 1), self.shards[k % n]) for k in range(6)) if n else (),
            moved_trend=tuple(12_383 * i / 59 for i in range(60)) if moving else (),
        )
