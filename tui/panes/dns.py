"""Pane 2, DNS: which cache answers how many look-ups, how many resolvers are on an old record, what a full walk costs."""

from __future__ import annotations

from collections.abc import Sequence

from engine.snapshot import Dns, Level, Record, Snapshot, Walk

from ..charts import Glyphs, gauge, histogram
from ..draw import BOLD, Canvas, Code, Role, cell_len, fit
from ..frame import Verdict
from ..marks import attention_of, mark
from ..pane import Pane, PaneView
from ..safe import safe_text
from ..units import duration, percent, rate, whole
from .dns_hosts import hosts_table, hosts_told, named, worth_telling
from .history import LEAST_ROWS, History, fill_with_histories, room_for_histories
from .table import Column, Fact, Table, before, dot, facts, rank, sound, spark, when

__all__ = ["DnsPane"]

BARS, PLAIN_BARS = "━─", "=-#.+:~*"  # where there is no colour, neighbours still differ
# no green, yellow or orange here, which would read as a state
SERIES: tuple[Code, ...] = (Role.S0, Role.S5, Role.S4, Role.ACCENT)
WALK = ("root", "tld", "authority")  # levels that only a full walk reaches
WALKS, LONGEST = 4, 26  # walks that are told before there is a chart; cells of a resolver's name
ONE_CHART, TALLEST = 17, 9  # rows that a line of charts can use; rows of the histogram if there are more
FAILING = 0.01  # share of look-ups without an answer that counts as degraded
LEVELS = (
    Column("mark", 1, 9),
    Column("name", 10, 9, 4, "<", "level"),
    Column("hit", 6, 8, 0, ">", "answer"),
    Column("bar", 6, 3, 24),
    Column("queries", 8, 7, 0, ">", "asked"),
    Column("p99", 7, 6, 0, ">", "p99"),
    Column("ttl", 7, 5, 0, ">", "ttl"),
    Column("words", 21, 4, 30),
)


class DnsPane(Pane):
    """Names, caches, clocks."""

    def verdict(self, snapshot: Snapshot, view: PaneView) -> Verdict:  # noqa: ARG002 - the contract of Pane
        """The engine's words; old answers ask for a look, look-ups without an answer for more."""
        part = snapshot.dns
        worst = attention_of(*(level.state for level in part.levels), *(host.state for host in part.hosts))
        if part.stale_resolvers or part.old_delegations:
            worst = max(worst, 1)
        if part.nxdomain_share + part.servfail_share > FAILING:
            worst = 3
        return Verdict(part.verdict or ("no look-ups yet" if not part.levels else ""), worst)

    def targets(self, snapshot: Snapshot, view: PaneView) -> Sequence[str]:
        """Levels (trouble first), then records, then the parties where there is something to say of them."""
        levels = [level.name for level in _levels(snapshot.dns, view)]
        parties = ["registrar", *map(named, snapshot.dns.hosts)] if worth_telling(snapshot.dns) else []
        return tuple(dict.fromkeys([*levels, *(r.name for r in snapshot.dns.records), *parties]))

    def draw(self, canvas: Canvas, snapshot: Snapshot, view: PaneView) -> None:
        """Shares by cache, the rate, levels in trouble, records, the last walk: as many lines as fit, in that order."""
        part = snapshot.dns
        if not part.levels and not part.records:
            canvas.text(0, 0, fit("no look-ups yet", min(canvas.width, 15)), Role.DIM)
            return
        y = _shares(canvas, 0, part, view.glyphs)
        _now(canvas, y, part, view.glyphs)
        y += 1
        if view.zoomed:
            _zoomed(canvas.inside(0, y, canvas.width, canvas.height - y), part, view)
            return
        for level in _levels(part, view):
            if attention_of(level.state) and y < canvas.height:
                _trouble(canvas, y, level, view.glyphs)
                y += 1
        y = hosts_told(canvas, y, part, view.glyphs, canvas.height - y - 1)
        records = sorted(part.records, key=lambda r: not r.was)
        changing = bool(records and records[0].was)
        walks = 1 if part.walks and canvas.height - y > 1 + changing else 0
        for record in records[: max(1, canvas.height - y - walks)]:
            if y < canvas.height:
                y += _record(canvas, y, record, part, view.glyphs, min(2, canvas.height - y - walks))
        room = canvas.height - y
        y = _walks(canvas, y, part.walks[: max(0, min(room, WALKS) if room >= WALKS + LEAST_ROWS else room)], view.glyphs)
        fill_with_histories(canvas, y, _charts(part), view.glyphs)


