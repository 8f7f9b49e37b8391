"""The sessions part of a sample snapshot: kept in the web servers' memory; in trouble one server has died with its own."""

from __future__ import annotations

from collections.abc import Sequence

from engine.snapshot import LostSessions, SessionHome, Sessions, SessionTotals

if __package__:  # python -m tests.tui.sample
    from .sample_world import DOWN, UP, share, wave
else:  # pytest puts this folder on the path
    from sample_world import DOWN, UP, share, wave


def sessions_part(web: Sequence[str], dead: Sequence[str], *, trouble: bool) -> Sessions:
    """Sessions on these web servers."""
    lost = 4_812 if trouble else 0
    alive = 28_900
    held = [0 if trouble and name in (*dead, web[-1]) else 1 for name in web]
    each = alive // max(1, sum(held))
    homes = tuple(
        SessionHome(
            name=name, store="memory", state=DOWN if name in dead else UP, sessions=each * has, share=has / max(1, sum(held)),
            verdict="cold: users stick to the others" if not has and name not in dead else "",
            share_trend=share(i, has / max(1, sum(held))),
        )
        for i, (name, has) in enumerate(zip(web, held, strict=True))
    )  # fmt: skip
    return Sessions(
        verdict=f"{lost:,} sessions lost: {web[0]} crashed by you" if lost else f"{each * sum(held):,} sessions in memory",
        store="memory", sticky=True, migrate=False, on_loss="login", life=1_800.0, stay=600.0, bytes=1_000,
        alive=each * sum(held), old=0, started_rate=48.0, found_rate=2_700.0, lost_rate=26.0 if trouble else 0.0,
        expired_rate=2.0, ended_rate=41.0, carried_rate=0.0, without_rate=0.0, cookie=52, cookie_rate=141_000.0, query_rate=0.0,
        homes=homes,
        totals=SessionTotals(
            started=40_000 + lost, alive=each * sum(held), expired=1_100, ended=40_000 - 1_100 - each * sum(held), lost=lost,
            found=900_000, carried=0, without=0, noticed=4_000 if lost else 0, queries=0, cookie_bytes=46_000_000, unrevoked=0,
            kept=880_000, moved=4_100 if lost else 0, lost_server=lost, lost_store=0, lost_evicted=0, lost_emptied=0,
            lost_elsewhere=0, lost_switched=0, lost_rehomed=0, lost_rotated=0, lost_too_big=0,
        ),
        causes=(LostSessions("web server died", 26.0, lost),) if lost else (),
        alive_trend=wave(5, float(alive)), lost_trend=(0.0,) * 50 + (lost * 1.0, *(26.0,) * 9) if lost else (0.0,) * 60,
    )  # fmt: skip
