"""A viewer's session with an engine: what came in (newest snapshot, story, tables, inspection) and what goes out.

No Textual in here: the app asks `newest` when it draws and is told of the few messages that need an answer at once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

from engine.catalogue import ALL_SETTINGS, Catalogue
from engine.commands import Command
from engine.protocol import Answer, Bye, Rejected, Update, Welcome
from engine.snapshot import Inspection, Snapshot

from .story import Story

__all__ = ["Link", "Session"]


class Link(Protocol):
    """A connection to an engine, which `tui.client` opens. Iterating gives its messages until it ends."""

    async def send(self, command: Command) -> object:
        """Send a command."""

    def __aiter__(self) -> AsyncIterator[object]:
        """The engine's messages."""

    async def close(self) -> None:
        """End it; may be called twice."""


class Session:
    """The state of the conversation.

    settings: the value of every live setting, by name, as last asked for (`Inspect(ALL_SETTINGS)`).
    connect: opens the link, in the running loop; `said`: called with a sentence that a person should read (a refusal).
    """

    def __init__(self, connect: Callable[[], Awaitable[Link]], said: Callable[[str], None] | None = None) -> None:
        self._connect = connect
        self._link: Link | None = None
        self.said = said
        self.newest: Snapshot | None = None
        self.catalogue: Catalogue | None = None
        self.inspection: Inspection | None = None
        self.settings: dict[str, str] = {}
        self.story = Story()
        self.goodbye = ""

    async def run(self) -> None:
        """Connect and take messages until the engine or the connection ends. OSError, with a sentence, if there is no engine."""
        self._link = await self._connect()
        async for message in self._link:
            self.take(message)

    async def send(self, command: Command) -> None:
        """Send a command. OSError if there is no engine (yet, or any more)."""
        if self._link is None:
            raise OSError("the engine is not there yet")
        await self._link.send(command)

    async def close(self) -> None:
        """End the conversation; may be called twice."""
        if self._link is not None:
            await self._link.close()

    def take(self, message: object) -> None:
        """One message of `engine.protocol`."""
        match message:
            case Update(snapshot):
                self.newest = snapshot
                self.story.add(snapshot.events)
            case Answer(_, inspection) if inspection.target == ALL_SETTINGS:
                self.settings = {setting.name: setting.value for setting in inspection.settings}
            case Answer(_, inspection):
                self.inspection = inspection
            case Welcome():
                self.catalogue = message.catalogue
            case Rejected(_, reason):
                self._say(reason)
            case Bye(reason):
                self.goodbye = reason

    def _say(self, words: str) -> None:
        if self.said is not None:
            self.said(words)
