"""The words between engine and viewers, and how they are put on a stream. Shared by both ends; no input or output here.

A frame is 4 bytes of length (big-endian, 1 to the cap of its direction) and that many bytes of MessagePack: one tagged
struct. A viewer first says `Hello`, the engine answers `Welcome`; then `Ask` goes in, and `Update`, `Answer`, `Rejected`
come out, until one side says `Bye` or the stream ends. Nothing received is believed: unknown tags, fields, versions, numbers
that are none and text that is not plain are refused with one sentence (`ProtocolError`).
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Annotated, Generic, TypeAlias, TypeVar

import msgspec

from .catalogue import Catalogue
from .commands import Command
from .snapshot import Inspection, Snapshot

PROTOCOL_VERSION = 1
MAX_ASK = 16 << 10  # bytes of one frame to the engine
MAX_TELL = 8 << 20  # bytes of one frame from the engine: a snapshot of thousands of nodes
MAX_TEXT = 256  # characters of any text in a command
MAX_INT = 1 << 53  # beyond it nothing is counted, and not every reader is exact
_LENGTH = 4

T = TypeVar("T")


class ProtocolError(Exception):
    """The other side does not speak as it should; the message is one sentence."""


class Role(StrEnum):
    """What a viewer may do. A viewer looks; a presenter also gives commands."""

    VIEWER = "viewer"
    PRESENTER = "presenter"


class _Message(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Base of all messages: immutable, tagged by class name."""


class Hello(_Message, frozen=True):
    """First from a viewer. role: the most it wants to be; what it gets is in the `Welcome`."""

    version: int
    role: Role = Role.PRESENTER


class Ask(_Message, frozen=True):
    """A command. `number` comes back with the answer or the refusal."""

    number: Annotated[int, msgspec.Meta(ge=0, le=MAX_INT)]
    command: Command


class Bye(_Message, frozen=True):
    """The last from either side, with why."""

    reason: str = ""


class Welcome(_Message, frozen=True):
    """First from the engine. you: how this viewer's deeds are signed in the log."""

    version: int
    you: str
    role: Role
    catalogue: Catalogue


class Update(_Message, frozen=True):
    """The newest snapshot. Older ones that a slow viewer could not take are gone; their events are in it still."""

    snapshot: Snapshot


class Answer(_Message, frozen=True):
    """The answer to an `Inspect`."""

    number: int
    inspection: Inspection


class Rejected(_Message, frozen=True):
    """The command of that number was not carried out."""

    number: int
    reason: str


ToEngine: TypeAlias = Hello | Ask | Bye
FromEngine: TypeAlias = Welcome | Update | Answer | Rejected | Bye

_ENCODER = msgspec.msgpack.Encoder()


def frame(message: ToEngine | FromEngine) -> bytes:
    """The bytes of one message, length first."""
    body = _ENCODER.encode(message)
    return len(body).to_bytes(_LENGTH, "big") + body


class Reader(Generic[T]):
    """Cuts a stream into messages. Hand it what arrives, in pieces of any size; it keeps at most one frame and one piece."""

    def __init__(self, kinds: object, cap: int) -> None:
        self._decoder: msgspec.msgpack.Decoder[T] = msgspec.msgpack.Decoder(kinds)
        self._cap = cap
        self._held = bytearray()

    def feed(self, data: bytes) -> list[T]:
        """The messages that `data` completes. ProtocolError if it cannot be one of `kinds`; nothing after that counts."""
        self._held += data
        messages: list[T] = []
        start = 0
        while len(self._held) - start >= _LENGTH:
            length = int.from_bytes(self._held[start : start + _LENGTH], "big")
            if not 1 <= length <= self._cap:
                raise ProtocolError(f"a frame of {length:,} bytes; 1 to {self._cap:,} are allowed")
            if len(self._held) - start < _LENGTH + length:
                break
            messages.append(self._decode(self._held[start + _LENGTH : start + _LENGTH + length]))
            start += _LENGTH + length
        del self._held[:start]
        return messages

    def _decode(self, body: bytearray) -> T:
        try:
            return self._decoder.decode(body)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise ProtocolError(f"a message that cannot be read: {error}") from error


def reader_of_asks() -> Reader[ToEngine]:
    """For the engine."""
    return Reader(ToEngine, MAX_ASK)


def reader_of_tells() -> Reader[FromEngine]:
    """For a viewer."""
    return Reader(FromEngine, MAX_TELL)


def check(command: Command) -> None:
    """ProtocolError if a command holds a number that is none, or text that is long or not plainly printable."""
    for name in command.__struct_fields__:
        value = getattr(command, name)
        if isinstance(value, float) and not math.isfinite(value):
            raise ProtocolError(f"{name} is not a number")
        if isinstance(value, int) and abs(value) > MAX_INT:
            raise ProtocolError(f"{name} is too large a number")
        if isinstance(value, str) and (len(value) > MAX_TEXT or not value.isprintable()):
            raise ProtocolError(f"{name} must be plain text of at most {MAX_TEXT} characters")
