"""Frames and messages: whatever arrives, in whatever pieces, is a message or one sentence of refusal."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_world import BLANK, CATALOGUE

from engine import commands
from engine.catalogue import Catalogue
from engine.commands import FollowRequest, Heal, Inject, Inspect, SetOption, SetSpeed
from engine.protocol import (
    MAX_ASK,
    Answer,
    Ask,
    Bye,
    FromEngine,
    Hello,
    ProtocolError,
    Rejected,
    Role,
    ToEngine,
    Update,
    Welcome,
    check,
    frame,
    reader_of_asks,
    reader_of_tells,
)
from engine.snapshot import Inspection, NodeState, Snapshot

TEXT = st.text(max_size=20)
KINDS = [kind for kind in vars(commands).values() if isinstance(kind, type) and kind.__module__ == commands.__name__]
KINDS = [kind for kind in KINDS if kind.__name__ not in ("_Command", "Order")]


def values(kind: type) -> st.SearchStrategy[object]:
    """Any command of this kind."""
    strategies: dict[object, st.SearchStrategy[object]] = {
        str: TEXT,
        int: st.integers(-(2**63), 2**63 - 1),
        float: st.floats(allow_nan=False),
        bool: st.booleans(),
        float | None: st.none() | st.floats(allow_nan=False),
        int | None: st.none() | st.integers(-(2**63), 2**63 - 1),
        str | float | bool: TEXT | st.floats(allow_nan=False) | st.booleans(),
    }
    return st.builds(kind, **{field.name: strategies[field.type] for field in msgspec.structs.fields(kind)})


COMMANDS = st.sampled_from(KINDS).flatmap(values)
HELLOS = st.builds(Hello, st.integers(0, 99), st.sampled_from(Role))
ASKS = HELLOS | st.builds(Ask, st.integers(0, 99), COMMANDS) | st.builds(Bye, TEXT)


@settings(deadline=None)
@given(st.lists(ASKS, max_size=8), st.lists(st.integers(1, 50), max_size=20))
def test_messages_come_out_as_they_went_in_however_the_stream_is_cut(sent: list[ToEngine], cuts: list[int]) -> None:
    stream = b"".join(frame(message) for message in sent)
    reader, got = reader_of_asks(), []
    for cut in cuts:
        got += reader.feed(stream[:cut])
        stream = stream[cut:]
    got += reader.feed(stream)
    assert got == sent
    assert [type(a.command) for a in got if isinstance(a, Ask)] == [type(a.command) for a in sent if isinstance(a, Ask)]


def test_every_command_has_its_place_in_the_protocol() -> None:
    """All commands and only they can be asked."""
    assert len(KINDS) >= 20
    schema = msgspec.json.schema(Ask)
    assert {kind.__name__ for kind in KINDS} <= set(schema["$defs"])


def test_what_the_engine_says() -> None:
    inspection = Inspection("a", "a", NodeState.UP, (), ())
    said: list[FromEngine] = [
        Welcome(1, "you", Role.VIEWER, CATALOGUE),
        Update(BLANK),
        Answer(3, inspection),
        Rejected(4, "no"),
        Bye("end"),
    ]
    assert reader_of_tells().feed(b"".join(map(frame, said))) == said
    assert isinstance(said[1].snapshot, Snapshot)  # type: ignore[union-attr]
    assert isinstance(said[0].catalogue, Catalogue)  # type: ignore[union-attr]


@given(st.binary(max_size=200))
def test_noise_is_messages_or_a_refusal(noise: bytes) -> None:
    for data in (noise, len(noise).to_bytes(4, "big") + noise):
        try:
            reader_of_asks().feed(data)
        except ProtocolError as error:
            told = str(error)
        else:
            continue
        assert "\n" not in told


@settings(max_examples=200)
@given(st.integers(0, 60), st.integers(1, 255))
def test_a_changed_byte_is_a_message_or_a_refusal(at: int, by: int) -> None:
    data = bytearray(frame(Ask(1, Inject("crash", "web-1", 0.5))))
    data[4 + at % (len(data) - 4)] ^= by
    try:
        got = reader_of_asks().feed(bytes(data))
    except ProtocolError:
        got = []
    assert all(isinstance(message, Hello | Ask | Bye) for message in got)


def raw(value: object) -> bytes:
    body = msgspec.msgpack.encode(value)
    return len(body).to_bytes(4, "big") + body


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\0\0\0\0", "a frame of 0 bytes"),
        ((MAX_ASK + 1).to_bytes(4, "big"), "a frame of 16,385 bytes"),
        (b"\xff\xff\xff\xff", "a frame of 4,294,967,295 bytes"),
        (raw([1, 2]), "Expected `object`"),
        (raw({"type": "Nothing"}), "Invalid value 'Nothing'"),
        (raw({"type": "Welcome", "version": 1}), "Invalid value 'Welcome'"),
        (raw({"type": "Hello"}), "required field `version`"),
        (raw({"type": "Hello", "version": "1"}), "Expected `int`"),
        (raw({"type": "Hello", "version": 1, "role": "owner"}), "Invalid enum value"),
        (raw({"type": "Hello", "version": 1, "admin": True}), "unknown field `admin`"),
        (raw({"type": "Ask", "number": 1, "command": {"type": "Undo", "by": "root"}}), "unknown field"),
        (raw({"type": "Ask", "number": 1, "command": {"type": "Order"}}), "Invalid value 'Order'"),
        (raw({"type": "Ask", "number": 2**63, "command": {"type": "Undo"}}), "Expected `int` <="),
        (b"\0\0\0\x03\xc1\xc1\xc1", "cannot be read"),
        (b"\0\0\0\x0b\x81\xa4type\xa4\xff\xfe\xfd\xfc", "cannot be read"),
        ((10_001).to_bytes(4, "big") + b"\x91" * 10_000 + b"\x90", "cannot be read"),
        (raw({"type": "Bye"})[:-1] + b"\xc1", "cannot be read"),
    ],
)
def test_what_is_no_message_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(ProtocolError, match=why):
        reader_of_asks().feed(data)


def test_half_a_frame_waits_and_holds_no_more_than_a_frame() -> None:
    data = frame(Bye("x" * 100))
    reader = reader_of_asks()
    for i in range(len(data) - 1):
        assert reader.feed(data[i : i + 1]) == []
    assert reader.feed(data[-1:]) == [Bye("x" * 100)]


@pytest.mark.parametrize(
    "command",
    [
        SetSpeed(math.nan),
        SetSpeed(math.inf),
        Inject("slow", "web-1", -math.inf),
        SetOption("cache.ttl", math.nan),
        Heal("web-1", 2**53 + 1),
        FollowRequest(key=-(2**63)),
        SetOption("cache.policy", "lru\x1b]52;c;aGk=\x07"),
        Inspect("x" * 257),
        Inspect("web\n1"),
        Heal("\u202eweb"),
        Heal("\ud800"),
        Inject("a\u200bb", "web-1"),
        Inspect("\x9b2J"),
    ],
)
def test_numbers_that_are_none_and_text_that_is_not_plain_are_refused(command: commands.Command) -> None:
    with pytest.raises(ProtocolError, match=r"must be plain text|is not a number|too large a number"):
        check(command)


def test_plain_commands_pass() -> None:
    for command in (SetSpeed(0.0), Inject("slow", "zone:a ~ São Paulo", 1e300), Heal(), SetOption("x", True)):
        check(command)
