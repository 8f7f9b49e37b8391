"""The viewers of an engine: who is let in, who owns it, and the one encoding of a snapshot that all of them share.

The owner is the viewer on the inherited socket: when it is gone, whatever the reason, the engine ends. Others come by the
listening socket, if there is one; only our own user, whom the kernel vouches for, is let in.
"""

from __future__ import annotations

import contextlib
import os
import socket
from typing import TypeVar

import trio

from ..catalogue import Catalogue
from ..protocol import Bye, Update, frame
from ..runtime import Runtime
from ..sockets import peer_uid
from .session import GOODBYE_WITHIN, Session

V = TypeVar("V")

MAX_VIEWERS = 64
STALLED = 30.0  # seconds without reading after which a viewer gives way to a new one


class Server:
    """The viewers of one runtime."""

    def __init__(self, runtime: Runtime[V], catalogue: Catalogue) -> None:
        self.runtime = runtime
        self.catalogue = catalogue
        self.sessions: list[Session] = []
        self.served = 0
        self._encoded = (0, b"")

    async def listen(self, listener: socket.socket) -> None:
        """Accept viewers for ever."""
        async with trio.open_nursery() as nursery:
            accepting = trio.socket.from_stdlib_socket(listener)
            while True:
                try:
                    connected, _ = await accepting.accept()
                except OSError:  # out of descriptors, or gone before it was accepted: later may be better
                    await trio.sleep(0.1)
                    continue
                nursery.start_soon(self._visit, connected)

    async def own(self, owner: socket.socket) -> None:
        """Serve the owner; when that ends, the engine ends."""
        try:
            await self._session(trio.socket.from_stdlib_socket(owner), is_owner=True)
        finally:
            self.runtime.stop("the screen that it was started for has ended")

    async def frame_after(self, number: int) -> tuple[int, bytes]:
        """The newest snapshot later than the `number`-th as a frame, encoded once for all viewers, and its number."""
        snapshot = await self.runtime.newer(number)
        if self._encoded[0] != self.runtime.number:
            self._encoded = (self.runtime.number, frame(Update(snapshot)))
        return self._encoded

    async def _visit(self, connected: trio.socket.SocketType) -> None:
        with connected:
            if peer_uid(connected._sock) != os.getuid():  # type: ignore[attr-defined]
                return
            if len(self.sessions) >= MAX_VIEWERS and not self._make_room():
                with trio.move_on_after(GOODBYE_WITHIN), contextlib.suppress(OSError):
                    await connected.send(frame(Bye(f"{MAX_VIEWERS} viewers watch already")))
                return
            await self._session(connected, is_owner=False)

    async def _session(self, connected: trio.socket.SocketType, *, is_owner: bool) -> None:
        self.served += 1
        session = Session(self, trio.SocketStream(connected), "you" if is_owner else f"you:{self.served}", is_owner=is_owner)
        self.sessions.append(session)
        try:
            await session.run()
        finally:
            self.sessions.remove(session)

    def _make_room(self) -> bool:
        """Put out the viewer that has not read for longest, if that is long."""
        now = trio.current_time()
        longest = min((s for s in self.sessions if not s.is_owner), key=lambda s: s.sending_since, default=None)
        if longest is None or now - longest.sending_since < STALLED:
            return False
        longest.scope.cancel()
        return True
