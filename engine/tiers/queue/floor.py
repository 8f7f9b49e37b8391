"""The ground of the queue tier: what it holds, its events in order of time, and how long a packet takes.

Everything that happens is an event (time, kind, ...) in one heap, taken out in exact order: the tier's loops (a poll, a job, an
acknowledgement) close within a step, so what happens hangs on no step's length. The events, with what they carry:

    SEND, SENT      slot, broker, brokers tried        a message comes to a broker; is stored
    POLL, POLLED    thread, broker, poll               a thread's poll comes to a broker; is looked at
    ACK, ACKED      row, broker, message, lease        an acknowledgement comes; is noted
    EXPIRE          row, message, lease                a lease ends
    GIVE            thread, row, message, lease, poll  a message comes to its worker
    DONE            thread, plan                       a job is done
    ASK, GIVE_UP    thread, poll                       a thread polls; has waited long enough for an answer
    AGAIN           slot, broker, brokers tried, event the web server learns that a broker did not take its message
"""

from __future__ import annotations

from heapq import heappush
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...causes import Cause
from ...core import Core, generator
from ...fabric import Fate
from ...meter import Histogram, Trend
from ...replies import Replies
from ..base import Tier
from .brokers import Brokers
from .messages import Messages
from .workers import Workers

SEND, SENT, POLL, POLLED, ACK, ACKED, EXPIRE, GIVE, DONE, ASK, GIVE_UP, AGAIN = range(12)
AT_BROKER = (SENT, POLLED, ACKED)  # kinds that tell of an operation that has begun
PASS, REFUSED = int(Fate.PASS), int(Fate.REFUSED)
RETRY = 1.0  # seconds until a consumer whose connection failed tries again
Event: TypeAlias = tuple[float, int, tuple[int, ...]]  # when, kind, with what
COUNTED = (
    "enqueued", "acknowledged", "redelivered", "duplicates", "dead", "processed", "inline", "refused", "delivered",
)  # fmt: skip


class Floor(Tier):
    """State and packets. `stopped`, `poison`, `lost_acks`, `full`: (what the fault says, its event), (0, 0) = no fault."""

    name = "queue"

    def __init__(self, core: Core, replies: Replies) -> None:
        super().__init__(core)
        config = core.config.queue
        self.replies = replies
        self.jobs = np.array([route.job for route in core.config.route])
        self.makes_jobs = bool(self.jobs.any())
        self.mode: str = config.mode
        self.visibility = config.visibility
        self.max_receives = config.max_receives
        self.capacity = config.capacity
        self.persistent = self.always_persistent = config.persistent
        self.autoscale = config.autoscale
        self.backlog = config.backlog
        self.most_workers = config.most_workers
        self.messages = Messages()
        self.brokers = Brokers(core)
        self.workers = Workers(core)
        self.rng = generator(core.seed, "queue")
        self.chance = generator(core.seed, "queue faults")
        self.events: list[Event] = []
        self.sending: dict[int, tuple[float, int]] = {}  # slot -> (demand, event of poison) while no broker has answered
        self.at_web: list[NDArray[np.int64]] = []  # slots whose `web_out` tells for this step when they were at their web servers
        self.answered: list[tuple[float, int, int]] = []  # (t, slot, broker) of this step
        self.turned: list[tuple[float, int, int, int, int]] = []  # (t, slot, broker or -1 = at the web server, cause, event)
        self.turn = 0
        self.calm = True  # no packet to, from or between brokers and workers is delayed, lost or refused
        self.stopped = self.full = (0.0, 0)
        self.poison = self.lost_acks = (0.0, 0)
        self.was_stopped = False
        self.jobs_lost = 0  # were at a worker that died
        self.acks_lost = 0
        self.inline = 0  # jobs that web servers did themselves
        self.refused = 0  # sends that found the queue full
        self.unsent = 0  # sends that no broker answered
        self.most_ready = 0
        self.ready_ms = Histogram(1)  # from storing to the acknowledgement
        self.acked_ms: list[float] = []
        self.before: dict[str, int] = dict.fromkeys(COUNTED, 0)
        self.rates: dict[str, float] = dict.fromkeys(COUNTED, 0.0)
        self.trends = {name: Trend() for name in ("depth", "age", "in", "out")}

    @property
    def there(self) -> bool:
        """Is there anything of this in the system: jobs, or a broker?"""
        return self.makes_jobs or bool(self.brokers.nodes.names)

    @property
    def counts(self) -> dict[str, int]:
        """All that is counted, since the start."""
        messages = self.messages
        own = {"enqueued": messages.next_id, "inline": self.inline, "refused": self.refused}
        return {name: own[name] if name in own else int(getattr(messages, name)) for name in COUNTED}

    def post(self, t: float, kind: int, *what: int) -> None:
        """Something is to happen at `t`."""
        heappush(self.events, (t, kind, what))

    def hop(self, a: str, ai: int, b: str, bi: int, *, back: bool = False) -> tuple[float, int, int]:
        """(seconds one way, fate, event) of one packet between two nodes."""
        fabric = self.core.fabric
        if self.calm:
            tiers = fabric.tiers
            return float(fabric.zone_flat[tiers[a].row[ai] + tiers[b].column[bi]]), 0, 0
        found = fabric.hop(a, np.array([ai]), b, np.array([bi]), back=back)
        if found.fate is None or found.event is None:
            return float(found.delay[0]), 0, 0
        return float(found.delay[0]), int(found.fate[0]), int(found.event[0])

    def look_around(self) -> None:
        """After effects changed: may packets of this tier be asked about in the short way?"""
        fabric = self.core.fabric
        mine = ("broker", "worker", "web")
        ill = any(fabric.lossy.get(tier, False) for tier in mine)
        down = not bool(self.brokers.nodes.up.all())
        rules = any(r.a[0] in ("*", *mine) and r.b[0] in ("*", *mine) for r in fabric.rules)
        self.calm = not (ill or down or rules)

    def turn_away(self, t: float, slot: int, broker: int, cause: Cause, event: int) -> None:
        """A page fails, since its message is not stored; broker -1: its web server says so of its own."""
        self.turned.append((t, slot, broker, int(cause), event))

    def answer(self) -> None:
        """What brokers said in this step goes back to the web servers, in two batches."""
        if self.answered:
            self.answered.sort()
            times, slots, at = zip(*self.answered, strict=True)
            self.answered = []
            self.replies.send(np.array(times), np.array(slots, dtype=np.int64), "broker", np.array(at, dtype=np.int64))
        if not self.turned:
            return
        self.turned.sort()
        turned, self.turned = self.turned, []
        for here in (True, False):
            some = [one for one in turned if (one[2] < 0) == here]
            if not some:
                continue
            self._refuse(np.array([one[0] for one in some]), np.array([one[1:] for one in some], dtype=np.int64))

    def _refuse(self, t: NDArray[np.float64], turned: NDArray[np.int64]) -> None:
        """Pages (n,) fail. turned (n, 4): slot, broker (all -1 or none), cause, event."""
        slots, at, causes, events = turned.T.copy()
        for cause in sorted(set(causes.tolist())):
            of = causes == cause
            self.replies.fail(slots[of], Cause(cause), events[of])
        if at[0] < 0:
            self.replies.from_web(t, slots)
        else:
            self.replies.send(t, slots, "broker", at)
