"""How each kind of mutable container goes into the table of objects: for `engine.state.encode`."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from .encode import Encoder

Value: TypeAlias = object  # what msgpack can carry; see `engine.state.encode`

PACK_FROM = 16  # shorter runs are not worth an array
FACTORIES: dict[str, type] = {"int": int, "float": float, "list": list, "dict": dict, "set": set, "deque": deque}


def _list(e: Encoder, x: object, where: str) -> list[Value]:
    assert isinstance(x, list)
    return ["list", e.seq(x, where)]


def _deque(e: Encoder, x: object, where: str) -> list[Value]:
    assert isinstance(x, deque)
    return ["deque", x.maxlen, e.seq(x, where)]


def _mapping(e: Encoder, x: object, where: str) -> list[Value]:
    assert isinstance(x, dict)
    values: list[object] = list(x.values())
    if len(x) < PACK_FROM:  # name the way in, for the message of a refusal
        part: Value = ["x", [e.value(v, f"{where}[{k!r}]") for k, v in x.items()]]
    else:
        part = e.seq(values, where)
    return ["odict" if isinstance(x, OrderedDict) else "dict", e.seq(x.keys(), where), part]


def _default(e: Encoder, x: object, where: str) -> list[Value]:
    assert isinstance(x, defaultdict)
    names = [name for name, made in FACTORIES.items() if made is x.default_factory]
    assert names or x.default_factory is None, f"{where} is a defaultdict whose factory cannot be part of a saved state"
    return ["ddict", names[0] if names else None, e.seq(x.keys(), where), e.seq(x.values(), where)]


def _set(e: Encoder, x: object, where: str) -> list[Value]:
    assert isinstance(x, set)
    return ["set", e.seq(e.ordered(x, where), where)]


def _bytearray(_: Encoder, x: object, __: str) -> list[Value]:
    assert isinstance(x, bytearray)
    return ["bytearray", bytes(x)]


def _seed(e: Encoder, x: object, where: str) -> list[Value]:
    assert isinstance(x, np.random.SeedSequence)
    entropy = list(x.entropy) if isinstance(x.entropy, (list, tuple)) else x.entropy
    e.keep(entropy)
    return ["seed", e.value(entropy, where), e.value(tuple(x.spawn_key), where), x.pool_size, x.n_children_spawned]


TAKE_APART: dict[type, Callable[[Encoder, object, str], list[Value]]] = {
    list: _list,
    deque: _deque,
    dict: _mapping,
    OrderedDict: _mapping,
    defaultdict: _default,
    set: _set,
    bytearray: _bytearray,
    np.random.SeedSequence: _seed,
}
