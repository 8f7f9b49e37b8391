"""What a pane is: a pure drawing of a part of the system. One file each in `tui/panes`, one row each in `PANES`.

A pane holds no state of the world and none of the screen: `draw` maps (snapshot, view) to cells and nothing else, so it is
tested without a terminal and drawn again without harm. The widget that shows it (`tui.panewidget`) draws the border with
`verdict` in the title, lights the selected row, flashes what changed, and turns cells into colours.

How to write one::

    class WebPane(Pane):
        def verdict(self, snapshot, view):
            return Verdict("web-4 is slow, gets less", attention_of(*(b.state for b in snapshot.balancer.backends)))

        def targets(self, snapshot, view):
            return [b.name for b in snapshot.balancer.backends]          # what j/k walk through, in drawn order

        def draw(self, canvas, snapshot, view):                          # canvas: inside the border, any size >= 0 x 0
            for y, i in enumerate(window(len(backends), canvas.height, at=...)):
                canvas.spot(b.name, 0, y, canvas.width)                  # click selects, selected row lights up
                x = canvas.text(0, y, mark(b.state).show(view.glyphs), mark(b.state).role)
                canvas.watch(f"{b.name}.state", b.state, x, y, 8)        # flashes two seconds on change

Rules: what is broken first; fixed-width numbers (`tui.units`); a trend beside each number; every size drawn sensibly (24x4 to
200x60: leave out columns from the right, never wrap); when `view.zoomed` show history, every node, every setting.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.snapshot import Snapshot

from .charts import Glyphs
from .draw import Canvas
from .frame import CALM, Verdict

__all__ = ["CALM", "Pane", "PaneSpec", "PaneView", "Verdict", "always", "window"]


@dataclass(frozen=True, slots=True)
class PaneView:
    """What a drawing may know about the viewer. `selected`: a target's name or ""; `filter`: lower case words or ""."""

    glyphs: Glyphs = Glyphs.BRAILLE
    focused: bool = False
    zoomed: bool = False
    selected: str = ""
    filter: str = ""
    scroll: int = 0

    def matches(self, *texts: str) -> bool:
        """Whether a line about `texts` passes the filter: every word of it occurs in one of them."""
        return all(any(word in text.lower() for text in texts) for word in self.filter.split())


def always(_snapshot: Snapshot) -> bool:
    """A system that every scenario has."""
    return True


@dataclass(frozen=True, slots=True)
class PaneSpec:
    """A row of the table of panes: id ("cache"), number key ("4", "" for none), title, how to make one, where it goes.

    column: in the layouts of two and of three columns (0 = left); rows: how many it would like there, border included.
    letter: its key in the menu of all panes ("" gets a free one). present: whether this world has the system; if not, the
    pane is neither drawn nor asked for its verdict, and `absent` says in a sentence why and how it would come. The first row
    of the table is the map: it is always there, and small screens always show it. ::

        PaneSpec("cdn", "9", "CDN", CdnPane, (1, 2), 9, letter="n",
                 present=lambda s: s.cdn is not None, absent="this system has no CDN: a scenario with [cdn] has one.")
    """

    id: str
    key: str
    title: str
    factory: Callable[[], Pane]
    column: tuple[int, int] = (0, 0)
    rows: int = 9
    letter: str = ""
    present: Callable[[Snapshot], bool] = always
    absent: str = ""

    @property
    def shortcut(self) -> str:
        """The keys that a person may press for it, "" if only the menu knows."""
        return self.key or (f"v {self.letter}" if self.letter else "")


def window(count: int, height: int, at: int = -1, scroll: int = 0) -> range:
    """Which of `count` lines fit in `height`: from `scroll` on, moved as little as needed to show line `at` (-1: none)."""
    first = max(0, min(scroll, count - height))
    if 0 <= at < count and height > 0:
        first = min(max(first, at - height + 1), at)
    return range(first, min(count, first + max(0, height)))


class Pane(ABC):
    """Base of all panes. Subclasses have no attributes that change."""

    @abstractmethod
    def draw(self, canvas: Canvas, snapshot: Snapshot, view: PaneView) -> None:
        """Draw the inside of the pane. The canvas is blank and clips, and may be of any size."""

    def verdict(self, snapshot: Snapshot, view: PaneView) -> Verdict:  # noqa: ARG002 - for subclasses to use
        """The line in the title, and how much attention the pane asks for. Also asked while the pane is not shown."""
        return CALM

    def targets(self, snapshot: Snapshot, view: PaneView) -> Sequence[str]:  # noqa: ARG002 - for subclasses to use
        """Names that the cursor keys walk through, in the order in which they are drawn."""
        return ()
