"""The whole state is a value: whatever a world may hold comes back equal, shared as it was, and runs on the same."""

from __future__ import annotations

import enum
import heapq
import math
import subprocess
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass, field, make_dataclass
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import commands
from engine.policies.eviction.queues import LRU
from engine.snapshot import panes as readings
from engine.state import StateError, copy, dumps, fingerprint, load, loads, save, stateful


@stateful
class Mood(enum.Enum):
    CALM = "calm"
    WILD = "wild"


@stateful
@dataclass(frozen=True)
class Point:
    x: int
    y: tuple[int, ...] = ()


@stateful
class Reply(NamedTuple):
    code: int
    words: str


@stateful
class Slotted:
    __slots__ = ("__hidden", "left", "right", "unset")

    def __init__(self, hidden: object) -> None:
        raise AssertionError("loading must not run __init__")

    @classmethod
    def make(cls, hidden: object, left: object, right: object) -> Slotted:
        made = cls.__new__(cls)
        made.__hidden = hidden
        made.left, made.right = left, right
        return made

    def hidden(self) -> object:
        return self.__hidden


@stateful
@dataclass
class Box:
    inside: object
    also: object = None
    queue: deque[object] = field(default_factory=deque)


KEYS = st.integers() | st.text() | st.tuples(st.integers(), st.text()) | st.builds(Point, st.integers())
ORDINARY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.sampled_from([Mood.CALM, Mood.WILD, readings.NodeState.UP, np.float64(0.1), np.int32(-7), np.bool_(True)])
    | st.builds(Point, st.integers(), st.tuples(st.integers()))
    | st.builds(Reply, st.integers(), st.text()),
    lambda inner: (
        st.lists(inner, max_size=20)
        | st.tuples(inner, inner)
        | st.dictionaries(KEYS, inner)
        | st.frozensets(st.integers() | st.text())
        | st.sets(st.integers() | st.text())
        | st.builds(deque, st.lists(inner), st.integers(3, 9) | st.none())
        | st.builds(Box, inner, inner)
    ),
    max_leaves=40,
)


def back(x: object) -> object:
    return loads(dumps(Box(x)), Box)[0].inside


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ORDINARY)
def test_what_goes_in_comes_out_equal_and_of_the_same_types(x: object) -> None:
    again = back(x)
    assert again == x
    assert repr(again) == repr(x) or isinstance(x, (set, frozenset, dict, list, tuple, Box, deque))  # sets print in any order
    assert fingerprint(again) == fingerprint(x)
    assert type(again) is type(x)


@settings(deadline=None)
@given(st.lists(st.integers(-(2**70), 2**70), min_size=16), st.lists(st.floats(), min_size=16))
def test_packed_runs_keep_every_bit(ints: list[int], floats: list[float]) -> None:
    heap = [(f, i) for f, i in zip(floats, ints, strict=False) if not math.isnan(f)]
    heapq.heapify(heap)
    again = back([ints, floats, heap])
    assert isinstance(again, list)
    assert again[0] == ints
    assert [x.hex() for x in again[1]] == [x.hex() for x in floats]
    assert again[2] == heap
    assert all(type(x) is int for x in again[0])


@given(
    st.sampled_from(["<f8", "<f4", "<i8", "<u2", "?", "|S3", "<U2", [("a", "<i4"), ("b", "<f8", (2,))]]),
    st.lists(st.integers(0, 3), max_size=3),
    st.sampled_from("CF"),
    st.integers(0, 2**32),
)
def test_arrays_keep_type_shape_layout_and_bytes(dtype: object, shape: list[int], order: str, seed: int) -> None:
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.random.default_rng(seed).integers(0, 2 if dtype == "?" else 100, size, dtype=np.uint8)
    array = raw.view(dtype).reshape(shape, order=order) if size else np.empty(shape, dtype, order=order)
    again = back(array.copy(order="K"))
    assert isinstance(again, np.ndarray)
    assert (again.dtype, again.shape, again.tobytes("A")) == (array.dtype, array.shape, array.tobytes("A"))
    assert again.flags.owndata
    assert again.flags.f_contiguous == array.flags.f_contiguous


def test_what_was_shared_is_shared_again() -> None:
    """Two names of one list, a cycle, and three windows on one piece of memory."""
    ring: list[object] = [1]
    ring.append(ring)
    memory = np.zeros((4, 6))
    world = Box([ring, memory[1:3, ::2], memory.T, memory[::-1]], ring)
    again = loads(dumps(world), Box)[0]
    inside = again.inside
    assert isinstance(inside, list)
    assert again.also is inside[0]
    assert inside[0][1] is inside[0]
    inside[1][0, 1] = 5.0
    memory[1, 2] = 5.0
    assert np.array_equal(inside[2], memory.T)
    assert np.array_equal(inside[3], memory[::-1])
    assert copy(world).inside[2][2, 1] == 5.0
    fork = copy(world)
    memory[0, 0] = 9.0
    assert fork.inside[2][0, 0] == 0.0


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_columns_of_one_block_come_back_whatever_their_number(rows: int) -> None:
    """Tables begin empty: columns of no rows share no memory, and lie nowhere in it."""
    table = np.zeros(rows, dtype=[("a", "f8"), ("b", "i2")])
    again = loads(dumps(Box([table["a"], table["b"]], None)), Box)[0]
    assert isinstance(again.inside, list)
    assert [(column.dtype, column.shape) for column in again.inside] == [(np.dtype("f8"), (rows,)), (np.dtype("i2"), (rows,))]
    assert (again.inside[0].base is not None) == (rows > 0)


