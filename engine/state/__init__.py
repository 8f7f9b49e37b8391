"""The whole world as a value: save it, load it in a fresh process, copy it, compare it.

    data = dumps(world, {"step": 17})          bytes, or save(path, ...) for a file
    world, meta = loads(data, World)
    fingerprint(world)                         equal for equal states, whatever their history of saving and loading

What may be in a state: numbers, strings, None, lists, dicts, tuples, sets, deques, OrderedDicts, numpy arrays, scalars and
generators, enums, and instances of this package's classes (or of classes marked `@stateful`). Anything else is refused
with the path of attributes that leads to it. No pickle: see `engine.state.file` for the format.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np

from .classes import StateError, attributes, class_name, is_frozen, stateful
from .containers import Value
from .decode import Decoder
from .encode import Array, Encoder
from .file import MAX_BYTES, Meta, Parts, Progress, open_for_reading, read_parts, replace_file, write_parts

__all__ = ["Meta", "Progress", "StateError", "copy", "dumps", "fingerprint", "load", "loads", "save", "stateful"]

_T = TypeVar("_T")


def _parts(obj: object, meta: Mapping[str, Meta]) -> Parts:
    encoder = Encoder()
    root = encoder.encode(obj)
    return Parts(dict(meta), root, encoder.objects, encoder.arrays, encoder.blocks)


def _graph(parts: Parts, kind: type[_T]) -> _T:
    found = Decoder(parts.objects, parts.arrays, parts.blocks).decode(parts.root)
    if not isinstance(found, kind):
        raise StateError(f"the state holds a {type(found).__name__} where a {kind.__name__} is wanted")
    return found


def dumps(obj: object, meta: Mapping[str, Meta] | None = None) -> bytes:
    """`obj` and `meta` as bytes; AssertionError naming the attribute path if `obj` holds what cannot be saved."""
    stream = io.BytesIO()
    write_parts(stream, _parts(obj, meta or {}))
    return stream.getvalue()


def loads(data: bytes, kind: type[_T]) -> tuple[_T, dict[str, Meta]]:
    """The object (a `kind`) and its meta data; StateError, one sentence, if `data` is not a whole and fitting state."""
    parts = read_parts(io.BytesIO(data), len(data))
    return _graph(parts, kind), parts.meta


def save(path: str | Path, obj: object, meta: Mapping[str, Meta] | None = None, progress: Progress = None) -> int:
    """Write a state file (0600), whole or not at all; returns its size in bytes. StateError if the disk refuses.

    progress: is told the share written, 0..1.
    """
    parts = _parts(obj, meta or {})
    return replace_file(Path(path), lambda stream: write_parts(stream, parts, progress))


def load(path: str | Path, kind: type[_T], progress: Progress = None) -> tuple[_T, dict[str, Meta]]:
    """The object and meta data of a state file; StateError, one sentence, if it is missing, no file, damaged or too large.

    progress: is told the share read, 0..1.
    """
    stream, size = open_for_reading(Path(path), MAX_BYTES)
    with stream:
        parts = read_parts(stream, size, progress)
    return _graph(parts, kind), parts.meta


def copy(obj: _T) -> _T:
    """A world of its own, equal in state and sharing nothing: a fork."""
    parts = _parts(obj, {})
    blocks = [block.copy(order="K") for block in parts.blocks]
    return _graph(Parts({}, parts.root, parts.objects, parts.arrays, blocks), type(obj))


class _ByValue(Encoder):
    """Encodes for comparing: what is a value (arrays, frozen objects) counts by content, not by who shares it.

    A constant of a module that two nodes share is one object before a save and two after it; the states are still equal.
    """

    def __init__(self) -> None:
        super().__init__()
        self._digests: dict[int, bytes] = {}

    def packed(self, array: Array) -> Value:
        return self._content(array)

    def array(self, x: Array, where: str) -> Value:
        assert not x.dtype.hasobject, self._refusal(x, where)
        if id(x) not in self._digests:
            self._alive.append(x)
            self._digests[id(x)] = self._content(x)
        return ["a", self._digests[id(x)]]

    def reference(self, x: object, where: str) -> Value:
        if not is_frozen(x):
            return super().reference(x, where)
        if id(x) not in self._digests:
            self._alive.append(x)
            names, values = attributes(x)
            parts = [self.value(v, f"{where}.{name}") for name, v in zip(names, values, strict=True)]
            self._digests[id(x)] = blake2b(msgspec.msgpack.encode([class_name(type(x)), names, parts])).digest()
        return ["v", self._digests[id(x)]]

    @staticmethod
    def _content(array: Array) -> bytes:
        flat = np.ascontiguousarray(array)
        digest = blake2b(repr((flat.dtype.str, array.shape)).encode(), digest_size=32)
        digest.update(flat.reshape(-1).view(np.uint8).data if flat.size else b"")
        return digest.digest()


def fingerprint(obj: object) -> str:
    """A canonical hash (64 hex digits) of a state: equal states, equal fingerprints, on any machine and after any save.

    Frozen values that hold mutable parts count those by reference, so their sharing matters as it should.
    """
    encoder = _ByValue()
    root = encoder.encode(obj)
    return blake2b(msgspec.msgpack.encode([root, encoder.objects]), digest_size=32).hexdigest()
