"""Puts an object graph together again from the tables that `engine.state.encode` made.

Nothing read here is trusted: every index, tag and class name is checked, no `__init__` or other code of the named classes
runs, and whatever does not fit raises `StateError` with one sentence.
"""

from __future__ import annotations

import ast
import enum
from collections import OrderedDict, defaultdict, deque

import numpy as np

from .classes import StateError, blank, build_named_tuple, build_struct, fill, is_stateful, resolve
from .containers import FACTORIES, Value
from .encode import BIT_GENERATORS, Array

_MAX_DTYPE = 10_000  # characters; as numpy caps its own headers


def _want(good: bool) -> None:
    if not good:
        raise StateError("the state is damaged: its parts do not fit together")


def _names(x: object) -> list[str]:
    _want(isinstance(x, list) and all(isinstance(name, str) for name in x))
    return x  # type: ignore[return-value]


def _whole(x: object) -> int:
    _want(type(x) is int)
    return x  # type: ignore[return-value]


def _part(x: object) -> list[Value]:
    _want(isinstance(x, list) and len(x) > 0)
    return x  # type: ignore[return-value]


class Decoder:
    """One decoding run over the three tables; `decode(root)` gives the object graph."""

    def __init__(self, objects: list[list[Value]], arrays: list[list[Value]], blocks: list[Array]) -> None:
        self._objects = objects
        self._arrays = arrays
        self._blocks = blocks
        self._made: dict[int, object] = {}
        self._building: set[int] = set()
        self._array_made: dict[int, Array] = {}
        self._block_owned: set[int] = set()

    def decode(self, root: Value) -> object:
        """The root object. Shells first, then attributes and lists, then what hashes its members (sets, dictionaries)."""
        try:
            for row in range(len(self._objects)):
                self._shell(row)
            hashing = ("dict", "odict", "ddict", "set")
            for row, item in enumerate(self._objects):
                if item[0] not in hashing:
                    self._fill(row)
            for row, item in enumerate(self._objects):
                if item[0] in hashing:
                    self._fill(row)
            return self.value(root)
        except (IndexError, KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
            raise StateError(f"the state is damaged: its parts do not fit together ({type(error).__name__})") from error

    def value(self, x: Value) -> object:
        """A value where it stands."""
        made: object = x
        match x:
            case ["n", int(row)]:
                made = self._shell(row)
            case ["a", int(row)]:
                made = self._array(row)
            case ["t", seq]:
                made = tuple(self.seq(seq))
            case ["N", str(name), seq]:
                made = build_named_tuple(resolve(name), self.seq(seq))
            case ["z", seq]:
                made = frozenset(self.seq(seq))
            case ["I", str(digits)]:
                made = int(digits, 16)
            case ["e", str(name), member]:
                made = self._enum(resolve(name), member)
            case ["s", str(descr), bytes(raw)]:
                dtype = np.dtype(descr)
                _want(not dtype.hasobject)
                made = np.frombuffer(raw, dtype=dtype, count=1)[0]
            case _:
                _want(x is None or type(x) in (bool, int, float, str, bytes))
        return made

    def seq(self, x: Value) -> list[object]:
        """A run of values."""
        match x:
            case ["x", list(values)]:
                return [self.value(v) for v in values]
            case ["p", int(row)]:
                packed: list[object] = self._array(row).tolist()
                return packed
            case ["c", int(length), list(columns)]:
                rows: list[object] = list(zip(*(self.seq(column) for column in columns), strict=True))
                _want(len(rows) == length)
                return rows
        raise StateError("the state is damaged: it holds a run of no known kind")

    def _shell(self, row: int) -> object:
        if row in self._made:
            return self._made[row]
        _want(0 <= row < len(self._objects) and row not in self._building)
        self._building.add(row)
        made = self._new(_part(self._objects[row]))
        self._building.discard(row)
        self._made[row] = made
        return made

    def _new(self, item: list[Value]) -> object:
        made: object
        match item:
            case ["list", _]:
                made = []
            case ["dict", _, _]:
                made = {}
            case ["odict", _, _]:
                made = OrderedDict()
            case ["ddict", factory, _, _]:
                made = defaultdict(None if factory is None else FACTORIES[str(factory)])
            case ["deque", maxlen, _]:
                made = deque(maxlen=None if maxlen is None else _whole(maxlen))
            case ["set", _]:
                made = set()
            case ["bytearray", bytes(raw)]:
                made = bytearray(raw)
            case ["obj", str(name), _, _]:
                made = blank(resolve(name))
            case ["struct", str(name), names, list(values)]:
                made = build_struct(resolve(name), _names(names), [self.value(v) for v in values])
            case ["seed", entropy, spawn_key, int(pool), int(children)]:
                made = self._seed(self.value(entropy), self.value(spawn_key), pool, children)
            case ["gen", str(name), state, seed]:
                made = self._generator(name, state, self.value(seed))
            case _:
                raise StateError("the state is damaged: it holds an object of no known kind")
        return made

    def _fill(self, row: int) -> None:
        made, item = self._made[row], self._objects[row]
        if isinstance(made, (list, deque)):
            made.extend(self.seq(item[-1]))
        elif isinstance(made, set):
            made.update(self.seq(item[-1]))
        elif isinstance(made, dict):
            made.update(zip(self.seq(item[-2]), self.seq(item[-1]), strict=True))
        elif item[0] == "obj" and is_stateful(type(made)):
            values = item[3]
            _want(isinstance(values, list))
            fill(made, _names(item[2]), [self.value(v) for v in values])  # type: ignore[attr-defined]

    def _array(self, row: int) -> Array:
        if row in self._array_made:
            return self._array_made[row]
        _want(row >= 0)
        match self._arrays[row]:
            case ["own", int(block), bool(writeable)]:
                _want(block >= 0 and block not in self._block_owned)
                self._block_owned.add(block)
                made = self._blocks[block]
            case ["view", int(block), int(offset), list(shape), list(strides), str(descr), bool(writeable)]:
                _want(block >= 0 and len(descr) <= _MAX_DTYPE and self._blocks[block].dtype == np.uint8)
                dtype = np.lib.format.descr_to_dtype(ast.literal_eval(descr))
                _want(not dtype.hasobject)
                sizes, steps = tuple(map(_whole, shape)), tuple(map(_whole, strides))
                made = np.ndarray(sizes, dtype, buffer=self._blocks[block], offset=offset, strides=steps)
            case _:
                raise StateError("the state is damaged: it holds an array of no known kind")
        made.flags.writeable = writeable
        self._array_made[row] = made
        return made

    @staticmethod
    def _enum(kind: type, member: object) -> enum.Enum:
        _want(issubclass(kind, enum.Enum))
        members: type[enum.Enum] = kind
        return members(member) if issubclass(members, enum.Flag) else members[str(member)]

    @staticmethod
    def _seed(entropy: object, spawn_key: object, pool: int, children: int) -> np.random.SeedSequence:
        _want(isinstance(spawn_key, tuple) and 4 <= pool <= 64 and children >= 0)
        return np.random.SeedSequence(entropy, spawn_key=spawn_key, pool_size=pool, n_children_spawned=children)  # type: ignore[arg-type]

    def _generator(self, name: str, state: Value, seed: object) -> np.random.Generator:
        _want(name in BIT_GENERATORS and isinstance(seed, np.random.SeedSequence))
        bits: np.random.BitGenerator = getattr(np.random, name)(seed)
        bits.state = self._plain(state, 0)  # type: ignore[assignment]
        return np.random.Generator(bits)

    def _plain(self, x: Value, depth: int) -> object:
        """A generator's inner state: nested dictionaries of numbers and arrays, needed whole at once."""
        _want(depth < 4)
        match x:
            case ["n", int(row)]:
                item = _part(self._objects[row])
                _want(item[0] == "dict" and len(item) == 3 and isinstance(item[2], list) and item[2][0] == "x")
                keys, values = self.seq(item[1]), item[2][1]  # type: ignore[index]
                return {str(k): self._plain(v, depth + 1) for k, v in zip(keys, values, strict=True)}
        return self.value(x)
