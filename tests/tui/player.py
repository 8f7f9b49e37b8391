"""A connection that plays given messages and keeps what was sent, and how to run the app on it without a terminal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import msgspec
import sample
import tables
from textual.pilot import Pilot

from engine.catalogue import ALL_SETTINGS
from engine.commands import Command, Inspect
from engine.protocol import Answer, Bye, FromEngine, Rejected, Role, Update, Welcome
from engine.snapshot import Snapshot
from tui.app import ScaletopApp
from tui.pane import PaneSpec
from tui.panes import PANES
from tui.settings import Settings
from tui.theme import THEMES


class Player:
    """The engine's side of a conversation, as `tui.session.Link` has it."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.sent: list[Command] = []
        self.answers = True
        self.settings = {"cache.ttl": "60 s", "balancer.policy": "least_connections"}
        self._queue: asyncio.Queue[FromEngine | None] = asyncio.Queue()
        self._queue.put_nowait(Welcome(1, "you", Role.PRESENTER, tables.catalogue()))
        self.update()

    def update(self, **changes: object) -> None:
        """Another snapshot, one step on, with some fields changed."""
        self.snapshot = msgspec.structs.replace(self.snapshot, step=self.snapshot.step + 1, **changes)
        self._queue.put_nowait(Update(self.snapshot))

    def reject(self, reason: str) -> None:
        self._queue.put_nowait(Rejected(1, reason))

    def end(self, reason: str) -> None:
        self._queue.put_nowait(Bye(reason))
        self._queue.put_nowait(None)

    async def send(self, command: Command) -> None:
        if isinstance(command, Inspect) and command.target == ALL_SETTINGS:
            self._queue.put_nowait(Answer(1, tables.settings(self.settings)))
            return
        self.sent.append(command)
        if isinstance(command, Inspect) and self.answers:
            self._queue.put_nowait(Answer(1, msgspec.structs.replace(tables.inspection(), target=command.target)))

    async def close(self) -> None:
        self._queue.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[FromEngine]:
        while (message := await self._queue.get()) is not None:
            yield message


Story = Callable[[ScaletopApp, Player, Pilot[None]], Awaitable[None]]


def play(
    story: Story,
    *,
    size: tuple[int, int] = (120, 40),
    theme: str = "dark",
    snapshot: Snapshot | None = None,
    settings: Settings | None = None,
    panes: Sequence[PaneSpec] = PANES,
) -> int:
    """Run the app without a terminal, give it to `story` once it shows the first snapshot; its exit status."""

    async def main() -> int:
        player = Player(snapshot or sample.trouble())

        async def connect() -> Player:
            return player

        app = ScaletopApp(connect, panes, THEMES[theme], settings or Settings())
        async with app.run_test(size=size, notifications=True) as pilot:
            await until(pilot, lambda: app.board.widget.shown is not None)
            await story(app, player, pilot)
        return app.return_code or 0

    return asyncio.run(main())


async def until(pilot: Pilot[None], true: Callable[[], bool]) -> None:
    """Let the app work until something is so; fails after many turns."""
    for _ in range(400):
        if true():
            return
        await pilot.pause(0.005)
    raise AssertionError("it never came to be")


def shown(app: ScaletopApp) -> str:
    """All text on the screen, as Textual composes it."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())
