"""Pane 9, the CDN: a map of the world with its points of presence, what they keep from the origin, how providers fare."""

from __future__ import annotations

from collections.abc import Sequence

from engine.snapshot import Cdn, NodeState, Snapshot
from engine.snapshot.cdn import Pop, Provider

from ..charts import Glyphs
from ..draw import BOLD, Canvas, Role, fit
from ..frame import CALM, Verdict
from ..marks import attention_of, mark
from ..pane import Pane, PaneView
from ..units import count, duration, percent, rate
from .history import History, fill_with_histories, room_for_histories
from .land import land, place
from .settings import draw_settings, on_off
from .table import Column, Fact, Table, after, before, dot, draw_more, facts, named, rank, some_of, sound, spark, tendency

__all__ = ["CdnPane"]

PROVIDERS = (
    Column("mark", 1, 9),
    Column("name", 8, 9, 4, "<", "CDN"),
    Column("weight", 6, 7, 0, ">", "weight"),
    Column("told", 6, 5, 0, ">", "told"),
    Column("rate", 8, 8, 0, ">", "users"),
    Column("hit", 6, 6, 0, ">", "hits"),
    Column("error", 6, 7, 0, ">", "errors"),
    Column("ttl", 6, 3, 0, ">", "ttl"),
    Column("words", 12, 4, 60),
)
POPS = (
    Column("mark", 1, 9),
    Column("name", 8, 9, 4, "<", "PoP"),
    Column("city", 10, 4, 4, "<", "city"),
    Column("hit", 6, 8, 0, ">", "hits"),
    Column("trend", 8, 3, 12),
    Column("rate", 8, 7, 0, ">", "users"),
    Column("p50", 8, 6, 0, ">", "median"),
    Column("fill", 6, 2, 8, "<", "full"),
    Column("words", 10, 5, 40),
)
HIGH, ROOMY = 14, 30  # rows from which providers are told while all is well, and from which there is room for everything
LEAST_MAP = (36, 6)  # cells of a map below which a list tells more
MOST_MAP = (120, 30)
RATIO = 4.2  # cells across for one down: degrees then keep their shape


