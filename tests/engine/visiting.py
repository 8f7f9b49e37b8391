"""An engine around the small world, in this process, and visitors that speak to it raw: for the tests of the server."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import trio
from small_world import CATALOGUE, TABLE, SmallView, SmallWorld

from engine.commands import Command
from engine.protocol import Ask, Bye, FromEngine, Hello, Update, Welcome, frame, reader_of_tells
from engine.runtime import Runtime
from engine.server.viewers import Server
from engine.sockets import listening

HELLO = frame(Hello(1))


@contextmanager
def place() -> Iterator[Path]:
    """A short path (a socket's is at most 107 bytes) in a folder that is ours."""
    with tempfile.TemporaryDirectory(prefix="st") as made:
        yield Path(made) / "run"


class Visitor:
    """The other side, raw."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self._reader = reader_of_tells()
        self._got: list[FromEngine] = []

    async def say(self, *messages: bytes) -> None:
        await self.stream.send_all(b"".join(messages))

    async def ask(self, number: int, command: Command) -> None:
        await self.say(frame(Ask(number, command)))

    async def hear(self) -> FromEngine:
        """The next message; a Bye at the end of the stream."""
        while not self._got:
            try:
                data = await self.stream.receive_some(65536)
            except trio.BrokenResourceError:
                data = b""
            if not data:
                return Bye("the stream ended")
            self._got = self._reader.feed(bytes(data))
        return self._got.pop(0)

    async def hear_a(self, kind: type[FromEngine]) -> FromEngine:
        while not isinstance(message := await self.hear(), kind):
            assert not isinstance(message, Bye), message
        return message


Talk = Callable[[Callable[[], Awaitable[Visitor]], Server], Awaitable[None]]


def meet(folder: Path, talk: Talk, *, speed: float = 1.0, work: int = 0) -> Runtime[SmallView]:
    """An engine at folder/s with the conversation `talk`; afterwards it must be alive, serve a new viewer, and end well."""
    runtime = Runtime(SmallWorld(work=work), TABLE, speed=speed)

    visitors: list[Visitor] = []

    async def visit() -> Visitor:
        visitors.append(Visitor(await trio.open_unix_socket(folder / "s")))
        return visitors[-1]

    async def engine(server: Server, listener: socket.socket) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.listen, listener)
            await runtime.run()
            nursery.cancel_scope.cancel()

    async def main() -> None:
        with trio.fail_after(60), listening(folder / "s") as listener:
            server = Server(runtime, CATALOGUE)
            try:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(engine, server, listener)
                    await talk(visit, server)
                    late = await visit()
                    await late.say(HELLO)
                    await late.hear_a(Welcome)
                    step = runtime.world.step_no
                    await late.hear_a(Update)
                    while runtime.world.step_no <= step:
                        await trio.sleep(0.01)
                    runtime.stop("enough")
                    assert await late.hear_a(Bye) == Bye("enough")
            finally:
                for visitor in visitors:
                    visitor.stream.socket.close()
        assert server.sessions == []
        assert runtime.viewers == 0

    trio.run(main)
    return runtime
