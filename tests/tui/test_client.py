"""The screen's end of the socket, and the lives of two processes tied together: neither outlives the other, however it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import TypeVar

import pytest

from engine.commands import Inject, Inspect, Pause, SetSpeed, Shutdown
from engine.protocol import Answer, Bye, Rejected, Role, Update, Welcome
from tui.client import Client, ConnectionFailed
from tui.spawn import Engine, spawn

SMALL = (str(Path(__file__).parents[1] / "engine" / "small_engine.py"),)
T = TypeVar("T")


def run(main: Coroutine[None, None, T]) -> T:
    async def timed() -> T:
        async with asyncio.timeout(60):
            return await main

    return asyncio.run(timed())


def gone(pid: int, within: float = 20.0) -> bool:
    """Whether the process has ended (or is only waiting to be collected) in time."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.01)
    return False


async def until(client: Client, kind: type[T]) -> T:
    async for message in client:
        if isinstance(message, kind):
            return message
    raise AssertionError(f"the conversation ended without a {kind.__name__}")


def test_a_conversation_with_an_engine_of_our_own() -> None:
    """Welcome, snapshots that move on, an inspection, a refusal, and the end on demand."""

    async def main(engine: Engine) -> list[object]:
        client = await Client.of(engine)
        assert client.welcome is not None
        assert (client.welcome.you, client.welcome.role, client.welcome.catalogue.scenario) == ("you", Role.PRESENTER, "small")
        seen: list[object] = []
        sent = False
        async for message in client:
            seen.append(message)
            if isinstance(message, Update) and message.snapshot.step > 20 and not sent:
                sent = True
                assert await client.send(SetSpeed(100.0)) == 1
                await client.send(Inject("crash", "node-1"))
                await client.send(Inspect("node-1"))
                await client.send(Inspect("nowhere"))
                await client.send(Inject("crash", "bad\x1b[2J"))
                await client.send(Shutdown())
        with pytest.raises(ConnectionError):
            await client.send(Pause())
        return seen

    with spawn(command=SMALL) as engine:
        seen = run(main(engine))
        assert engine.process.wait(20) == 0
    assert isinstance(seen[0], Welcome)
    steps = [message.snapshot.step for message in seen if isinstance(message, Update)]
    assert steps == sorted(set(steps))
    assert [(m.number, m.inspection.title) for m in seen if isinstance(m, Answer)] == [(3, "node-1")]
    refused = [(m.number, m.reason) for m in seen if isinstance(m, Rejected)]
    assert refused == [(4, "there is nothing of that name"), (5, "target must be plain text of at most 256 characters")]
    assert seen[-1] == Bye("ended by its owner")


def test_a_second_viewer_attaches_by_path_and_only_looks(tmp_path: Path) -> None:
    """It sees the same steps, may not command as a viewer, may as a presenter, and its leaving ends nothing."""
    path = tmp_path / "folder" / "engine.sock"

    async def main(engine: Engine) -> None:
        owner = await Client.of(engine)
        for role, answer in ((Role.VIEWER, "a viewer only looks"), (Role.PRESENTER, "only the screen that started")):
            guest = await Client.connect(path, role)
            assert guest.welcome is not None
            assert guest.welcome.you.startswith("you:")
            while (await until(guest, Update)).snapshot.pace.viewers != 2:
                pass
            await guest.send(Shutdown())
            assert (await until(guest, Rejected)).reason.startswith(answer)
            await guest.close()
        while (await until(owner, Update)).snapshot.pace.viewers != 1:
            pass
        await owner.close()

    with spawn(["--listen", str(path)], command=SMALL) as engine:
        run(main(engine))
        assert engine.process.wait(20) == 0
    assert not path.exists()
    with pytest.raises(ConnectionFailed, match="no engine answers at"):
        run(Client.connect(path))


def test_closing_the_screen_ends_the_engine() -> None:
    engine = spawn(command=SMALL)

    async def main() -> None:
        client = await Client.of(engine)
        await until(client, Update)
        await client.close()
        await client.close()

    run(main())
    assert engine.process.wait(20) == 0
    assert engine.end() == 0
    assert engine.end() == 0