class CdnPane(Pane):
    """What users are answered near them, and what reaches the origin all the same."""

    def verdict(self, snapshot: Snapshot, view: PaneView) -> Verdict:  # noqa: ARG002 - the contract of Pane
        """The engine's words; the worst provider or PoP, or errors, ask for attention."""
        part = snapshot.cdn
        if part is None:
            return CALM
        worst = attention_of(*(p.state for p in part.providers), *(p.state for p in part.pops if p.rate > 0 or not p.announced))
        return Verdict(part.verdict, max(worst, 1 if part.stale > 0 else 0))

    def targets(self, snapshot: Snapshot, view: PaneView) -> Sequence[str]:
        """Providers, then PoPs, trouble first."""
        part = snapshot.cdn
        if part is None:
            return ()
        return [f"provider:{p.name}" for p in part.providers] + [p.name for p in _order(part, view)]

    def draw(self, canvas: Canvas, snapshot: Snapshot, view: PaneView) -> None:
        """Facts, providers, then a map where there is room for one, or a list; zoomed all of it, with settings and history."""
        part = snapshot.cdn
        if part is None:
            canvas.text(0, 0, fit("no CDN yet: a scenario with [cdn] has one", canvas.width), Role.DIM)
            return
        _now(canvas, 0, part, view.glyphs)
        y = 1
        if canvas.height >= len(part.providers) + 5:
            _why(canvas, 1, part)
            y = 2
        height = canvas.height - (room_for_histories(canvas, _charts(part), zoomed=True) if view.zoomed else 0)
        if view.zoomed and canvas.height >= ROOMY:
            y += 1 + draw_settings(canvas.inside(0, y + 1, canvas.width, height - y - 1), _settings(part), ()) + 1
        ill = any(p.verdict for p in part.providers)
        if height - y >= 2 and (ill or (len(part.providers) > 1 and (view.zoomed or canvas.height >= HIGH))):
            y = _providers(canvas, y, height, part.providers, view.glyphs)
        room = height - y
        pops = _order(part, view)
        listed = min(len(pops) + 1, max(0, room // 2)) if view.zoomed and canvas.height >= ROOMY else 0
        tall = min(MOST_MAP[1], room - listed)
        if canvas.width >= LEAST_MAP[0] and tall >= LEAST_MAP[1]:
            y += _map(canvas.inside(0, y, canvas.width, tall), part, view)
            room = height - y
        if room > 1:
            _list(canvas.inside(0, y, canvas.width, room), pops, view)
        if view.zoomed:
            fill_with_histories(canvas, height, _charts(part), view.glyphs)


def _order(part: Cdn, view: PaneView) -> list[Pop]:
    found = [p for p in part.pops if view.matches(p.name, p.city, p.provider, p.state.value, p.verdict)]
    return sorted(found, key=lambda p: (rank(p.state), -p.rate))


def _now(canvas: Canvas, y: int, part: Cdn, glyphs: Glyphs) -> None:
    """Hits, what is kept from the origin, and how long users wait, beside the bare way to the site."""
    length = max(6, min(24, canvas.width - 60))
    known = part.hit_share if part.rate > 0 else None
    bad = part.error_share > 0.001
    facts(
        canvas,
        y,
        (
            Fact(
                9,
                ((percent(known, 6), Role.TEXT | BOLD), (" hits", Role.DIM), (" ", Role.TEXT), tendency(part.hit_trend, glyphs)),
            ),
            Fact(5, ((spark(part.hit_trend, length, glyphs), Role.CHART),)),
            after(8, percent(part.offload if part.rate > 0 else None, 6), "kept from the origin"),
            after(7, percent(part.error_share, 6), "errors", Role.DOWN if bad else Role.TEXT),
            after(6, rate(part.rate), "users"),
        ),
        gap=2,
    )


def _why(canvas: Canvas, y: int, part: Cdn) -> None:
    """Latencies with and without, and what else happens, each a second."""
    stale = Role.SLOW if part.stale > 0 else Role.TEXT
    facts(
        canvas,
        y,
        (
            before(9, "median", duration(part.p50_ms / 1e3, 0)),
            before(8, "the site's way alone", duration(part.direct_ms / 1e3, 0)),
            after(7, rate(part.origin_rate), "to the origin"),
            after(6, rate(part.stale), "stale", stale),
            after(5, rate(part.direct), "past the CDN", Role.SLOW if part.direct > 0 else Role.TEXT),
            Fact(3, ((f"purge {part.purges[-1]}", Role.DIM),) if part.purges else ()),
        ),
        gap=2,
    )


def _providers(canvas: Canvas, y: int, height: int, providers: Sequence[Provider], glyphs: Glyphs) -> int:
    """A row each, the worst first; returns the line below."""
    table = Table(canvas, named(PROVIDERS, (p.name for p in providers)))
    if height - y > len(providers) + 1:
        table.head(y)
        y += 1
    for one in sorted(providers, key=lambda p: rank(p.state))[: max(0, height - y)]:
        state = mark(one.state)
        worried = attention_of(one.state) >= 2
        canvas.spot(f"provider:{one.name}", 0, y, canvas.width)
        table.put(y, "mark", *dot(one.state, glyphs))
        table.put(y, "name", one.name, state.role if worried else Role.TEXT)
        table.put(y, "weight", percent(one.weight, 6))
        table.put(y, "told", percent(one.told, 6), Role.DIM)
        table.put(y, "rate", rate(one.rate))
        table.put(y, "hit", percent(one.hit_share if one.rate > 0 else None, 6))
        table.put(y, "error", percent(one.error_share, 6), Role.DOWN if one.error_share > 0.01 else Role.DIM)
        table.put(y, "ttl", duration(one.ttl, 0), Role.DIM)
        table.put(y, "words", one.verdict, state.role if worried else Role.DIM, watch=f"cdn.{one.name}")
        y += 1
    return y


def _map(canvas: Canvas, part: Cdn, view: PaneView) -> int:
    """The world, and every PoP where it stands: the worst of those in one cell is seen. Returns the rows used."""
    width = min(canvas.width, MOST_MAP[0], round(canvas.height * RATIO * 1.6))
    height = min(canvas.height, max(LEAST_MAP[1], round(width / RATIO)))
    left = max(0, (canvas.width - width) // 2)
    for y, line in enumerate(land(width, height, view.glyphs)):
        canvas.text(left, y, line, Role.FAINT)
    names = width >= 90
    for pop in sorted(part.pops, key=lambda p: (-rank(p.state), p.rate)):
        x, y = place(sound(pop.longitude), sound(pop.latitude), width, height)
        glyph, role = dot(pop.state, view.glyphs)
        if pop.state is NodeState.UP and (pop.rate <= 0 or not pop.announced):
            glyph, role = dot(NodeState.STANDBY, view.glyphs)
        if names and x + 4 < width:
            canvas.text(left + x + 1, y, pop.name.rpartition("-")[2], Role.DIM if role == Role.OK else role)
        canvas.text(left + x, y, glyph, role)
        canvas.spot(pop.name, left + x, y, 1)
        canvas.watch(f"cdn.{pop.name}", (pop.state, pop.announced), left + x, y, 1)
    return height


def _list(canvas: Canvas, pops: Sequence[Pop], view: PaneView) -> None:
    table = Table(canvas, named(POPS, (p.name for p in pops)))
    table.head(0)
    at = next((i for i, p in enumerate(pops) if p.name == view.selected), -1)
    shown, hidden = some_of(len(pops), canvas.height - 1, at, view.scroll)
    y = 1
    for i in shown:
        _row(table, y, pops[i], view.glyphs)
        y += 1
    draw_more(canvas, y, hidden, view.glyphs)


def _row(table: Table, y: int, pop: Pop, glyphs: Glyphs) -> None:
    state = mark(pop.state)
    worried = attention_of(pop.state) >= 2
    table.canvas.spot(pop.name, 0, y, table.canvas.width)
    table.put(y, "mark", *dot(pop.state, glyphs))
    table.put(y, "name", pop.name, state.role if worried else Role.TEXT)
    table.put(y, "city", pop.city, Role.DIM)
    table.put(y, "hit", percent(pop.hit_share if pop.rate > 0 else None, 6))
    table.put(y, "trend", spark(pop.hit_trend, table.width("trend"), glyphs), Role.CHART)
    table.put(y, "rate", rate(pop.rate))
    table.put(y, "p50", duration(pop.p50_ms / 1e3 if pop.rate > 0 else None), Role.DIM)
    table.bar(y, "fill", pop.fill, glyphs, Role.CHART, rail=True)
    words = pop.verdict or ("shield" if pop.shield else "")
    table.put(y, "words", words, state.role if worried else Role.DIM, watch=f"cdn.row.{pop.name}")


def _charts(part: Cdn) -> tuple[History, ...]:
    return (
        ("hits", part.hit_trend, lambda v: percent(v, 0), Role.CHART),
        ("kept from the origin", part.offload_trend, lambda v: percent(v, 0), Role.CHART2),
        ("errors", part.error_trend, lambda v: percent(v, 0), Role.CHART2),
    )


def _settings(part: Cdn) -> tuple[tuple[str, str], ...]:
    return (
        ("CDN", on_off(part.on)),
        ("ttl", duration(part.ttl, 0)),
        ("Age taken over", on_off(part.age)),
        ("shield", part.shield),
        ("steering", part.steering),
        ("versioned URLs", on_off(part.versioned)),
        ("fallback to the site", on_off(part.fallback)),
        ("longest stale", duration(part.longest_stale_s, 0)),
        ("objects kept", count(sum(p.entries for p in part.pops), 0)),
    )
