"""The regions pane: who goes to which region, how they fare there, and whether the others could do without it."""

from __future__ import annotations

from collections.abc import Sequence

from engine.snapshot import NodeState, Region, Regions, Snapshot

from ..charts import Glyphs
from ..draw import Canvas, Role
from ..frame import CALM, Verdict
from ..marks import attention_of, mark
from ..pane import Pane, PaneView
from ..units import count, duration, percent, rate
from .settings import draw_settings, on_off
from .table import STRONG, Column, Fact, Table, after, before, dot, draw_lines, facts, named, rank, spark

__all__ = ["RegionsPane"]

COLUMNS = (
    Column("mark", 1, 20),
    Column("name", 8, 20, 8),
    Column("rate", 8, 18, 0, ">", "requests"),
    Column("share", 6, 14, 0, ">", "share"),
    Column("errors", 6, 15, 0, ">", "fail"),
    Column("web", 6, 13, 0, ">", "web"),
    Column("db", 6, 12, 0, ">", "db"),
    Column("need", 7, 17, 0, ">", "if lost"),
    Column("p50", 7, 8, 0, ">", "p50"),
    Column("p99", 7, 11, 0, ">", "p99"),
    Column("lag", 7, 9, 0, ">", "lag"),
    Column("holder", 6, 7, 2, "<", "door"),
    Column("named", 8, 10, 0, "<", "DNS"),
    Column("crossing", 6, 6, 0, ">", "far"),
    Column("users", 8, 5, 0, ">", "users"),
    Column("trend", 8, 4, 16),
    Column("words", 14, 16, 40),
)
FULL = 1.0  # of what the others have: a region whose loss asks for more cannot be lost
GONE = (NodeState.DOWN, NodeState.UNREACHABLE)


class RegionsPane(Pane):
    """A line a region, the lost ones first."""

    def verdict(self, snapshot: Snapshot, view: PaneView) -> Verdict:  # noqa: ARG002 - the contract of Pane
        """The engine's words; a lost region alarms while users go there, too little room asks for a look."""
        part = snapshot.regions
        if part is None:
            return CALM
        worst = attention_of(*(region.state for region in part.regions))
        if any(region.need > FULL for region in part.regions) or part.stray or part.nowhere:
            worst = max(worst, 2)
        return Verdict(part.verdict, worst)

    def targets(self, snapshot: Snapshot, view: PaneView) -> Sequence[str]:
        """Regions in drawn order."""
        return () if snapshot.regions is None else tuple(f"region:{r.name}" for r in _order(snapshot.regions, view))

    def draw(self, canvas: Canvas, snapshot: Snapshot, view: PaneView) -> None:
        """What DNS does, a line a region; zoomed each region's details and the settings."""
        part = snapshot.regions
        if part is None:
            return
        rows = _order(part, view)
        y = 0
        if canvas.height >= len(rows) + 1 or not rows:
            _now(canvas, part)
            y = 1
        y = _table(canvas, y, rows, view)
        if view.zoomed:
            for region in rows:
                if y + 2 < canvas.height:
                    y = _details(canvas, y + 1, region)
            draw_settings(canvas.inside(0, y + 1, canvas.width, max(0, canvas.height - y - 1)), _settings(part))


def _order(part: Regions, view: PaneView) -> list[Region]:
    """Regions by trouble, then by what goes there."""
    shown = (r for r in part.regions if view.matches(r.name, r.address, r.state.value, r.verdict, r.holder))
    return sorted(shown, key=lambda r: (rank(r.state), -r.errors * r.rate))


def _now(canvas: Canvas, part: Regions) -> None:
    """How users find a region, and who is still sent astray."""
    checks = f"checks {duration(part.check_interval, 0)}" if part.failover else "no health checks"
    named = [region for region in part.regions if region.named]
    facts(
        canvas,
        0,
        (
            Fact(9, (("answers ", Role.DIM), (part.answers, STRONG))),
            after(8, str(len(named)), f"of {len(part.regions)} named"),
            Fact(6, ((checks, Role.TEXT if part.failover else Role.SLOW),)),
            after(10, count(part.stray, 0), "resolvers astray", Role.DOWN) if part.stray else Fact(10, ()),
            after(10, rate(part.nowhere), "find no address", Role.DOWN) if part.nowhere else Fact(10, ()),
            before(5, "caches", part.caches),
            before(3, "a write empties", part.invalidate),
            before(2, "spill", on_off(part.spill)),
        ),
        gap=2,
    )