VIEWER = """
import asyncio, os, sys, time
from tui.client import Client
from tui.spawn import spawn
engine = spawn(command=sys.argv[2:])
print(engine.process.pid, flush=True)
async def main():
    if sys.argv[1] == "early":
        time.sleep(60)
    client = await Client.of(engine)
    async for message in client:
        if sys.argv[1] == "frozen":
            print("seen", flush=True); time.sleep(60)
        print("seen", flush=True)
asyncio.run(main())
"""


@pytest.mark.parametrize("moment", ["early", "running", "frozen"])
def test_kill_9_of_the_screen_leaves_no_engine(moment: str) -> None:
    """Before it has said hello, in mid-conversation, and while it does not read."""
    command = [sys.executable, "-c", VIEWER, moment, *SMALL]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as viewer:
        assert viewer.stdout is not None
        pid = int(viewer.stdout.readline())
        if moment != "early":
            assert viewer.stdout.readline() == "seen\n"
        viewer.kill()
        assert gone(pid)


def test_kill_9_of_the_engine_is_told_in_a_sentence() -> None:
    async def main(engine: Engine) -> object:
        client = await Client.of(engine)
        await until(client, Update)
        os.kill(engine.process.pid, signal.SIGKILL)
        last: object = None
        async for message in client:
            last = message
        with pytest.raises(ConnectionError):
            await client.send(Pause())
        return last

    with spawn(command=SMALL) as engine:
        assert run(main(engine)) == Bye("the engine is gone")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_end_the_engine_in_order(number: signal.Signals, tmp_path: Path) -> None:
    path = tmp_path / "s" / "engine.sock"

    async def main(engine: Engine) -> object:
        client = await Client.of(engine)
        engine.process.send_signal(number)
        return await until(client, Bye)

    with spawn(["--listen", str(path)], command=SMALL) as engine:
        assert run(main(engine)) == Bye(f"ended by {number.name}")
        assert engine.process.wait(20) == 0
    assert not path.exists()


def test_an_engine_that_fails_says_why() -> None:
    async def main(engine: Engine) -> object:
        client = await Client.of(engine)
        await client.send(SetSpeed(100.0))
        return await until(client, Bye)

    with spawn(["fails"], command=SMALL) as engine:
        assert run(main(engine)) == Bye("the engine failed: RuntimeError: broken agent (in agent 'b' at step 4)")
        assert engine.process.wait(20) == 1
        assert "in agent 'b'" in engine.last_words()


def test_an_engine_that_cannot_start_says_why(tmp_path: Path) -> None:
    with spawn(["missing"], command=SMALL) as engine:
        with pytest.raises(ConnectionFailed, match="there is no scenario 'missing'"):
            run(Client.of(engine))
        assert engine.process.wait(20) == 2
    for arguments, why in ((["--speed", "1000"], "invalid speed value"), (["--listen", ".x"], "called by letters")):
        with spawn(arguments, command=SMALL) as engine:
            with pytest.raises(ConnectionFailed, match=why):
                run(Client.of(engine))
            assert engine.process.wait(20) == 2


def test_starting_up_is_quick_and_imports_nothing_slow() -> None:
    """The module that spawns loads neither Textual nor numpy; the client neither numpy nor Trio."""
    program = (
        "import sys, tui.spawn; early = set(sys.modules); import tui.client\n"
        "print(sorted(early & {'textual', 'numpy', 'trio', 'msgspec', 'asyncio'}))\n"
        "print(sorted(set(sys.modules) & {'textual', 'numpy', 'trio'}))"
    )
    root = Path(__file__).parents[2]
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=root).stdout
    assert out == "[]\n[]\n"


def test_the_real_engine_from_first_word_to_last() -> None:
    """`python -m engine serve`: a scenario, its catalogue, a fault that shows in the events, the end."""

    async def main(engine: Engine) -> None:
        client = await Client.of(engine)
        assert client.welcome is not None
        assert {fault.name for fault in client.welcome.catalogue.faults} >= {"crash"}
        await client.send(Inject("crash", "cache-1"))
        async for message in client:
            assert not isinstance(message, Bye | Rejected), message
            if isinstance(message, Update) and any("cache-1" in event.text for event in message.snapshot.events):
                break
        await client.close()

    with spawn(["default", "--seed", "3"]) as engine:
        run(main(engine))
        assert engine.process.wait(20) == 0
    with spawn(["no-such-scenario"]) as engine:
        with pytest.raises(ConnectionFailed, match="no-such-scenario"):
            run(Client.of(engine))
        assert engine.process.wait(20) == 2
