"""The place of the socket: private, one engine at a time, nothing else touched, and nobody else let in."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import trio
from visiting import HELLO, Visitor, meet, place

from engine.server.viewers import Server
from engine.sockets import SocketError, listening, private_folder, socket_path


@pytest.fixture
def folder() -> Iterator[Path]:
    with place() as made:
        yield made


def test_the_socket_is_private_and_goes_with_the_engine(folder: Path) -> None:
    old = os.umask(0)
    try:
        with listening(folder / "s"):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            assert stat.S_IMODE((folder / "s").stat().st_mode) == 0o600
            assert os.umask(0) == 0
    finally:
        os.umask(old)
    assert not (folder / "s").exists()


def test_a_second_engine_refuses_and_the_first_goes_on(folder: Path) -> None:
    async def talk(visit: Callable[[], Awaitable[Visitor]], server: Server) -> None:
        with pytest.raises(SocketError, match="an engine already runs at"), listening(folder / "s"):
            pass
        os.unlink(folder / "s.lock")  # even without the lock: somebody answers
        with pytest.raises(SocketError, match="an engine already runs at"), listening(folder / "s"):
            pass

    meet(folder, talk)


def test_a_left_over_socket_is_removed_only_if_nobody_answers(folder: Path) -> None:
    """Of an engine that was killed; and of one that listens but is too busy to accept."""
    program = "import sys, os\nfrom pathlib import Path\nfrom engine.sockets import listening\n"
    program += "with listening(Path(sys.argv[1])): os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", program, str(folder / "s")], check=False)
    assert (folder / "s").exists()
    with listening(folder / "s"):
        pass
    with socket.socket(socket.AF_UNIX) as busy:
        busy.bind(str(folder / "s"))
        busy.listen(0)
        with pytest.raises(SocketError, match="already runs"), listening(folder / "s"):
            pass
        assert (folder / "s").exists()


@pytest.mark.parametrize("thing", ["file", "folder", "symlink", "pipe"])
def test_what_is_no_socket_is_left_alone(folder: Path, thing: str) -> None:
    private_folder(folder)
    place, elsewhere = folder / "s", folder / "elsewhere"
    elsewhere.write_text("precious")
    match thing:
        case "file":
            place.write_text("precious")
        case "folder":
            place.mkdir()
        case "symlink":
            place.symlink_to(elsewhere)
        case "pipe":
            os.mkfifo(place)
    with pytest.raises(SocketError, match="is no socket; it is left alone"), listening(place):
        pass
    assert elsewhere.read_text() == "precious"
    assert os.path.lexists(place)


def test_a_folder_that_others_may_enter_is_refused(folder: Path) -> None:
    folder.mkdir(mode=0o755)
    with pytest.raises(SocketError, match="closed to others"), listening(folder / "s"):
        pass
    link = folder.parent / "link"
    folder.chmod(0o700)
    link.symlink_to(folder)
    with pytest.raises(SocketError, match="must be yours"), listening(link / "s"):
        pass
    link.unlink()
    above = folder.parent
    above.chmod(0o777)
    with pytest.raises(SocketError, match="belongs to others"), listening(folder / "s"):
        pass
    above.chmod(0o700)
    with pytest.raises(SocketError, match="at most 107 bytes"), listening(folder / ("s" * 100)):
        pass
    for name in ("", ".", "../x", "a/b", "x" * 50, "a\0b", "ä"):
        with pytest.raises(SocketError, match="called by letters"):
            socket_path(name)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_another_user_is_turned_away(folder: Path) -> None:
    """Even with the folder and the socket thrown open, the kernel says who it is."""

    async def talk(visit: Callable[[], Awaitable[Visitor]], server: Server) -> None:
        for path, mode in ((folder.parent, 0o755), (folder, 0o755), (folder / "s", 0o666)):
            path.chmod(mode)
        program = (
            "import os, socket, sys\nos.setuid(65534)\ns = socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\n"
            "s.send(bytes.fromhex(sys.argv[2]))\nprint(len(s.recv(100)))"
        )
        python = sys.executable if os.access(sys.executable, os.X_OK) else "python3"
        command = [os.path.realpath(python), "-I", "-c", program, str(folder / "s"), HELLO.hex()]
        done = await trio.run_process(command, capture_stdout=True, capture_stderr=True, check=False)
        reached = done.stdout.strip() or done.stderr.strip().split(b"\n")[-1].split(b":")[0]
        assert reached in (b"0", b"ConnectionResetError", b"BrokenPipeError")
        assert server.served == 0

    meet(folder, talk)
