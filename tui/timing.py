"""Where a request's time went, on its own clock: earlier tries, the name, each hop's wire, wait and service, and the rest.

The rest is what no hop accounts for: the wire between the user's city and the service; of a request that nobody answered,
the wait for an answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from engine.causes import SILENT, WORDS, Cause
from engine.snapshot import Span, Trace

from .charts import Glyphs
from .draw import Code, Role

__all__ = ["MARKS", "Kind", "Part", "parts_of", "rest_of"]

LARGEST = 1e15  # what is larger is a damaged number
UNANSWERED = tuple(WORDS[cause] for cause in (Cause.TIMEOUT, *SILENT))

NO_ANSWER = "no answer"


class Kind(StrEnum):
    """What time was spent on; the value is the word for it."""

    TRIES = "earlier tries"
    DNS = "dns"
    WIRE = "wire"
    WAIT = "wait"
    SERVE = "serve"
    REST = "rest"


# glyph (in ASCII) and colour: no two are told apart by colour alone
MARKS: dict[Kind, tuple[str, str, Code]] = {
    Kind.TRIES: ("┄", "~", Role.SLOW),
    Kind.DNS: ("━", "-", Role.CHART2),
    Kind.WIRE: ("─", ".", Role.FAINT),
    Kind.WAIT: ("▒", "=", Role.SLOW),
    Kind.SERVE: ("█", "#", Role.CHART),
    Kind.REST: ("─", ".", Role.FAINT),
}


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of time, in milliseconds since the request's birth. `name`: the node that it was spent at; of the rest, words.

    The rest has its length spread over the whole of the last attempt, between the hops.
    """

    kind: Kind
    name: str
    start: float
    length: float

    @property
    def words(self) -> str:
        """What it is, at which node."""
        return self.name if self.kind is Kind.REST else f"{self.kind} {self.name}".rstrip()

    @property
    def short(self) -> str:
        """What it is, without a name."""
        if self.kind is Kind.REST:
            return NO_ANSWER if self.name == NO_ANSWER else Kind.WIRE
        return "tries" if self.kind is Kind.TRIES else self.kind

    def mark(self, glyphs: Glyphs) -> tuple[str, Code]:
        """How it is drawn."""
        glyph, plain, code = MARKS[self.kind]
        return plain if glyphs is Glyphs.ASCII else glyph, code


def parts_of(span: Span) -> Iterator[Part]:
    """The parts of one hop, one after another."""
    name, at = span.node or span.hop, _sound(span.start_ms)
    for kind, ms in ((Kind.WIRE, span.wire_ms), (Kind.WAIT, span.wait_ms), (Kind.SERVE, span.service_ms)):
        length = _sound(ms)
        if length > 0:
            yield Part(Kind.DNS if span.hop == "dns" else kind, name, at, length)
            at += length


def rest_of(trace: Trace) -> list[Part]:
    """What no hop accounts for: the time until the last attempt (if there were others), then wire or silence.

    An attempt begins by asking for the address, so the last look-up tells when the last attempt began.
    """
    looks = [_sound(span.start_ms) for span in trace.spans if span.hop == "dns"]
    begun = looks[-1] if looks and trace.attempt else 0.0
    known = [part for span in trace.spans for part in parts_of(span)]
    before = sum(part.length for part in known if part.start < begun)
    during = sum(part.length for part in known if part.start >= begun)
    words = NO_ANSWER if trace.cause in UNANSWERED else f"wire {trace.city}"
    found = (
        Part(Kind.TRIES, "", 0.0, begun - before),
        Part(Kind.REST, words, begun, _sound(trace.latency_ms) - begun - during),
    )
    return [part for part in found if part.length > 0]


def _sound(ms: float) -> float:
    return ms if 0.0 <= ms < LARGEST else 0.0
