"""Hostile and clumsy viewers: none stops the engine, slows it, fills its memory, or does what it may not."""

from __future__ import annotations

import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import trio
from small_world import TABLE, SmallWorld
from visiting import HELLO, Visitor, meet, place

from engine.commands import Inject, Inspect, Pause, Promote, Restart, SetSpeed, Shutdown
from engine.protocol import Answer, Ask, Bye, Hello, Rejected, Role, Update, Welcome, frame
from engine.runtime import run_headless
from engine.server import session as session_module
from engine.server import viewers as server_module
from engine.server.viewers import Server


@pytest.fixture
def folder() -> Iterator[Path]:
    with place() as made:
        yield made


GARBAGE = {
    "length 0": b"\0\0\0\0",
    "length max + 1": (16_385).to_bytes(4, "big") + b"x" * 100,
    "huge length": b"\xff" * 400,
    "noise": bytes(range(256)) * 8,
    "deep": (10_001).to_bytes(4, "big") + b"\x91" * 10_001,
    "bad utf-8": b"\0\0\0\x0b\x81\xa4type\xa4\xff\xfe\xfd\xfc",
    "an http request": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "another version": frame(Hello(2)),
    "hello twice": HELLO + HELLO,
}


@pytest.mark.parametrize("what", GARBAGE)
@pytest.mark.parametrize("beginning", [b"", HELLO])
def test_what_is_no_conversation_ends_it_with_a_sentence(folder: Path, what: str, beginning: bytes) -> None:
    """Told why and shut out, at the beginning and in the middle."""

    async def talk(visit: Callable[[], Awaitable[Visitor]], server: Server) -> None:
        visitor = await visit()
        await visitor.say(beginning, GARBAGE[what])
        while not isinstance(message := await visitor.hear(), Bye):
            assert isinstance(message, Welcome | Update)
        assert message.reason not in ("", "the stream ended", "enough")

    meet(folder, talk)


def test_an_ask_before_the_hello_is_refused_and_not_done(folder: Path) -> None:
    async def talk(visit: Callable[[], Awaitable[Visitor]], server: Server) -> None:
        visitor = await visit()
        await visitor.say(frame(Ask(1, Restart("node-1"))), HELLO)
        assert await visitor.hear() == Bye("the first message must be a hello")

    assert meet(folder, talk).log.entries == []


