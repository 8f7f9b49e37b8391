"""The regions part of a sample snapshot: three regions; in trouble one is lost, and a part of its users still goes there."""

from __future__ import annotations

from engine.snapshot import Region, Regions

if __package__:  # python -m tests.tui.sample
    from .sample_world import DOWN, UP, share
else:  # pytest puts this folder on the path
    from sample_world import DOWN, UP, share

NAMES = ("eastus", "westeurope", "koreacentral")


def regions_part(*, trouble: bool) -> Regions:
    """Of a system of 43,000 requests a second."""
    rows = tuple(
        Region(
            name=name, state=DOWN if gone else UP, address=f"203.0.113.{10 + 10 * i}", holder="" if gone else f"lb-{2 * i + 1}",
            named=not gone, resolvers=61 if gone else 640, users=120_000 if gone else 410_000, rate=4_100.0 if gone else 14_300.0,
            share=0.125 if gone else 0.43, errors=1.0 if gone else 0.0, p50_ms=0.0 if gone else 41.0 + i,
            p99_ms=0.0 if gone else 180.0 + i, spill=0.0, crossing=0.0 if gone else 0.08, servers=4, web=0.0 if gone else 0.61,
            database=0.0 if gone else 0.34, primaries=2 if i == 0 else 0, lag_s=0.0 if i == 0 else 0.06, stale=3.0,
            need=0.92 if trouble else 1.34, need_at="eastus web" if i else "westeurope web",
            verdict="lost, DNS leaves it out" if gone else "" if trouble else "if lost, eastus web needs 134 %",
            share_trend=share(i, 0.33),
        )
        for i, (name, gone) in enumerate((n, trouble and n == "westeurope") for n in NAMES)
    )  # fmt: skip
    lost = "westeurope lost: 12 % of requests still go there"
    return Regions(
        verdict=lost if trouble else "westeurope lost would need 134 % of eastus web",
        answers="geo", failover=True, check_interval=10.0, caches="local", invalidate="all", spill=True, read_near=True,
        regions=rows, nowhere=0.0, resolvers=2_000, stray=61 if trouble else 0, ended=(400_000, 300_000, 200_000, 0),
        failed=(0, 12_000 if trouble else 0, 0, 0),
    )  # fmt: skip