def _table(canvas: Canvas, y: int, rows: Sequence[Region], view: PaneView) -> int:
    """A line a region from row y on; returns the row after."""
    table = Table(canvas, named(COLUMNS, (region.name for region in rows)))
    at = next((i for i, region in enumerate(rows) if f"region:{region.name}" == view.selected), -1)
    return draw_lines(table, y, canvas.height, len(rows), at, view, lambda y, i: _row(table, y, rows[i], view.glyphs))


def _row(table: Table, y: int, region: Region, glyphs: Glyphs) -> None:
    state, name = mark(region.state), f"region:{region.name}"
    gone = region.state in GONE
    number = Role.DIM if gone else Role.TEXT
    table.canvas.spot(name, 0, y, table.canvas.width)
    table.put(y, "mark", *dot(region.state, glyphs))
    table.put(y, "name", region.name, state.role if attention_of(region.state) >= 2 else Role.TEXT)
    table.put(y, "rate", rate(region.rate), Role.DOWN if gone and region.rate else number)
    table.put(y, "share", percent(region.share, 6), number)
    table.put(y, "errors", percent(region.errors, 6), Role.DOWN if region.errors > 0.01 else number)
    table.put(y, "web", percent(region.web, 6), Role.DOWN if region.web > 0.95 else number)
    table.put(y, "db", percent(region.database, 6), Role.DOWN if region.database > 0.95 else number)
    need = percent(region.need, 7) if region.need >= 0.0 else "all"
    table.put(y, "need", "" if gone else need, Role.SLOW if region.need > FULL or region.need < 0.0 else number)
    table.put(y, "p50", duration(region.p50_ms / 1e3) if region.p50_ms else "", number)
    table.put(y, "p99", duration(region.p99_ms / 1e3) if region.p99_ms else "", number)
    table.put(y, "lag", duration(region.lag_s) if region.lag_s >= 0.0005 else "", Role.SLOW if region.lag_s > 1.0 else number)
    table.put(y, "holder", region.holder or "nobody", Role.DIM if region.holder else Role.DOWN)
    table.put(y, "named", "named" if region.named else "left out", Role.DIM if region.named else Role.SLOW, watch=f"{name}.dns")
    table.put(y, "crossing", percent(region.crossing, 6), number)
    table.put(y, "users", count(region.users, 8), number)
    table.put(y, "trend", spark(region.share_trend, table.width("trend"), glyphs), Role.CHART)
    words = region.verdict or (state.word if region.state is not NodeState.UP else "")
    table.put(y, "words", words, state.role if attention_of(region.state) else Role.DIM, watch=f"{name}.words")


def _details(canvas: Canvas, y: int, region: Region) -> int:
    """Two lines about one region; returns the row after."""
    facts(
        canvas,
        y,
        (
            Fact(9, ((region.name, STRONG), (" ", Role.TEXT), (region.address, Role.DIM))),
            after(8, str(region.servers), "web servers"),
            after(7, count(region.resolvers, 0), "resolvers send users here"),
            after(6, count(region.users, 0), "users"),
            after(5, str(region.primaries), "primaries"),
        ),
        gap=2,
    )
    needs = f"{region.need_at} needs {percent(region.need, 0)}" if region.need >= 0.0 else "nobody can take its users"
    facts(
        canvas,
        y + 1,
        (
            Fact(9, (("if lost, ", Role.DIM), (needs, Role.SLOW if region.need > FULL or region.need < 0.0 else STRONG))),
            after(8, percent(region.spill, 0), "served elsewhere"),
            after(7, percent(region.crossing, 0), "ask data elsewhere"),
            after(6, rate(region.stale, 0), "stale reads"),
        ),
        x=2,
        gap=2,
    )
    return y + 2


def _settings(part: Regions) -> tuple[tuple[str, str], ...]:
    return (
        ("DNS answers", part.answers),
        ("health checks", f"every {duration(part.check_interval, 0)}" if part.failover else "off"),
        ("caches", part.caches),
        ("a write empties", "its own region's cache" if part.invalidate == "local" else "all regions' caches"),
        ("spill to others", on_off(part.spill)),
        ("reads stay near", on_off(part.read_near)),
    )
