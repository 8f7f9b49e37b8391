"""Takes an object graph apart into a flat table of plain nodes and a table of arrays, keeping who shares what.

Every mutable object becomes one row of `objects`, reached through `["n", row]`; so two attributes that are one list before
are one list after, and cycles are no special case. Tuples and other values are written where they stand. Runs of numbers
are packed into arrays, which makes a cache of a million keys a matter of milliseconds. Arrays that share memory share it
again after loading.

Value  := None | bool | int | float | str | bytes | [tag, ...]      tags: n object, a array, t tuple, z frozenset,
                                                         N named tuple, I big integer, e enum, s numpy scalar
Seq    := ["x", values] | ["p", array] | ["c", length, [Seq of each column]]
Object := [kind, ...]                                               kinds: those of `state_containers`, obj, struct, gen
Array  := ["own", block, writeable] | ["view", block, offset, shape, strides, dtype, writeable]
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Iterable
from typing import TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from .classes import attributes, class_name, is_named_tuple, is_stateful
from .containers import PACK_FROM, TAKE_APART, Value

Array: TypeAlias = npt.NDArray[np.generic]

_INT64 = 1 << 63
PACKED: dict[type, str] = {int: "int64", float: "float64", bool: "bool"}
BIT_GENERATORS = ("PCG64", "PCG64DXSM", "SFC64", "Philox")


def owner(array: Array) -> Array:
    """The array at the bottom of a chain of views, the one that holds the memory."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


