"""How requests end, and why they fail: a closed list of causes, symptoms; the event id beside it leads to what began it.

The screen imports this too: no numpy in here, it would cost a tenth of a second until the first paint.
"""

from __future__ import annotations

from enum import IntEnum, unique


class Outcome(IntEnum):
    """What became of a user's request."""

    IN_FLIGHT = 0
    OK = 1
    FAILED = 2
    SHED = 3


@unique
class Cause(IntEnum):
    """The symptom that ended an attempt, as the client or the last server saw it."""

    NONE = 0
    TIMEOUT = 1  # the client's own time-out ran out
    REFUSED = 2  # a port that nobody listens on (process dead): RST at once
    RESET = 3  # the server died while it held the request
    UNREACHABLE = 4  # packets vanish: a partition, a dead host, an address nobody has
    NXDOMAIN = 5
    SERVFAIL = 6
    NO_BACKEND = 7  # the balancer has no server to ask (503)
    QUEUE_FULL = 8  # shed at a bounded queue
    SERVER_ERROR = 9  # the application answers 500
    DB_UNAVAILABLE = 10  # no writable primary, or no database node answers
    DB_TIMEOUT = 11  # commit not acknowledged in time
    PRIVATE_ADDRESS = 12  # asked a private address from outside
    FENCED = 13  # a fenced or read-only primary refused the write
    SPENT = 14  # the retry budget or the attempts are used up (never the first cause of an attempt)
    SESSION_LOST = 15  # the application knows the user no more, and says so (401)
    EDGE = 16  # a CDN answers 503, or has no PoP that may serve the user
    BROKER_UNAVAILABLE = 17  # no broker took the message of a page
    RATE_LIMITED = 18  # asked too often: no token in the bucket (429)
    OVERLOADED = 19  # turned away at a door before it could wait (503)
    CIRCUIT_OPEN = 20  # the web server asks this shard no more for a while, since its last queries failed
    BULKHEAD = 21  # the web server has as many queries open as it may
    WRITE_CONFLICT = 22  # another writer's write of the same key came before, and this one did not know it
    CERTIFICATE = 23  # the site's certificate is not valid: the handshake ends


WORDS: dict[Cause, str] = {
    Cause.NONE: "none",
    Cause.TIMEOUT: "time-out",
    Cause.REFUSED: "connection refused",
    Cause.RESET: "connection reset",
    Cause.UNREACHABLE: "unreachable",
    Cause.NXDOMAIN: "NXDOMAIN",
    Cause.SERVFAIL: "SERVFAIL",
    Cause.NO_BACKEND: "no backend",
    Cause.QUEUE_FULL: "queue full",
    Cause.SERVER_ERROR: "server error",
    Cause.DB_UNAVAILABLE: "database unavailable",
    Cause.DB_TIMEOUT: "commit time-out",
    Cause.PRIVATE_ADDRESS: "private address",
    Cause.FENCED: "primary fenced",
    Cause.BROKER_UNAVAILABLE: "broker unavailable",
    Cause.CERTIFICATE: "certificate expired",
    Cause.EDGE: "CDN error",
    Cause.WRITE_CONFLICT: "write conflict",
    Cause.SPENT: "retries spent",
    Cause.SESSION_LOST: "session lost",
    Cause.RATE_LIMITED: "rate limited",
    Cause.OVERLOADED: "turned away",
    Cause.CIRCUIT_OPEN: "circuit open",
    Cause.BULKHEAD: "bulkhead full",
}

SILENT = (Cause.UNREACHABLE, Cause.PRIVATE_ADDRESS)  # nobody answers: the client's time-out ends it, the cause is known
SHED_CAUSES = (Cause.QUEUE_FULL, Cause.RATE_LIMITED, Cause.OVERLOADED, Cause.BULKHEAD)


def outcome_of(cause: Cause) -> Outcome:
    """Shed if the system chose not to serve, failed otherwise."""
    return Outcome.SHED if cause in SHED_CAUSES else Outcome.FAILED
