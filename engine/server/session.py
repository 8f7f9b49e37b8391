"""One viewer's conversation with the engine, from its hello to its end.

One task sends (waiting in `Runtime.newer`, so what the viewer could not take is never queued), one receives. A viewer that
does not read is not read from either. Commands come through a token bucket; an empty bucket stops reading, which fills the
sender's socket and nobody's memory.
"""

from __future__ import annotations

import math
import traceback
from typing import TYPE_CHECKING

import trio

from ..commands import Control, Deed, FollowRequest, Inspect
from ..protocol import (
    PROTOCOL_VERSION,
    Answer,
    Ask,
    Bye,
    FromEngine,
    Hello,
    ProtocolError,
    Rejected,
    Role,
    ToEngine,
    Welcome,
    check,
    frame,
    reader_of_asks,
)
from ..runtime import CommandError

if TYPE_CHECKING:
    from .viewers import Server

HELLO_WITHIN = 3.0  # seconds
ASKS_PER_SECOND, ASKS_AT_ONCE = 50.0, 100.0  # a held key repeats 30 times a second
GOODBYE_WITHIN = 0.3  # seconds
_PIECE = 16 << 10


class Session:
    """One viewer, from its hello to its end."""

    def __init__(self, server: Server, stream: trio.SocketStream, you: str, *, is_owner: bool) -> None:
        self.server = server
        self.stream = stream
        self.you = you
        self.is_owner = is_owner
        self.role = Role.VIEWER
        self.scope = trio.CancelScope()
        self.sending_since = math.inf  # when the present send began, inf if none is under way
        self._reader = reader_of_asks()
        self._lock = trio.Lock()
        self._tokens = ASKS_AT_ONCE
        self._filled = 0.0

    async def run(self) -> None:
        """Serve until either side ends it. What the viewer did wrong is told in a last `Bye`."""
        why = ""
        watching = False
        with self.scope:
            try:
                # the owner may take its time: it is loading its screen, and when it ends so do we
                with trio.move_on_after(math.inf if self.is_owner else HELLO_WITHIN) as patience:
                    first = await self._greet()
                if patience.cancelled_caught:
                    raise ProtocolError(f"no hello within {HELLO_WITHIN:g} seconds")
                self.server.runtime.viewers += 1
                watching = True
                self.server.runtime.nudge()
                await self._converse(first)
            except ProtocolError as error:
                why = str(error)
            finally:
                if watching:
                    self.server.runtime.viewers -= 1
                    self.server.runtime.nudge()
                with trio.CancelScope(shield=True, deadline=trio.current_time() + GOODBYE_WITHIN):
                    await self._goodbye(why or self.server.runtime.why_ended)

    async def _greet(self) -> list[ToEngine]:
        """Take the hello and welcome the viewer; messages that came right behind it."""
        while not (messages := await self._receive()):
            pass
        hello = messages[0]
        if not isinstance(hello, Hello):
            raise ProtocolError("the first message must be a hello")
        if hello.version != PROTOCOL_VERSION:
            raise ProtocolError(f"the viewer speaks version {hello.version}, the engine version {PROTOCOL_VERSION}")
        self.role = hello.role
        await self.tell(Welcome(PROTOCOL_VERSION, self.you, self.role, self.server.catalogue))
        return messages[1:]

    async def _converse(self, first: list[ToEngine]) -> None:
        wrong: ProtocolError | None = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._show)
            messages = first
            try:
                while await self._take(messages):
                    messages = await self._receive()
            except ProtocolError as error:
                wrong = error
            nursery.cancel_scope.cancel()
        if wrong is not None:
            raise wrong

    async def _show(self) -> None:
        number = 0
        while True:
            number, data = await self.server.frame_after(number)
            await self._send(data)

    async def _take(self, messages: list[ToEngine]) -> bool:
        """Carry out what came; False after a `Bye`."""
        for message in messages:
            match message:
                case Ask():
                    await self._token()
                    await self._ask(message)
                case Hello():
                    raise ProtocolError("a second hello")
                case Bye():
                    return False
        return True

    async def _ask(self, ask: Ask) -> None:
        runtime, command = self.server.runtime, ask.command
        try:
            if self.role is Role.VIEWER and not isinstance(command, Inspect | FollowRequest):
                raise CommandError("a viewer only looks")
            if not isinstance(command, Control | Deed):
                raise CommandError(f"{type(command).__name__} is for the engine's own agents")
            check(command)
            if isinstance(command, Control):
                found = runtime.control(command, owner=self.is_owner)
                if found is not None:
                    await self.tell(Answer(ask.number, found))
            else:
                runtime.order(self.you, command)
        except (CommandError, ProtocolError) as error:
            await self.tell(Rejected(ask.number, str(error)))
        except Exception as error:  # a question, however odd, ends nothing
            traceback.print_exc()
            await self.tell(Rejected(ask.number, f"the engine could not do that: {type(error).__name__}: {error}"[:1000]))

    async def _token(self) -> None:
        """Take a token from the bucket, waiting for one if it is empty."""
        now = trio.current_time()
        self._tokens = min(ASKS_AT_ONCE, self._tokens + (now - self._filled) * ASKS_PER_SECOND)
        self._filled = now
        self._tokens -= 1
        if self._tokens < 0:
            await trio.sleep(-self._tokens / ASKS_PER_SECOND)

    async def _receive(self) -> list[ToEngine]:
        try:
            data = await self.stream.receive_some(_PIECE)
        except trio.BrokenResourceError:
            data = b""
        return self._reader.feed(bytes(data)) if data else [Bye()]

    async def tell(self, message: FromEngine) -> None:
        """Send one message, after whatever is being sent."""
        await self._send(frame(message))

    async def _send(self, data: bytes) -> None:
        async with self._lock:
            self.sending_since = trio.current_time()
            rest = memoryview(data)
            try:
                while rest:
                    rest = rest[await self.stream.socket.send(rest) :]
            except (OSError, trio.ClosedResourceError):
                self.scope.cancel()
                await trio.lowlevel.checkpoint()
            finally:
                if len(rest) in (0, len(data)):  # it stays set if a cancel left half a frame out: nothing may follow that
                    self.sending_since = math.inf

    async def _goodbye(self, why: str) -> None:
        try:
            if self.sending_since == math.inf:
                await self.stream.send_all(frame(Bye(why)))
            await self.stream.aclose()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            await trio.aclose_forcefully(self.stream)
