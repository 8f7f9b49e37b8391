"""The header (is it well, and for whom) and the footer (what can be done now): one or two rows, never wrapped.

What does not fit is left out, the least important first; what stays keeps its place, since every number has a fixed width.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.snapshot import Snapshot

from .charts import Glyphs, gauge, sparkline
from .draw import BOLD, Canvas, Code, Role, cell_len, fit
from .keymap import footer_for
from .keys import PINNED, Key
from .units import clock, count, duration, money, percent, plain
from .view import ViewState

__all__ = ["PRESS", "draw_footer", "draw_header", "flow"]

Piece = tuple[str, Code]
Item = tuple[int, tuple[Piece, ...]]  # (importance, what to write); the least important is left out first
CALM_ERRORS = 0.001
CALM_TOP = 2.0  # the scale of the small trends over the usual p99
LAG_SHARE = 0.9
PRESS = "press "  # begins the spot of a footer entry; what follows is its row's action. No part's name holds a blank there.


def flow(canvas: Canvas, y: int, items: Sequence[Item], *, x: int = 1, gap: int = 2, spread: bool = True) -> None:
    """Write items one after another; leave out the least important until the rest fits; share the room left over."""
    kept = [item for item in items if item[1]]
    room = canvas.width - x - 1

    def width(item: Item) -> int:
        return sum(cell_len(text) for text, _ in item[1])

    while kept and sum(map(width, kept)) + gap * (len(kept) - 1) > room:
        kept.remove(min(kept, key=lambda item: item[0]))
    over = room - sum(map(width, kept)) - gap * (len(kept) - 1)
    between = gap + (min(over // max(1, len(kept) - 1), 6) if spread else 0)
    for item in kept:
        for text, code in item[1]:
            x = canvas.text(x, y, text, code)
        x += between


def _pace(snapshot: Snapshot, state: ViewState) -> tuple[Piece, ...]:
    pace = snapshot.pace
    if state.frozen:
        return (("❄ picture held" if state.glyphs is not Glyphs.ASCII else "* picture held", Role.BAR | BOLD),)
    if pace.paused:
        return (("❚❚ paused " if state.glyphs is not Glyphs.ASCII else "|| paused ", Role.BAR_SLOW | BOLD),)
    play = "▶ " if state.glyphs is not Glyphs.ASCII else "> "
    if pace.asked == 0:
        return ((play, Role.BAR_OK), (f"{plain(pace.achieved)}× max", Role.BAR))
    if pace.achieved < LAG_SHARE * pace.asked and snapshot.now > 2:
        return ((play, Role.BAR_SLOW), (f"{plain(pace.achieved)}× of {pace.asked:g}×", Role.BAR_SLOW))
    return ((play, Role.BAR_OK), (f"{pace.asked:.2f}×", Role.BAR))


def draw_header(canvas: Canvas, snapshot: Snapshot, state: ViewState) -> None:
    """One row or two, by the height of the canvas."""
    for y in range(canvas.height):
        canvas.fill(0, y, canvas.width, code=Role.BAR)
    head = snapshot.headline
    errors = head.error_share > CALM_ERRORS
    error_role = Role.BAR_DOWN if errors else Role.BAR
    if canvas.height == 1:
        flow(
            canvas,
            0,
            (
                (5, _pace(snapshot, state)),
                (4, ((clock(snapshot.now)[:-3], Role.BAR | BOLD),)),
                (3, ((count(head.users), Role.BAR | BOLD), (" users", Role.BAR_DIM))),
                (2, ((count(head.goodput), Role.BAR | BOLD), ("/s ok", Role.BAR_DIM))),
                (7, (("p99 ", Role.BAR_DIM), (duration(head.p99_ms / 1e3 if head.p99_ms else None, 6), Role.BAR | BOLD))),
                (8, (("err ", Role.BAR_DIM), (percent(head.error_share, 6), error_role | BOLD))),
            ),
        )
        return
    name = (("scaletop ", Role.BAR | BOLD), (f"{snapshot.scenario} · seed {snapshot.seed}", Role.BAR_DIM))
    flow(
        canvas,
        0,
        (
            (1, name),
            (8, _pace(snapshot, state)),
            (9, ((clock(snapshot.now), Role.BAR | BOLD),)),
            (7, ((count(head.users), Role.BAR | BOLD), (" users", Role.BAR_DIM))),
            (6, ((count(head.offered), Role.BAR | BOLD), (" req/s", Role.BAR_DIM))),
            (5, (("good ", Role.BAR_DIM), (count(head.goodput), Role.BAR | BOLD))),
            (4, ((money(head.cost_per_hour, 9), Role.BAR),)),
            (0, (("busy ", Role.BAR_DIM), (percent(snapshot.pace.busy, 6), Role.BAR))),
        ),
    )
    _second_row(canvas, snapshot, state, error_role)


def _second_row(canvas: Canvas, snapshot: Snapshot, state: ViewState, error_role: Code) -> None:
    head = snapshot.headline
    lately = sorted(head.p99_trend[-12:])
    usual = lately[len(lately) // 2] if lately else 0.0
    top = max(CALM_TOP * usual, *lately[-1:], 1e-9)  # an ordinary p99 leaves room above it
    length = 12 if canvas.width >= 150 else 8

    def trend(values: Sequence[float], high: float | None = None) -> Piece:
        return (" " + sparkline(values, length, high=high, glyphs=state.glyphs), Role.BAR_CHART)

    most, longest = (2, 34) if canvas.width >= 110 else (1, 16)
    failing = [c for c in head.causes[:most] if c.rate > 0 and head.error_share > 0]
    causes = ", ".join(f"{count(c.rate, 0)}/s {c.name}" for c in failing)
    loud = bool(causes) and error_role == Role.BAR_DOWN  # one failure now and then must not move the row to and fro

    def quantile(name: str, value_ms: float, values: Sequence[float]) -> tuple[Piece, ...]:
        number = (f"{name} ", Role.BAR_DIM), (duration(value_ms / 1e3 if value_ms else None, 6), Role.BAR | BOLD)
        room = canvas.width >= (150 if loud and name != "p99" else 100)  # why it fails says more than how it was
        return (*number, trend(values, top)) if room else number

    budget_role = Role.BAR_DOWN if head.budget_left <= 0 else Role.BAR_SLOW if head.budget_left < 0.25 else Role.BAR_OK
    flow(
        canvas,
        1,
        (
            (3, quantile("p50", head.p50_ms, head.p50_trend)),
            (2, quantile("p95", head.p95_ms, head.p95_trend)),
            (9, quantile("p99", head.p99_ms, head.p99_trend)),
            (8, (("errors ", Role.BAR_DIM), (percent(head.error_share, 6), error_role | BOLD))),
            (4 if loud else 0, ((fit(causes, min(cell_len(causes), longest)), error_role),) if causes else ()),
            (
                5,
                (
                    (f"SLO {head.slo_target * 100:g} % ", Role.BAR_DIM),
                    (gauge(max(0.0, head.budget_left), 9, state.glyphs), budget_role),
                    (percent(max(0.0, head.budget_left), 6), Role.BAR | BOLD),
                    (" left", Role.BAR_DIM),
                ),
            ),
        ),
    )


def draw_footer(canvas: Canvas, snapshot: Snapshot, state: ViewState, keymap: Sequence[Key], panes: str) -> None:
    """What is selected and what can be done to it; the hint of the hour; the keys. `panes`: the label of the panes' keys.

    The list of all panes and help are always there, at the right.
    """
    canvas.fill(0, 0, canvas.width, code=Role.BAR)
    entries = footer_for(keymap, panes, selected=bool(state.selected), parts=("ladder",) if state.ladder else ())
    end = canvas.width + 1
    while entries and entries[-1][2].footer >= PINNED:
        key, words, row = entries.pop()
        start = canvas.right(end - 2, 0, f"{key} {words}", Role.BAR_DIM)
        canvas.text(start, 0, key, Role.BAR_KEY | BOLD)
        canvas.spot(PRESS + row.action, start, 0, end - 2 - start)
        end = start
    x = 1
    if state.filter:
        x = canvas.text(x, 0, f"/{fit(state.filter, min(20, cell_len(state.filter)))}", Role.BAR_KEY | BOLD) + 2
    if state.selected:
        x = canvas.text(x, 0, fit(state.selected, min(24, cell_len(state.selected))), Role.BAR | BOLD)
        x = canvas.text(x, 0, ":", Role.BAR_DIM) + 1
    elif snapshot.hint:
        room = min(end - x - 2, max(40, canvas.width // 2))
        x = canvas.text(x, 0, fit(snapshot.hint, min(room, cell_len(snapshot.hint))), Role.BAR_YOU) + 2
    for key, words, row in entries:
        length = cell_len(key) + 1 + cell_len(words)
        if x + length + 2 > end:
            continue
        canvas.spot(PRESS + row.action, x, 0, length)
        x = canvas.text(x, 0, key, Role.BAR_KEY | BOLD)
        x = canvas.text(x + 1, 0, words, Role.BAR_DIM) + 2
