"""A state file from anywhere: damaged, hostile, or no file at all. Each is refused in one sentence, none does anything else."""

from __future__ import annotations

import contextlib
import os
import struct
from hashlib import blake2b
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.state import StateError, dumps, load, loads, save
from engine.state import file as statefile
from engine.state.file import Parts, write_parts

GOOD = dumps({"a": [1, 2, (3, 4)], "b": np.arange(40.0), "c": list(range(20)), "g": np.random.default_rng(1)}, {"step": 3})


def forged(root: object, objects: list[list[object]], arrays: list[list[object]], *blocks: np.ndarray) -> bytes:
    """A file whose hash is right whatever it says, as an attacker would write it."""
    stream = BytesIO()
    write_parts(stream, Parts({}, root, objects, arrays, list(blocks)))
    return stream.getvalue()


def resigned(data: bytes) -> bytes:
    head, body = data[:36], data[68:]
    return head + blake2b(head + body, digest_size=32).digest() + body


@settings(deadline=None, max_examples=200)
@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_any_changed_byte_is_noticed(at: int, by: int) -> None:
    data = bytearray(GOOD)
    data[at] ^= by
    with pytest.raises(StateError) as told:
        loads(bytes(data), dict)
    assert "\n" not in str(told.value)


@settings(deadline=None, max_examples=200)
@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_a_changed_byte_under_a_right_hash_loads_or_is_refused_but_never_crashes(at: int, by: int) -> None:
    data = bytearray(GOOD)
    data[at] ^= by
    with contextlib.suppress(StateError):
        loads(resigned(bytes(data)), dict)


@given(st.integers(0, len(GOOD) - 1))
def test_a_cut_or_longer_file_is_refused(size: int) -> None:
    for data in (GOOD[:size], GOOD + GOOD[: size + 1]):
        with pytest.raises(StateError):
            loads(data, dict)


@given(st.binary(max_size=300))
def test_noise_is_refused(noise: bytes) -> None:
    for data in (noise, GOOD[:36] + noise, resigned(GOOD[:68] + noise)):
        with pytest.raises(StateError):
            loads(data, dict)


@pytest.mark.parametrize(
    ("root", "objects", "arrays", "why"),
    [
        (["n", 0], [["obj", "os:PathLike", [], []]], [], "not a part of this program"),
        (["n", 0], [["obj", "subprocess:Popen", ["args"], [["t", ["x", ["true"]]]]]], [], "not a part of this program"),
        (["n", 0], [["obj", "engine.nothing:Here", [], []]], [], "does not know"),
        (["n", 0], [["obj", "engine.state.file:os.PathLike", [], []]], [], "does not know"),
        (["n", 0], [["obj", "engine.__main__:x", [], []]], [], "not a part of this program"),
        (["n", 0], [["obj", "engine.state.decode:Decoder.decode", [], []]], [], "does not know"),
        (["n", 0], [["obj", "engine.state:StateError", [], []]], [], "does not know"),
        (["n", 0], [["obj", "../x", [], []]], [], "no class is named"),
        (["n", 0], [["obj", "engine.policies.eviction.queues:LRU", ["__class__"], [1]]], [], "keeps no '__class__'"),
        (["n", 0], [["obj", "engine.policies.eviction.base:EvictionPolicy", [], []]], [], "makes no instances"),
        (["n", 0], [["struct", "engine.commands:Inject", ["fault"], ["x"]]], [], "other fields"),
        (["e", "engine.policies.eviction.queues:LRU", "x"], [], [], "do not fit"),
        (["n", 1], [["list", ["x", []]]], [], "do not fit"),
        (["n", -1], [["list", ["x", []]]], [], "do not fit"),
        (["n", 0], [["struct", "engine.commands:Inspect", ["target"], [["n", 0]]]], [], "do not fit"),
        (["n", 0], [["gen", "RandomState", ["n", 0], None]], [], "do not fit"),
        (["a", 0], [], [["own", 5, True]], "do not fit"),
        (["a", 0], [], [["view", 0, 0, [10**6], [8], "'<f8'", True]], "do not fit"),
        (["a", 0], [], [["view", 0, 8, [4], [-8], "'<f8'", True]], "do not fit"),
        (["a", 0], [], [["view", 0, 0, [1], [8], "'|O'", True]], "do not fit"),
        (["a", 0], [], [["view", 0, 0, [1], [8], "__import__('os')", True]], "do not fit"),
        (["s", "|O", b"12345678"], [], [], "do not fit"),
        (["n", 0], [[]], [], "do not fit"),
        (["x", "y"], [], [], "do not fit"),
    ],
)
def test_a_hostile_table_reaches_nothing(root: object, objects: list[list[object]], arrays: list[list[object]], why: str) -> None:
    with pytest.raises(StateError, match=why):
        loads(forged(root, objects, arrays, np.zeros(32, np.uint8)), object)


def test_an_array_header_that_claims_more_than_the_file_allocates_nothing() -> None:
    data = forged(["a", 0], [], [["own", 0, True]], np.zeros(8))
    for claim in (b"(8888888888888,)", b"(-8,)"):
        lying = data.replace(b"(8,), }" + b" " * (len(claim) - 4), claim + b", }")
        assert lying != data
        with pytest.raises(StateError, match=r"has not the length|no readable header"):
            loads(resigned(lying), object)
    table = data.replace(b"<f8'", b"|O8'")
    with pytest.raises(StateError):
        loads(resigned(table), object)


def test_a_deep_table_is_refused() -> None:
    head = b"\x91" * 100_000 + b"\x90"
    table = b"\x95\x80" + head + b"\x90\x90\x90"
    data = struct.pack("<16sIQQ", GOOD[:16], 1, len(table), 0) + bytes(32) + table
    with pytest.raises(StateError, match="cannot be read"):
        loads(resigned(data), object)


def test_another_format_is_told() -> None:
    with pytest.raises(StateError, match="has format 2, this program reads format 1"):
        loads(GOOD[:16] + struct.pack("<I", 2) + GOOD[20:], dict)


def test_pipes_devices_folders_and_large_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(StateError, match="not an ordinary file"):
            load(path, object)
    save(tmp_path / "world", [1] * 100)
    monkeypatch.setattr("engine.state.MAX_BYTES", 50)
    with pytest.raises(StateError, match="larger than 50 bytes"):
        load(tmp_path / "world", list)


def test_a_save_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up in the middle leaves the old save and no scraps; a new save can be read by its owner only."""
    path = tmp_path / "world"
    save(path, [1])
    assert path.stat().st_mode & 0o777 == 0o600

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(statefile.os, "fsync", full)
    with pytest.raises(StateError, match="cannot be written: no space left on device"):
        save(path, [2])
    assert load(path, list)[0] == [1]
    assert [p.name for p in tmp_path.iterdir()] == ["world"]
    with pytest.raises(StateError, match="cannot be written"):
        save(tmp_path / "no" / "folder", [1])
