"""The lines below the map: active faults, links with what is wrong first, the public address; where there is room the flow."""

from __future__ import annotations

from engine.snapshot import ActiveFault, Link, Snapshot

from ..charts import Glyphs
from ..draw import Canvas, Code, Role, fit, fit_words
from ..marks import attention_of, mark
from ..pane import PaneView
from ..units import duration, percent, rate, whole
from .history import History
from .table import Column, Fact, Table, before, dot, facts, rank, when

__all__ = ["draw_strip", "flow", "said", "strip_rows"]

FAULTS = (
    Column("fault", 5, 3),
    Column("what", 28, 9, 30),
    Column("by", 6, 5, 8),
    Column("since", 14, 4),
    Column("long", 7, 2, 0, ">"),
)
GAP, ADDRESS = 3, 18  # cells before the address, and those without which it is left out


def flow(snapshot: Snapshot) -> tuple[History, ...]:
    """How much is asked, how much is answered well, how long the slowest take: the last minute."""
    head = snapshot.headline
    return (
        ("good", head.goodput_trend, lambda v: rate(v, 0), Role.CHART),
        ("p99", head.p99_trend, lambda v: duration(v / 1e3, 0), Role.CHART2),
        ("asked", head.offered_trend, lambda v: rate(v, 0), Role.CHART),
        ("errors", head.error_trend, lambda v: percent(v, 0), Role.DOWN),
    )


def strip_rows(height: int, zoomed: bool, snapshot: Snapshot) -> int:
    """Rows to take from a map of this height."""
    if zoomed or height >= 22:
        return min(height // 3, len(snapshot.faults) + 2 + (len(snapshot.map.links) if zoomed else 0))
    return 0 if height < 8 else 1


def draw_strip(canvas: Canvas, snapshot: Snapshot, view: PaneView) -> None:
    """What is broken first; the address last. In one row the faults share it with the address."""
    links = sorted(snapshot.map.links, key=lambda k: rank(k.state))
    faults = sorted(snapshot.faults, key=lambda f: (-f.since, -f.id))
    if canvas.height <= 2:
        end = -GAP
        if faults:
            end = _all_faults(canvas, 0, faults)
        elif links and attention_of(links[0].state) >= 2:
            end = _link(canvas, 0, links[0], view.glyphs)
        rest = canvas.inside(end + GAP, 0, canvas.width - end - GAP, 1)
        if rest.width >= ADDRESS:
            _address(rest, 0, snapshot)
        return
    y = 1
    table = Table(canvas, FAULTS, gap=2)
    for fault in faults[: canvas.height - 2]:
        _fault(table, y, fault, snapshot)
        y += 1
    if view.zoomed:
        for link in links[: canvas.height - 1 - y]:
            _link(canvas, y, link, view.glyphs)
            y += 1
    if y < canvas.height:
        _address(canvas, y, snapshot)


def said(fault: ActiveFault) -> tuple[tuple[str, Code], ...]:
    """What on what; a sentence that begins with its target names it once."""
    text = fault.text or fault.fault
    name = fault.target.partition(":")[2] or fault.target
    if text.startswith(name):
        return (name, Role.DOWN), (text.removeprefix(name), Role.TEXT)
    if name in text:
        return ((text, Role.TEXT),)
    return (fault.target, Role.DOWN), (f" {text}", Role.TEXT)


def _all_faults(canvas: Canvas, y: int, faults: list[ActiveFault]) -> int:
    """All of them in one line, the newest first. Returns the x after them."""
    x = canvas.text(0, y, fit_words(f"{len(faults)} faults" if len(faults) > 1 else "fault", canvas.width), Role.DIM) + 2
    items = [Fact(50 - number, said(fault), faults[number].target) for number, fault in enumerate(faults[:8])]
    return facts(canvas, y, items, x, gap=2)  # what is alone there and too long ends in an ellipsis


def _address(canvas: Canvas, y: int, snapshot: Snapshot) -> None:
    """The only address that outside can ask; what asks a private one gets nothing."""
    balancer = snapshot.balancer
    if not balancer.address:
        return
    tried = whole(balancer.refused_private)
    refused = (
        Fact(2, ((tried, Role.SLOW), (" outside asked a private address", Role.DIM))) if balancer.refused_private else Fact(0, ())
    )
    holder = Fact(4, (("held by ", Role.DIM), (balancer.active, Role.TEXT)), balancer.active) if balancer.active else Fact(0, ())
    facts(canvas, y, (before(9, "public", balancer.address, Role.ACCENT), holder, refused))


def _link(canvas: Canvas, y: int, link: Link, glyphs: Glyphs) -> int:
    """A link in one line. Returns the x after it."""
    state = mark(link.state)
    canvas.spot(link.name, 0, y, canvas.width)
    return facts(
        canvas,
        y,
        (
            Fact(9, (dot(link.state, glyphs), (" " + fit(link.name, 16), Role.TEXT))),
            Fact(8, ((fit(state.word, 11), state.role),)),
            Fact(6, ((rate(link.rate), Role.TEXT),)),
            Fact(5, ((duration(link.one_way_ms / 1e3), Role.TEXT), (" one way", Role.DIM))),
            Fact(4, ((percent(link.loss), Role.SLOW if link.loss else Role.DIM), (" lost", Role.DIM))),
            Fact(7, ((link.verdict, state.role),) if link.verdict else ()),
        ),
        gap=2,
    )


def _fault(table: Table, y: int, fault: ActiveFault, snapshot: Snapshot) -> None:
    """An active fault: what, on what, by whom, since when, how long."""
    table.canvas.spot(fault.target, 0, y, table.canvas.width)
    table.put(y, "fault", "fault", Role.DIM)
    facts(table.canvas.inside(table.x("what"), y, table.width("what"), 1), 0, (Fact(9, said(fault)),))
    table.put(y, "by", f"by {fault.by}", Role.YOU if fault.by.startswith("you") else Role.TEXT)
    table.put(y, "since", f"since {when(fault.since)}", Role.DIM)
    table.put(y, "long", duration(snapshot.now - fault.since, 0), Role.DIM)
