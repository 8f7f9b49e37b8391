"""A viewer's end of the conversation with an engine, on asyncio: send commands, iterate over messages.

    client = await Client.of(engine)              # one that `tui.spawn` started
    client = await Client.connect(path)           # one that runs already
    async for message in client: ...              # Welcome first, then Update, Answer, Rejected; Bye is the last
    await client.send(command)

Of several snapshots that arrive together only the newest is handed on. When the engine ends without a word, a `Bye` is made
up from what is known.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections import deque
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from engine.commands import Command
from engine.protocol import (
    PROTOCOL_VERSION,
    Ask,
    Bye,
    FromEngine,
    Hello,
    ProtocolError,
    Role,
    Update,
    Welcome,
    frame,
    reader_of_tells,
)

from .spawn import Engine

__all__ = ["Client", "ConnectionFailed"]

WELCOME_WITHIN = 30.0  # seconds: a world of ten million users takes its time to build; a dead engine is noticed at once
_PIECE = 1 << 20


class ConnectionFailed(ConnectionError):  # noqa: N818  (as the built-in ones are called)
    """No engine, or not one of ours; the message is one sentence."""


class Client:
    """A connection after its welcome. One task may iterate, any may send."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, last_words: Callable[[], str] = lambda: ""
    ) -> None:
        self.welcome: Welcome | None = None
        self.number = 0  # of the last command sent
        self._reader = reader
        self._writer = writer
        self._last_words = last_words
        self._cut = reader_of_tells()
        self._inbox: deque[FromEngine] = deque()
        self._ended = False

    @classmethod
    async def of(cls, engine: Engine, role: Role = Role.PRESENTER) -> Client:
        """The owner's connection to a spawned engine. ConnectionFailed, with the engine's reason, if it does not start."""

        def last_words() -> str:
            with contextlib.suppress(Exception):
                engine.process.wait(0.5)  # the end of the socket comes a moment before the end of the process
            return engine.last_words()

        return await cls._begin(engine.link, role, last_words)

    @classmethod
    async def connect(cls, path: str | Path, role: Role = Role.PRESENTER) -> Client:
        """Attach to the engine that listens at `path`. ConnectionFailed if none does."""
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        link.setblocking(False)
        try:
            await asyncio.wait_for(asyncio.get_running_loop().sock_connect(link, os.fspath(path)), WELCOME_WITHIN)
        except (OSError, ValueError) as error:  # also a time-out
            link.close()
            raise ConnectionFailed(f"no engine answers at {path}") from error
        return await cls._begin(link, role, lambda: "")

    @classmethod
    async def _begin(cls, link: socket.socket, role: Role, last_words: Callable[[], str]) -> Client:
        client = cls(*await asyncio.open_connection(sock=link, limit=_PIECE), last_words)
        try:
            async with asyncio.timeout(WELCOME_WITHIN):
                await client._write(frame(Hello(PROTOCOL_VERSION, role)))
                while not (early := await client._receive()):
                    pass
        except TimeoutError as error:
            await client.close()
            raise ConnectionFailed(f"the engine says nothing for {WELCOME_WITHIN:g} seconds") from error
        except ConnectionError:
            early = [Bye(last_words())]
        first = early[0]
        if not isinstance(first, Welcome):
            await client.close()
            reason = first.reason if isinstance(first, Bye) else ""
            raise ConnectionFailed(reason or "the engine does not let us in")
        client.welcome = first
        client._inbox.extend(early)
        return client

    async def send(self, command: Command) -> int:
        """Send a command; the number that an answer or a refusal will carry. ConnectionError if the engine is gone."""
        self.number += 1
        number = self.number
        await self._write(frame(Ask(number, command)))
        return number

    async def __aiter__(self) -> AsyncIterator[FromEngine]:
        """Messages until the end, which is always a `Bye`."""
        while True:
            while self._inbox:
                message = self._inbox.popleft()
                if isinstance(message, Update) and any(isinstance(later, Update) for later in self._inbox):
                    continue
                if isinstance(message, Bye):
                    await self.close()
                yield message
                if isinstance(message, Bye):
                    return
            self._inbox.extend(await self._receive())

    async def close(self) -> None:
        """End the connection; may be called twice."""
        self._ended = True
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def _write(self, data: bytes) -> None:
        if self._ended:
            raise ConnectionFailed("the engine is gone")
        self._writer.write(data)
        await self._writer.drain()

    async def _receive(self) -> list[FromEngine]:
        """What came, at least a piece of a message; a made-up `Bye` at the end of the stream."""
        try:
            data = b"" if self._ended else await self._reader.read(_PIECE)
            if data:
                return self._cut.feed(data)
        except OSError:
            pass
        except ProtocolError as error:
            return [Bye(f"the engine sent {error}")]
        return [Bye(self._last_words() or "the engine is gone")]
