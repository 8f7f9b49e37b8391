"""The CDN of a sample snapshot: two providers of twenty PoPs each; in trouble most of the first one's answer errors."""

from __future__ import annotations

from engine.geo import cities
from engine.snapshot import Cdn, NodeState
from engine.snapshot.cdn import Pop, Provider

PLACES = ("Washington", "New York", "São Paulo", "London", "Frankfurt", "Johannesburg", "Mumbai", "Singapore", "Tokyo", "Sydney")


def cdn(*, trouble: bool) -> Cdn:
    """The part."""
    pops = []
    for provider in ("a", "b"):
        for n, name in enumerate(PLACES):
            ill = trouble and provider == "a" and n % 5 != 0
            here = cities()[name]
            pops.append(
                Pop(
                    name=f"{provider}-{name[:3].lower()}", provider=provider, city=name,
                    state=NodeState.SLOW if ill else NodeState.UP,
                    latitude=here.latitude, longitude=here.longitude, rate=120.0 - 10.0 * n, hit_share=0.0 if ill else 0.93,
                    errors=100.0 if ill else 0.0, entries=900, fill=0.9, p50_ms=24.0, announced=not (trouble and n == 9),
                    shield=n == 0, verdict="100 % answered 503" if ill else "", hit_trend=(0.9, 0.92, 0.93) * 20,
                )
            )  # fmt: skip
    bad = Provider("a", NodeState.DOWN, 0.0, 0.4, 260.0, 0.9, 0.84, 86_400.0, 10, "84 % errors, 8 of 10 PoPs ill")
    first = bad if trouble else Provider("a", NodeState.UP, 0.5, 0.5, 640.0, 0.93, 0.0, 86_400.0, 10)
    return Cdn(
        verdict="a: 84 % errors" if trouble else "95 % never reach the origin", on=True, steering="failover", ttl=86_400.0,
        age=True, versioned=False, fallback=trouble, shield="Washington", rate=1_280.0, hit_share=0.93, offload=0.95,
        error_share=0.2 if trouble else 0.0, origin_rate=44.0, direct=210.0 if trouble else 0.0, joined=3.0, stale=0.0,
        longest_stale_s=10.2, oldest_s=3_600.0, p50_ms=31.0, p99_ms=240.0, direct_ms=164.0,
        providers=(first, Provider("b", NodeState.UP, 0.5, 0.5, 640.0, 0.94, 0.0, 86_400.0, 10)), pops=tuple(pops),
        purges=("all at 90.0 s: reached all it can",), countries=("BR", "DE", "US"), hit_trend=(0.91, 0.93) * 30,
        offload_trend=(0.94, 0.95) * 30, error_trend=(0.0, 0.2 if trouble else 0.0) * 30, rate_trend=(1_280.0,) * 60,
    )  # fmt: skip
