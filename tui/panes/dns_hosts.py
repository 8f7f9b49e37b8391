"""DNS hosts in pane 2: whom the registry names, who holds an older delegation, what each host is asked and refuses."""

from __future__ import annotations

from engine.snapshot import Dns, Host, NodeState

from ..charts import Glyphs, gauge
from ..draw import Canvas, Role
from ..marks import attention_of, mark
from ..pane import PaneView
from ..units import rate, whole
from .table import Column, Fact, Table, before, dot, facts, rank

__all__ = ["hosts_table", "hosts_told", "named", "worth_telling"]

HOSTS = (
    Column("mark", 1, 9),
    Column("name", 10, 9, 6, "<", "DNS host"),
    Column("queries", 8, 8, 0, ">", "asked"),
    Column("lame", 8, 7, 0, ">", "refused"),
    Column("silent", 8, 6, 0, ">", "silent"),
    Column("resolvers", 9, 7, 0, ">", "resolvers"),
    Column("words", 14, 5, 30),
)


def named(host: Host) -> str:
    """What a command calls it."""
    return f"host:{host.name}"


def worth_telling(part: Dns) -> bool:
    """Is there more to say of hosts than that the only one serves?"""
    troubled = any(attention_of(host.state) for host in part.hosts)
    odd = part.delegation in ("nobody", "NXDOMAIN")
    return len(part.hosts) > 1 or troubled or odd or bool(part.ordered or part.old_delegations)


def hosts_told(canvas: Canvas, y: int, part: Dns, glyphs: Glyphs, room: int) -> int:
    """The delegation in a line and hosts in trouble, a line each, as many as there is room for. Returns the row after them."""
    if not worth_telling(part) or room < 1:
        return y
    _delegation(canvas, y, part, glyphs)
    last = y + room
    y += 1
    for host in sorted(part.hosts, key=lambda h: rank(h.state)):
        if attention_of(host.state) and y < last:
            _trouble(canvas, y, host, glyphs)
            y += 1
    return y


def _delegation(canvas: Canvas, y: int, part: Dns, glyphs: Glyphs) -> None:
    odd = part.delegation in ("nobody", "NXDOMAIN")
    items = [
        Fact(9, (("NS ", Role.DIM), (part.delegation, Role.DOWN if odd else Role.ACCENT))),
    ]
    if part.ordered:
        items.append(Fact(8, (("ordered ", Role.DIM), (part.ordered, Role.SLOW))))
    if part.old_delegations and part.resolvers > 0:
        items.append(Fact(6, ((gauge(1 - part.old_delegations / part.resolvers, 8, glyphs), Role.CHART),)))
        items.append(Fact(8, ((whole(part.old_delegations), Role.SLOW), (f" of {whole(part.resolvers)} on the old", Role.DIM))))
    canvas.spot("registrar", 0, y, canvas.width)
    facts(canvas, y, items, gap=2)
    canvas.watch("dns.delegation", part.delegation, 0, y, 3 + len(part.delegation))


def _trouble(canvas: Canvas, y: int, host: Host, glyphs: Glyphs) -> None:
    role = mark(host.state).role
    canvas.spot(named(host), 0, y, canvas.width)
    facts(
        canvas,
        y,
        (
            Fact(9, (dot(host.state, glyphs), (f" {host.name}", role))),
            Fact(8, ((host.verdict, role),)),
            before(6, "refused", rate(host.lame)),
            before(5, "silent", rate(host.silent)),
        ),
        gap=2,
    )


def hosts_table(canvas: Canvas, y: int, part: Dns, view: PaneView, height: int) -> int:
    """Every host in a line, those in trouble first, the delegation above them. Returns the row after them."""
    if not worth_telling(part) or height - y < 3:
        return y
    _delegation(canvas, y, part, view.glyphs)
    table = Table(canvas, HOSTS)
    table.head(y + 1)
    y += 2
    shown = [host for host in part.hosts if view.matches(host.name, host.state.value)]
    for host in sorted(shown, key=lambda h: rank(h.state))[: max(0, height - y)]:
        _host(table, y, host, view.glyphs)
        y += 1
    return y + 1


def _host(table: Table, y: int, host: Host, glyphs: Glyphs) -> None:
    state = mark(host.state)
    table.canvas.spot(named(host), 0, y, table.canvas.width)
    table.put(y, "mark", *dot(host.state, glyphs))
    table.put(y, "name", host.name, state.role if attention_of(host.state) >= 2 else Role.TEXT)
    table.put(y, "queries", rate(host.queries), Role.TEXT)
    table.put(y, "lame", rate(host.lame), Role.DOWN if host.lame else Role.DIM)
    table.put(y, "silent", rate(host.silent), Role.SLOW if host.silent else Role.DIM)
    table.put(y, "resolvers", whole(host.resolvers), Role.TEXT)
    quiet = host.state in (NodeState.UP, NodeState.STANDBY)
    table.put(y, "words", host.verdict, Role.DIM if quiet else state.role)
