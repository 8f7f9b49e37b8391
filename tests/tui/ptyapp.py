"""The screen on a scripted engine that never rests, as a program of its own: `python ptyapp.py [SAMPLE] [THEME]`."""

from __future__ import annotations

import asyncio
import sys

import msgspec
import sample
from player import Player

from tui import terminal
from tui.app import ScaletopApp
from tui.panes import PANES
from tui.settings import Settings
from tui.theme import THEMES


def main() -> int:
    async def connect() -> Player:
        player = Player(sample.SAMPLES[sys.argv[1] if len(sys.argv) > 1 else "trouble"]())
        player.feeding = asyncio.ensure_future(feed(player))
        return player

    async def feed(player: Player) -> None:
        """Ten snapshots a second, in which time, rates and quantiles move and charts scroll once a second."""
        first = player.snapshot.headline
        for n in range(1_000_000):
            trend = first.p99_trend[n // 10 % 60 :] + first.p99_trend[: n // 10 % 60]
            head = msgspec.structs.replace(
                first, offered=first.offered * (1 + n % 7 / 100), p99_ms=first.p99_ms + n % 9, p99_trend=trend
            )
            player.update(now=player.snapshot.now + 0.1, headline=head)
            await asyncio.sleep(0.1)

    terminal.forget_size()
    app = ScaletopApp(connect, PANES, THEMES[sys.argv[2] if len(sys.argv) > 2 else "dark"], Settings())
    app.run()
    return app.return_code or 0


if __name__ == "__main__":
    sys.exit(main())