def _charts(part: Dns) -> tuple[History, ...]:
    return (
        ("look-ups", part.lookups_trend, lambda v: rate(v, 0), Role.CHART),
        ("resolvers on an old answer", part.stale_trend, whole, Role.CHART2),
        *((("resolvers on an old delegation", part.old_trend, whole, Role.CHART2),) if any(part.old_trend) else ()),
    )


def _levels(part: Dns, view: PaneView) -> list[Level]:
    return sorted((level for level in part.levels if view.matches(level.name, level.state.value)), key=lambda v: rank(v.state))


def _shares(canvas: Canvas, y: int, part: Dns, glyphs: Glyphs) -> int:
    """Who answers: words, and below them one bar cut in the same order. Levels of the walk share a colour. Returns rows."""
    caches = [level for level in part.levels if level.name not in WALK]
    walk = [level for level in part.levels if level.name in WALK]
    parts = [(level.name, level.hit_share) for level in caches]
    if walk:
        parts.append(("walk", sum(level.hit_share for level in walk)))
    items = []
    for number, (name, share) in enumerate(parts):
        colour = SERIES[number % len(SERIES)]
        target = name if name != "walk" else walk[-1].name
        items.append(Fact(20 - number, ((name, colour), (" " + percent(share, 6), Role.TEXT)), target))
    facts(canvas, y, items, gap=2)
    if canvas.height < 5:
        return y + 1
    total = sum(max(0.0, sound(share)) for _, share in parts)
    edge, x = 0.0, 0
    for number, (_, share) in enumerate(parts):
        edge += max(0.0, sound(share))
        stop = round(edge / total * canvas.width) if total > 0 else 0
        char = PLAIN_BARS[number % len(PLAIN_BARS)] if glyphs is Glyphs.ASCII else BARS[number % len(BARS)]
        canvas.text(x, y + 1, char * (stop - x), SERIES[number % len(SERIES)])
        x = max(x, stop)
    return y + 2


def _now(canvas: Canvas, y: int, part: Dns, glyphs: Glyphs) -> None:
    length = max(6, min(20, canvas.width - 60))
    nx, servfail = (Role.DOWN if share > FAILING else Role.TEXT for share in (part.nxdomain_share, part.servfail_share))
    facts(
        canvas,
        y,
        (
            Fact(9, ((rate(part.lookups), Role.TEXT), (" ", Role.TEXT), (spark(part.lookups_trend, length, glyphs), Role.CHART))),
            before(8, "walk p99", duration(part.cold_p99_ms / 1e3, 6)),
            before(7, "nx", percent(part.nxdomain_share, 6), nx),
            before(6, "servfail", percent(part.servfail_share, 6), servfail),
        ),
        gap=2,
    )


def _trouble(canvas: Canvas, y: int, level: Level, glyphs: Glyphs) -> None:
    state = mark(level.state)
    canvas.spot(level.name, 0, y, canvas.width)
    words = level.verdict or state.word
    p99 = ((duration(level.p99_ms / 1e3, 0), Role.TEXT), (" p99", Role.DIM))
    facts(
        canvas,
        y,
        (Fact(9, (dot(level.state, glyphs), (f" {level.name}", state.role))), Fact(8, ((words, state.role),)), Fact(5, p99)),
        gap=2,
    )
    canvas.watch(f"dns.{level.name}", level.state, 0, y, 2 + cell_len(safe_text(level.name)))


def _record(canvas: Canvas, y: int, record: Record, part: Dns, glyphs: Glyphs, room: int) -> int:
    """The record, and while some resolvers hold an older one, how far the new one has come. Returns rows."""
    canvas.spot(record.name, 0, y, canvas.width, min(2, max(1, room)))
    end = facts(
        canvas,
        y,
        (
            Fact(8, ((record.name, Role.TEXT), (f" {record.kind}", Role.DIM))),
            Fact(9, ((record.value, Role.ACCENT),)),
            before(6, "ttl", duration(record.ttl, 0)),
        ),
        gap=2,
    )
    canvas.watch(f"dns.{record.name}", record.value, 0, y, end)
    if not record.was or room < 2 or part.resolvers <= 0:
        return 1
    fresh = 1 - part.stale_resolvers / part.resolvers
    facts(
        canvas,
        y + 1,
        (
            Fact(9, (("  ", Role.DIM), (gauge(fresh, 12, glyphs), Role.CHART))),
            Fact(8, ((whole(part.stale_resolvers), Role.SLOW), (f" of {whole(part.resolvers)} on the old", Role.DIM))),
            Fact(7, ((record.was, Role.SLOW),)),
        ),
        gap=1,
    )
    return 2


