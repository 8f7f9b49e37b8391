"""Where engines listen, and how a Unix socket is made so that only its owner can speak to it.

The folder is 0700 and ours, the socket 0600, made under a umask that never leaves it open for a moment; who connects is
asked of the kernel (SO_PEERCRED). A path where an engine answers is not taken from it; one where nobody answers is a
left-over and removed; anything there that is no socket is left alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import socket
import stat
import struct
from collections.abc import Iterator
from pathlib import Path

import platformdirs

APP = "scaletop"
DEFAULT_NAME = "default"
_MAX_PATH = 107  # bytes of sun_path, less the closing zero
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,40}")
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid


class SocketError(Exception):
    """The socket cannot be made or reached; the message is one sentence."""


def socket_path(name: str = DEFAULT_NAME) -> Path:
    """Where the engine called `name` listens. SocketError if that is no name."""
    if not _NAME.fullmatch(name):
        raise SocketError(f"an engine is called by letters, digits, dots and dashes, not {name!r}")
    return Path(platformdirs.user_runtime_dir(APP)) / f"{name}.sock"


def private_folder(folder: Path) -> None:
    """Make the folder 0700, or see that it is so and ours. SocketError otherwise."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = os.lstat(folder)
    except OSError as error:
        raise SocketError(f"no folder for the socket at {folder}: {os.strerror(error.errno or 0).lower()}") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise SocketError(f"the folder {folder} must be yours and closed to others (0700)")
    above = os.stat(folder.parent)
    open_to_others = above.st_mode & 0o022 and not above.st_mode & stat.S_ISVTX
    if above.st_uid not in (0, os.getuid()) or open_to_others:
        raise SocketError(f"the folder {folder.parent} belongs to others, who could put their own socket in the place of ours")


@contextlib.contextmanager
def listening(path: Path, backlog: int = 16) -> Iterator[socket.socket]:
    """A listening socket at `path` (not blocking), for as long as the context lasts. SocketError if the place is taken."""
    if len(os.fsencode(path)) > _MAX_PATH:
        raise SocketError(f"the path of a socket has at most {_MAX_PATH} bytes: {path}")
    private_folder(path.parent)
    lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:  # the lock makes one of two engines that start at once the second; it goes with the process, however that ends
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SocketError(f"an engine already runs at {path}") from None
        _clear(path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
            umask = os.umask(0o177)
            try:
                made.bind(os.fspath(path))
            except OSError as error:
                raise SocketError(f"no socket at {path}: {os.strerror(error.errno or 0).lower()}") from error
            finally:
                os.umask(umask)
            try:
                made.listen(backlog)
                made.setblocking(False)
                yield made
            finally:
                with contextlib.suppress(OSError):
                    path.unlink()
    finally:
        os.close(lock)


def _clear(path: Path) -> None:
    """Remove a socket that nobody answers."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise SocketError(f"{path} is there already and is no socket; it is left alone")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(os.fspath(path))
        except (ConnectionRefusedError, FileNotFoundError):
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
            return
        except OSError as error:  # full backlog, no permission: somebody is there
            raise SocketError(f"an engine already runs at {path}") from error
    raise SocketError(f"an engine already runs at {path}")


def peer_uid(connected: socket.socket) -> int:
    """The user id of the process at the other end, as the kernel saw it when it connected."""
    raw = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(raw)
    return int(uid)
