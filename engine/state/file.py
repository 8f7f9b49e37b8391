"""The file of a saved state: versioned, length-checked, hash-checked, and without pickle.

    16 bytes  magic                  8 bytes  length of the table (msgpack: meta data, tree, sizes of the blocks)
     4 bytes  format version         8 bytes  length of all blocks (each one array in numpy's own .npy format)
    32 bytes  BLAKE2b of all that precedes and follows it

All integers little-endian. Everything is checked before it is used, and what is refused is refused in one sentence.
"""

from __future__ import annotations

import ast
import contextlib
import math
import os
import stat
import struct
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, TypeAlias

import msgspec
import numpy as np

from .classes import StateError
from .containers import Value
from .encode import Array

Meta: TypeAlias = str | int | float | bool | None
Progress: TypeAlias = Callable[[float], None] | None  # is told the share done, 0..1

FORMAT_VERSION = 1
MAX_BYTES = 8 << 30  # a state of ten million users is about 1 GiB
MAX_TABLE = 1 << 30
_MAGIC = b"scaletop state\r\n"
_HEAD = struct.Struct("<16sIQQ")
_DIGEST = 32
_CHUNK = 1 << 20
_TOLD = 1 << 25  # bytes from one telling to the next
_MAX_HEADER = 10_000  # characters of one array's header; numpy's own cap
_DAMAGED = "the state is damaged"


@dataclass(frozen=True)
class Parts:
    """A state between file and world: the tables of `engine.state.encode`."""

    meta: dict[str, Meta]
    root: Value
    objects: list[list[Value]]
    arrays: list[list[Value]]
    blocks: list[Array]