def _walks(canvas: Canvas, y: int, walks: Sequence[Walk], glyphs: Glyphs) -> int:
    """A line each, names and costs below one another. Returns the row after them."""
    name = max((cell_len(safe_text(walk.resolver)) for walk in walks), default=0)
    for walk in walks:
        _walk(canvas, y, walk, min(name, LONGEST), glyphs)
        y += 1
    return y


def _walk(canvas: Canvas, y: int, walk: Walk, name: int, glyphs: Glyphs) -> None:
    """A full walk in one line: each level with what it cost; from the cache it cost nothing."""
    arrow = " > " if glyphs is Glyphs.ASCII else " → "
    pieces: list[tuple[str, Code]] = []
    for number, (level, cost) in enumerate(walk.steps):
        pieces.append(((arrow if number else "") + level + " ", Role.DIM))
        pieces.append((cost.rjust(6), Role.OK if cost == "cached" else Role.TEXT))
    facts(
        canvas,
        y,
        (
            Fact(7, (("walk ", Role.DIM), (fit(walk.resolver, name), Role.TEXT))),
            Fact(9, tuple(pieces)),
            Fact(5, (("= ", Role.DIM), (duration(walk.total_ms / 1e3, 0), Role.TEXT | BOLD))),
            Fact(2, (("at ", Role.DIM), (when(walk.at), Role.DIM))),
        ),
        gap=2,
    )


def _zoomed(canvas: Canvas, part: Dns, view: PaneView) -> None:
    """History, every level, every record with who answers what, how long answers still live, every walk kept."""
    height = canvas.height - room_for_histories(canvas, _charts(part), zoomed=True)
    y = 1
    table = Table(canvas, LEVELS)
    table.head(y)
    y += 1
    for level in _levels(part, view)[: max(0, height - y)]:
        _level(table, y, level, view.glyphs)
        y += 1
    y = hosts_table(canvas, y + 1, part, view, height)
    for record in part.records:
        if y < height:
            y += _record(canvas, y, record, part, view.glyphs, height - y)
        for address, resolvers in record.answers[: max(0, height - y)]:
            words = (
                Fact(
                    9,
                    (
                        ("  ", Role.DIM),
                        (whole(resolvers, 9), Role.TEXT),
                        (" resolvers answer ", Role.DIM),
                        (address, Role.ACCENT),
                    ),
                ),
            )
            facts(canvas, y, words)
            y += 1
    y += 1
    if part.ttl_left and height - y >= 5:
        canvas.text(0, y, fit("seconds that cached answers still live: few to many", min(canvas.width, 51)), Role.DIM)
        spare = canvas.height - y - 2 - len(part.walks) - 2 - ONE_CHART
        for line in histogram(part.ttl_left, min(canvas.width, 60), max(3, min(TALLEST, spare)), view.glyphs):
            y += 1
            canvas.text(0, y, line, Role.CHART)
        y += 2
    y = _walks(canvas, y, part.walks[: max(0, height - y)], view.glyphs)
    fill_with_histories(canvas, y, _charts(part), view.glyphs)


def _level(table: Table, y: int, level: Level, glyphs: Glyphs) -> None:
    state = mark(level.state)
    table.canvas.spot(level.name, 0, y, table.canvas.width)
    table.put(y, "mark", *dot(level.state, glyphs))
    table.put(y, "name", level.name, state.role if attention_of(level.state) >= 2 else Role.TEXT)
    table.put(y, "hit", percent(level.hit_share, 6))
    table.bar(y, "bar", level.hit_share, glyphs, Role.CHART, rail=True)
    table.put(y, "queries", rate(level.queries), Role.TEXT)
    table.put(y, "p99", duration(level.p99_ms / 1e3), Role.TEXT)
    table.put(y, "ttl", duration(level.ttl), Role.DIM)
    table.put(y, "words", level.verdict or state.word, state.role if attention_of(level.state) else Role.DIM)