def test_one_window_does_not_drag_its_whole_memory_along() -> None:
    assert len(dumps(np.zeros(1_000_000)[:10])) < 2_000


def test_classes_with_slots_private_names_structs_and_default_dicts() -> None:
    counts: defaultdict[str, list[int]] = defaultdict(list, a=[1])
    deed = commands.Inject("crash", "web-1", 0.5)
    world = Slotted.make({"k": (1, 2)}, deed, OrderedDict([(3, counts), (1, None)]))
    again = loads(dumps(world), Slotted)[0]
    assert again.hidden() == {"k": (1, 2)}
    assert again.left == deed
    right = again.right
    assert isinstance(right, OrderedDict)
    assert list(right) == [3, 1]
    assert right[3]["new"] == []
    assert not hasattr(again, "unset")


@pytest.mark.parametrize("bits", ["PCG64", "PCG64DXSM", "SFC64", "Philox"])
def test_generators_go_on_where_they_were_and_spawn_the_same_children(bits: str) -> None:
    made = np.random.Generator(getattr(np.random, bits)(np.random.SeedSequence([1, 2**80], spawn_key=(3,))))
    made.spawn(2)
    made.random(5)
    made.integers(0, 5, dtype=np.uint32)  # leaves half a word behind
    again = back(made)
    assert isinstance(again, np.random.Generator)
    child, child_again = made.spawn(1)[0], again.spawn(1)[0]
    assert np.array_equal(again.integers(0, 99, 7, dtype=np.uint32), made.integers(0, 99, 7, dtype=np.uint32))
    assert child_again.random() == child.random()


def test_fingerprint_sees_every_change_and_only_changes() -> None:
    shared = Point(1, (2,))
    table = np.arange(5)
    state = Box([shared, shared, table, table], {"a": 1, "b": [2.0]})
    apart = Box([Point(1, (2,)), Point(1, (2,)), table.copy(), table.copy()], {"a": 1, "b": [2.0]})
    assert fingerprint(state) == fingerprint(apart)  # constants are values, whoever shares them
    variants = [
        Box([shared, shared, table, table], {"b": [2.0], "a": 1}),
        Box([shared, shared, table, table], {"a": 1, "b": [2]}),
        Box([shared, shared, table, table.astype(np.int32)], {"a": 1, "b": [2.0]}),
        Box([shared, shared, table, table + 1], {"a": 1, "b": [2.0]}),
        Box([shared, Point(1, (3,)), table, table], {"a": 1, "b": [2.0]}),
        Box((shared, shared, table, table), {"a": 1, "b": [2.0]}),
        Box([-0.0], None),
        Box([0.0], None),
    ]
    prints = [fingerprint(x) for x in [state, *variants]]
    assert len(set(prints)) == len(prints)


def test_what_cannot_be_saved_is_refused_with_its_path() -> None:
    class Local:
        pass

    for bad in (lambda: 1, Local(), iter([1]), object(), Counter("a"), np.array([None]), range(3), ValueError("x")):
        with pytest.raises(AssertionError, match=r"state\.inside\['tier'\]\.also"):
            fingerprint(Box({"tier": Box(1, bad)}))
        with pytest.raises(AssertionError, match=r"state\.inside\['tier'\]\.also"):
            dumps(Box({"tier": Box(1, bad)}))


def test_a_fresh_process_loads_the_same_state(tmp_path: object) -> None:
    """Nothing of the process that saved is needed: a policy with its generator, saved here, goes on there and here alike."""
    cache = LRU(64)
    rng = np.random.Generator(np.random.PCG64(5))
    for key in rng.integers(0, 200, 500).tolist():
        cache.access(key)
    path = f"{tmp_path}/world"
    save(path, [cache, rng], {"step": 500})
    program = (
        "import sys; from engine.state import fingerprint, load\n"
        "(cache, rng), meta = load(sys.argv[1], list)\n"
        "for key in rng.integers(0, 200, 500).tolist(): cache.access(key)\n"
        "print(meta['step'], fingerprint([cache, rng]))"
    )
    there = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True).stdout.split()
    for key in rng.integers(0, 200, 500).tolist():
        cache.access(key)
    assert there == ["500", fingerprint([cache, rng])]


def test_the_wrong_kind_and_another_version_are_told() -> None:
    with pytest.raises(StateError, match="holds a list where a Box is wanted"):
        loads(dumps([1]), Box)
    with pytest.raises(StateError, match="cannot be opened: no such file"):
        load("/no/such/file", Box)


@pytest.mark.parametrize("now", [("inside", "also"), ("inside", "also", "queue", "more"), ()])
def test_a_class_that_has_changed_is_refused(now: tuple[str, ...]) -> None:
    """Fields that were added, taken away or renamed since: told, never guessed."""
    data = dumps(Box(1))
    fields = [(name, object, field(default=None)) for name in now]
    changed = make_dataclass("Box", fields, slots=True)
    changed.__module__ = Box.__module__
    stateful(changed)
    try:
        with pytest.raises(StateError, match="another version"):
            loads(data, object)
    finally:
        stateful(Box)