class _Table(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    meta: dict[str, str | int | float | bool | None]
    root: object
    objects: list[list[object]]
    arrays: list[list[object]]
    sizes: list[int]


def write_parts(stream: BinaryIO, parts: Parts, progress: Progress = None) -> int:
    """Write a state to a seekable stream at its present position (0); returns the number of bytes."""
    headers = [_npy_header(block) for block in parts.blocks]
    sizes = [len(header) + block.nbytes for header, block in zip(headers, parts.blocks, strict=True)]
    table = msgspec.msgpack.encode(_Table(parts.meta, parts.root, parts.objects, parts.arrays, sizes))
    head = _HEAD.pack(_MAGIC, FORMAT_VERSION, len(table), sum(sizes))
    digest = blake2b(head, digest_size=_DIGEST)
    stream.write(head)
    stream.write(bytes(_DIGEST))
    digest.update(table)
    stream.write(table)
    done = 0
    for header, block in zip(headers, parts.blocks, strict=True):
        memory = raw_bytes(block)
        pieces: list[bytes | memoryview] = [header, *(memory[at : at + _TOLD] for at in range(0, len(memory), _TOLD))]
        for piece in pieces:
            digest.update(piece)
            stream.write(piece)
            done += len(piece)
            _tell(progress, done, sum(sizes))
    end = stream.tell()
    stream.seek(_HEAD.size)
    stream.write(digest.digest())
    stream.seek(end)
    return end


def _tell(progress: Progress, done: int, size: int) -> None:
    if progress is not None and done:
        progress(done / size)


def raw_bytes(block: Array) -> memoryview:
    """The memory of a contiguous array (of either order) as bytes, not copied."""
    flat: Array = block.reshape(-1, order="A").view(np.uint8) if block.size else np.empty(0, np.uint8)
    return flat.data


def _npy_header(block: Array) -> bytes:
    header = BytesIO()
    np.lib.format.write_array_header_1_0(header, np.lib.format.header_data_from_array_1_0(block))
    return header.getvalue()


def read_parts(stream: BinaryIO, size: int, progress: Progress = None) -> Parts:
    """Read a state of `size` bytes; StateError if it is not one, was cut, changed, or is of another version."""
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size or head[:16] != _MAGIC:
        raise StateError("this is not a saved state")
    _, version, table_size, body_size = _HEAD.unpack(head)
    if version != FORMAT_VERSION:
        raise StateError(f"the state has format {version}, this program reads format {FORMAT_VERSION}")
    if table_size > MAX_TABLE or _HEAD.size + _DIGEST + table_size + body_size != size:
        raise StateError(f"{_DAMAGED}: it has not the length that it says")
    wanted = stream.read(_DIGEST)
    digest = blake2b(head, digest_size=_DIGEST)
    raw = _exactly(stream, table_size)
    digest.update(raw)
    table = _table(raw, body_size)
    blocks: list[Array] = []
    for length in table.sizes:
        blocks.append(_block(stream, length, digest))
        _tell(progress, stream.tell(), size)
    if digest.digest() != wanted:
        raise StateError(f"{_DAMAGED}: its hash does not match")
    return Parts(dict(table.meta), table.root, table.objects, table.arrays, blocks)


def _exactly(stream: BinaryIO, length: int) -> bytes:
    data = stream.read(length)
    if len(data) != length:
        raise StateError(f"{_DAMAGED}: it ends too early")
    return data


def _table(raw: bytes, body_size: int) -> _Table:
    try:
        table = msgspec.msgpack.decode(raw, type=_Table)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise StateError(f"{_DAMAGED}: its table cannot be read") from error
    if any(size <= 0 for size in table.sizes) or sum(table.sizes) != body_size:
        raise StateError(f"{_DAMAGED}: its blocks have not the length that it says")
    return table


def _block(stream: BinaryIO, length: int, digest: blake2b) -> Array:
    """One .npy array, read straight into its own memory; its header is checked against the length it may have."""
    start = _exactly(stream, min(length, 10))
    if len(start) < 10 or start[:8] != np.lib.format.magic(1, 0):
        raise StateError(f"{_DAMAGED}: it holds something that is no array")
    text = _exactly(stream, min(length - 10, int.from_bytes(start[8:], "little")))
    digest.update(start)
    digest.update(text)
    shape, fortran, dtype = _header(text)
    body = length - 10 - len(text)
    if dtype.hasobject or math.prod(shape) * dtype.itemsize != body:
        raise StateError(f"{_DAMAGED}: an array in it has not the length that it says")
    try:
        array: Array = np.empty(shape, dtype, order="F" if fortran else "C")
    except (ValueError, MemoryError) as error:
        raise StateError(f"{_DAMAGED}: an array in it has no possible shape") from error
    if array.size:
        memory = raw_bytes(array)
        done = 0
        while done < body:
            count = stream.readinto(memory[done : done + _CHUNK])  # type: ignore[attr-defined]
            if not count:
                raise StateError(f"{_DAMAGED}: it ends too early")
            digest.update(memory[done : done + count])
            done += count
    return array


def _header(text: bytes) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    """Shape, whether in Fortran's order, and type, of a .npy header. Numpy's own reader repairs what looks old; this does not."""
    try:
        if len(text) > _MAX_HEADER:
            raise ValueError("too long")
        fields = ast.literal_eval(text.decode("latin-1").strip())
        shape, fortran = fields["shape"], fields["fortran_order"]
        dtype = np.lib.format.descr_to_dtype(fields["descr"])
        if not isinstance(fortran, bool) or not all(type(n) is int and n >= 0 for n in shape):
            raise ValueError("no shape")
        return tuple(shape), fortran, dtype
    except Exception as error:  # whatever the parsers make of it
        raise StateError(f"{_DAMAGED}: an array in it has no readable header") from error


def open_for_reading(path: Path, cap: int) -> tuple[BinaryIO, int]:
    """The file, open, and its size; StateError unless it is an ordinary file of at most `cap` bytes that may be read."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe must not hang us
    except (OSError, ValueError) as error:
        raise StateError(f"the state {str(path)!r} cannot be opened: {_reason(error)}") from error
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode) or found.st_size > cap:
        os.close(fd)
        why = f"larger than {cap:,} bytes" if stat.S_ISREG(found.st_mode) else "not an ordinary file"
        raise StateError(f"the state {str(path)!r} cannot be opened: it is {why}")
    return os.fdopen(fd, "rb"), found.st_size


def replace_file(path: Path, write: Callable[[BinaryIO], int]) -> int:
    """Let `write` fill a new file (0600) beside `path`, then put it in its place at once; returns what `write` returns."""
    temporary = None
    try:
        fd, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(fd, "w+b") as stream:
            size = write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise StateError(f"the state {str(path)!r} cannot be written: {_reason(error)}") from error
    return size


def _reason(error: Exception) -> str:
    return (os.strerror(error.errno).lower() if isinstance(error, OSError) and error.errno else str(error)) or "no reason given"