class Encoder:
    """One encoding run. `root = Encoder().encode(obj)`, then read `objects`, `arrays` and `blocks`."""

    def __init__(self) -> None:
        self.objects: list[list[Value]] = []
        self.arrays: list[list[Value]] = []
        self.blocks: list[Array] = []
        self._rows: dict[int, int] = {}
        self._array_rows: dict[int, int] = {}
        self._seen_arrays: list[Array] = []
        self._alive: list[object] = []  # what is memoised by id must not be freed meanwhile
        self._todo: deque[tuple[int, object, str]] = deque()

    def encode(self, obj: object, where: str = "state") -> Value:
        """The root value; AssertionError naming the attribute path if something in the graph cannot be saved."""
        root = self.value(obj, where)
        while self._todo:
            row, item, path = self._todo.popleft()
            self.objects[row] = self._object(item, path)
        self._lay_out_arrays()
        return root

    def value(self, x: object, where: str) -> Value:
        """`x` as it stands inside its holder."""
        kind = type(x)
        made: Value
        if x is None or kind in (bool, float, str, bytes):
            made = x
        elif isinstance(x, int) and kind is int:
            made = x if -_INT64 <= x < _INT64 else ["I", hex(x)]
        elif isinstance(x, tuple) and kind is tuple:
            made = ["t", self.seq(x, where)]
        elif isinstance(x, tuple) and is_named_tuple(kind):
            assert is_stateful(kind), self._refusal(x, where)
            made = ["N", class_name(kind), self.seq(x, where)]
        elif isinstance(x, np.ndarray):
            made = self.array(x, where)
        elif isinstance(x, enum.Enum):
            assert is_stateful(kind), self._refusal(x, where)
            made = ["e", class_name(kind), x.value if isinstance(x, enum.Flag) else x.name]
        elif isinstance(x, np.generic):
            assert not x.dtype.hasobject, self._refusal(x, where)
            made = ["s", x.dtype.str, x.tobytes()]
        elif isinstance(x, frozenset) and kind is frozenset:
            made = ["z", self.seq(self.ordered(x, where), where)]
        else:
            made = self.reference(x, where)
        return made

    def keep(self, x: object) -> None:
        """Keep a passing object alive while it is known by its id."""
        self._alive.append(x)

    def reference(self, x: object, where: str) -> Value:
        """A row in the table of objects, made on the first visit and filled later."""
        row = self._rows.get(id(x))
        if row is None:
            row = self._rows[id(x)] = len(self.objects)
            self.objects.append([])
            self._alive.append(x)
            self._todo.append((row, x, where))
        return ["n", row]

    def seq(self, items: Iterable[object], where: str) -> Value:
        """A run of values: packed into one array (numbers) or columns (equally long tuples) where that can be."""
        run = list(items)
        kinds = set(map(type, run)) if len(run) >= PACK_FROM else set()
        if len(kinds) == 1:
            kind = kinds.pop()
            if kind in PACKED:
                try:
                    return ["p", self.packed(np.array(run, dtype=PACKED[kind]))]
                except OverflowError:
                    pass
            elif kind is tuple and len({len(row) for row in run if isinstance(row, tuple)}) == 1:
                columns: list[tuple[object, ...]] = list(zip(*run, strict=True))
                if columns:
                    return ["c", len(run), [self.seq(column, f"{where}[...]") for column in columns]]
        return ["x", [self.value(item, f"{where}[...]") for item in run]]

    def packed(self, array: Array) -> Value:
        """The row of an array made here, out of a run of numbers."""
        self.blocks.append(array)
        self.arrays.append(["own", len(self.blocks) - 1, True])
        return len(self.arrays) - 1

    def array(self, x: Array, where: str) -> Value:
        """A reference to an array of the state; what shares memory is settled at the end."""
        assert type(x) is np.ndarray, self._refusal(x, where)
        assert not x.dtype.hasobject, f"{where} is an array of Python objects, which cannot be part of a saved state"
        row = self._array_rows.get(id(x))
        if row is None:
            row = self._array_rows[id(x)] = len(self.arrays)
            self.arrays.append([])
            self._seen_arrays.append(x)
        return ["a", row]

    def _lay_out_arrays(self) -> None:
        groups: dict[int, list[Array]] = {}
        for x in self._seen_arrays:
            groups.setdefault(id(owner(x) if x.size else x), []).append(x)  # nothing shares no memory
        for members in groups.values():
            if len(members) == 1:
                x = members[0]
                fortran = x.flags.f_contiguous and not x.flags.c_contiguous
                self.blocks.append(x if x.flags.forc else np.array(x, order="F" if fortran else "C"))
                self.arrays[self._array_rows[id(x)]] = ["own", len(self.blocks) - 1, x.flags.writeable]
                continue
            base = owner(members[0])
            assert base.flags.forc, "arrays that share memory must share one whole block of it"
            self.blocks.append(base.ravel(order="K").view(np.uint8))
            start = base.__array_interface__["data"][0]
            for x in members:
                dtype = repr(np.lib.format.dtype_to_descr(x.dtype))
                offset = x.__array_interface__["data"][0] - start
                spec = ["view", len(self.blocks) - 1, offset, list(x.shape), list(x.strides), dtype, x.flags.writeable]
                self.arrays[self._array_rows[id(x)]] = spec

    def ordered(self, items: Iterable[object], where: str) -> list[object]:
        """The members of a set in an order that does not depend on hashes."""
        members = list(items)
        if set(map(type, members)) <= {int}:
            return sorted(members)  # type: ignore[type-var]
        keyed: list[tuple[bytes, object]] = []
        for x in members:
            alone = Encoder()
            root = alone.encode(x, where)
            keyed.append((msgspec.msgpack.encode([type(x).__name__, root, alone.objects]), x))
        keyed.sort(key=lambda row: row[0])
        return [x for _, x in keyed]

    def _object(self, x: object, where: str) -> list[Value]:
        take_apart = TAKE_APART.get(type(x))
        if take_apart is not None:
            return take_apart(self, x, where)
        if isinstance(x, np.random.Generator):
            return self._generator(x, where)
        assert is_stateful(type(x)), self._refusal(x, where)
        names, values = attributes(x)
        kind = "struct" if isinstance(x, msgspec.Struct) else "obj"
        parts = [self.value(v, f"{where}.{name}") for name, v in zip(names, values, strict=True)]
        return [kind, class_name(type(x)), names, parts]

    def _generator(self, x: np.random.Generator, where: str) -> list[Value]:
        bits = x.bit_generator
        name = type(bits).__name__
        assert name in BIT_GENERATORS, self._refusal(x, where)
        state = bits.state
        self.keep(state)
        return ["gen", name, self.value(state, where), self.value(bits.seed_seq, where)]

    @staticmethod
    def _refusal(x: object, where: str) -> str:
        return f"{where} holds a {type(x).__module__}.{type(x).__qualname__}, which cannot be part of a saved state"