def test_cut_frames_and_silent_visitors(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hello that does not come in time, or comes by halves; a reset in the middle of a frame."""
    monkeypatch.setattr(session_module, "HELLO_WITHIN", 0.3)

    async def talk(visit: Callable[[], Awaitable[Visitor]], server: Server) -> None:
        silent, half, cut = await visit(), await visit(), await visit()
        await half.say(HELLO[:7])
        await cut.say(HELLO, frame(Ask(1, Pause()))[:9])
        await cut.hear_a(Update)
        await cut.stream.aclose()
        for visitor in (silent, half):
            assert await visitor.hear() == Bye("no hello within 0.3 seconds")

    assert meet(folder, talk).log.entries == []


def test_roles_are_kept_whatever_a_visitor_claims(folder: Path) -> None:
    """A viewer only looks; nobody but the owner ends the engine; agents' deeds are for agents; no number that is none."""

    async def talk(visit: Callable[[], Awaitable[Visitor]], server: Server) -> None:
        viewer = await visit()
        await viewer.say(frame(Hello(1, Role.VIEWER)))
        welcome = await viewer.hear_a(Welcome)
        assert isinstance(welcome, Welcome)
        assert welcome.role is Role.VIEWER
        for number, command in enumerate((Pause(), SetSpeed(2.0), Inject("crash", "node-1"), Restart("node-1"), Shutdown())):
            await viewer.ask(number, command)
            assert await viewer.hear_a(Rejected) == Rejected(number, "a viewer only looks")
        await viewer.ask(9, Inspect("node-1"))
        assert isinstance(await viewer.hear_a(Answer), Answer)
        presenter = await visit()
        await presenter.say(HELLO)
        refused = []
        for command in (Shutdown(), Promote("s1", "db-1", True), SetSpeed(float("nan")), Inject("x\x1b", "y")):
            await presenter.ask(len(refused), command)
            message = await presenter.hear_a(Rejected)
            assert isinstance(message, Rejected)
            refused.append(message.reason.split()[0])
        assert refused == ["only", "Promote", "speed", "fault"]

    assert meet(folder, talk).log.entries == []


def test_a_flood_of_commands_is_slowed_not_swallowed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand at once: only the bucket's worth gets in, the sender's own socket fills, others are served as ever."""
    monkeypatch.setattr(session_module, "ASKS_AT_ONCE", 20.0)

    async def talk(visit: Callable[[], Awaitable[Visitor]], server: Server) -> None:
        flooder, other = await visit(), await visit()
        await flooder.say(HELLO)
        await other.say(HELLO)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(flooder.say, frame(Ask(1, Restart("node-1"))) * 10_000)
            began = trio.current_time()
            for _ in range(5):
                await other.hear_a(Update)
            await other.ask(1, Inspect("node-2"))
            await other.hear_a(Answer)
            while trio.current_time() < began + 0.4:
                await other.hear_a(Update)
            nursery.cancel_scope.cancel()
        await flooder.stream.aclose()

    runtime = meet(folder, talk)
    assert 20 <= len(runtime.log.entries) < 400
    again = SmallWorld()
    run_headless(again, TABLE, runtime.world.step_no * again.dt, log=runtime.log)
    assert again.digest() == runtime.world.digest()


def test_dead_readers_cost_nothing_and_get_the_newest_when_they_wake(folder: Path) -> None:
    """Three viewers that never read, with sockets that fill: the clock keeps its pace; one that wakes is at once up to date."""

    async def talk(visit: Callable[[], Awaitable[Visitor]], server: Server) -> None:
        dead = [await visit() for _ in range(3)]
        for visitor in dead:
            visitor.stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            await visitor.say(HELLO)
        alive = await visit()
        await alive.say(HELLO)
        paces = []
        for _ in range(20):
            message = await alive.hear_a(Update)
            assert isinstance(message, Update)
            paces.append(message.snapshot.pace)
        assert paces[-1].viewers == 4
        assert paces[-1].achieved > 0.3
        behind = 0
        newest = server.runtime.number
        while isinstance(message := await dead[0].hear(), Welcome | Update):
            behind += 1
            if isinstance(message, Update) and message.snapshot.step >= server.runtime.world.step_no - 20:
                break
        assert behind < newest + 10

    runtime = meet(folder, talk)
    assert runtime.log.entries == []


def test_too_many_visitors_are_told_and_the_longest_asleep_gives_way(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "MAX_VIEWERS", 3)

    async def talk(visit: Callable[[], Awaitable[Visitor]], server: Server) -> None:
        three = [await visit() for _ in range(3)]
        for visitor in three:
            await visitor.say(HELLO)
            await visitor.hear_a(Welcome)
        assert await (await visit()).hear() == Bye("3 viewers watch already")
        stalled = server.sessions[1]
        await stalled._lock.acquire()  # as a send that its peer does not read: it neither ends nor does another begin
        stalled.sending_since = trio.current_time() - 31
        fourth = await visit()
        await fourth.say(HELLO)
        await fourth.hear_a(Welcome)
        while not isinstance(await three[1].hear(), Bye):
            pass
        await three[0].stream.aclose()
        while len(server.sessions) == 3:
            await trio.sleep(0.01)

    meet(folder, talk)


def test_viewers_that_come_and_go_change_no_digest(folder: Path) -> None:
    """Twenty visitors in all states of manners; the world is the one that nobody watched."""

    async def talk(visit: Callable[[], Awaitable[Visitor]], server: Server) -> None:
        for i in range(20):
            visitor = await visit()
            await visitor.say(HELLO[: 3 + i] if i % 3 == 0 else HELLO)
            if i % 3 == 1:
                await visitor.hear_a(Update)
                await visitor.ask(1, Inspect(f"node-{i % 12}"))
                await visitor.hear_a(Answer)
            if i % 2:
                await visitor.stream.aclose()

    runtime = meet(folder, talk, speed=20.0)
    alone = SmallWorld()
    run_headless(alone, TABLE, runtime.world.step_no * alone.dt)
    assert alone.digest() == runtime.world.digest()


def test_a_question_that_breaks_the_answerer_ends_nothing(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """An inspection that raises is refused with its reason; the traceback goes to the engine's own stderr."""

    async def talk(visit: Callable[[], Awaitable[Visitor]], server: Server) -> None:
        visitor = await visit()
        await visitor.say(HELLO)
        await visitor.ask(1, Inspect("node-99"))
        refused = await visitor.hear_a(Rejected)
        assert isinstance(refused, Rejected)
        assert refused.reason.startswith("the engine could not do that: IndexError")

    meet(folder, talk)
    assert "IndexError" in capfd.readouterr().err


def test_a_slow_step_is_not_felt_by_viewers(folder: Path) -> None:
    """The engine saturated (each step costs most of its slice): an inspection is answered within a few slices all the same."""

    async def talk(visit: Callable[[], Awaitable[Visitor]], server: Server) -> None:
        visitor = await visit()
        await visitor.say(HELLO)
        waits = []
        for number in range(10):
            began = time.perf_counter()
            await visitor.ask(number, Inspect("node-1"))
            await visitor.hear_a(Answer)
            waits.append(time.perf_counter() - began)
        assert sorted(waits)[5] < 0.3

    meet(folder, talk, speed=0, work=50_000)
