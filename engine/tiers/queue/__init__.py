"""The message queue: pages answer at once, the slow work waits. Here its membership, faults, settings.

    messages  a row each, and what became of all
    watch, brokers, workers  the machines
    floor     the state, the events and their kinds
    sends     web servers -> brokers
    desk      brokers <-> workers
    fates     what faults do to them
    reading   what the screen shows
"""

from __future__ import annotations

import numpy as np

from ...core import Core
from ...load import Load
from ...replies import Replies
from ...snapshot import Queue as Reading
from ...snapshot import Setting
from .fates import Fates
from .floor import ASK, COUNTED
from .reading import inspect, reading
from .workers import ASKS


class Queue(Fates):
    """Brokers and workers; there is nothing of it where no route makes jobs and no broker was added."""

    def __init__(self, core: Core, replies: Replies) -> None:
        super().__init__(core, replies)
        config = core.config.queue
        for _ in range(config.brokers):
            self.brokers.add_node()
        for _ in range(config.workers if config.brokers else 0):
            self._hire(0.0)

    # ---- membership

    def add_broker(self) -> int:
        """One more broker; workers that had nobody to ask begin to ask. Returns its index."""
        index = self.brokers.add_node()
        self.wake(self.core.now)
        return index

    def add_worker(self) -> int:
        """One more worker, which starts up first; returns its index."""
        return self._hire(self.core.config.queue.warm_up)

    def _hire(self, warm_up: float) -> int:
        index = self.workers.enlist()
        self.workers.nodes.born[index] = self.core.now + warm_up
        for thread in self.workers.crew[index]:
            self.post(self.core.now + warm_up, ASK, thread, self.workers.poll[thread])
        return index

    def remove_broker(self, index: int) -> None:
        """Its messages go to another; ask only if there is one, or it keeps none."""
        brokers, messages = self.brokers, self.messages
        brokers.nodes.member[index] = False
        heir = brokers.after(index)
        kept = (messages.broker == index) & (messages.state > 0)
        assert heir >= 0 or not kept.any()
        self.cut_off(index)
        if heir >= 0:
            messages.broker[kept] = heir
            brokers.move(index, heir)
            self.offer(self.core.now, heir)

    def remove_worker(self, index: int) -> None:
        """It asks for no more messages; the jobs that it has begun it ends."""
        self.workers.nodes.member[index] = False
        for thread in self.workers.crew[index]:
            if self.workers.doing[thread] == ASKS:
                self.rest(thread)

    def refit(self, tier: str, index: int, threads: int) -> None:
        """A broker or worker is another machine; nothing is inside."""
        (self.brokers if tier == "broker" else self.workers).refit(index, threads)
        self.effects_changed()

    def restore(self, name: str) -> bool:
        """A removed broker or worker comes back under its old name; False if it is none of them."""
        for side in (self.brokers, self.workers):
            index = side.nodes.index(name)
            if index >= 0 and not side.nodes.member[index]:
                side.restore_node(index)
                self.wake(self.core.now)
                return True
        return False

    # ---- time

    def step(self) -> None:
        """All events of the window, then the answers."""
        for slots in self.at_web:
            self.core.flights.web_out[slots] = np.inf
        self.at_web = []
        self.run()
        self.answer()
        self.brokers.settle()
        self.workers.settle()
        if self.acked_ms:
            self.ready_ms.add(np.array(self.acked_ms))
            self.acked_ms = []

    def second(self) -> None:
        """A virtual second ended."""
        if not self.there:
            return
        counts = self.counts
        self.rates = {name: float(counts[name] - self.before[name]) for name in COUNTED}
        self.before = counts
        self.brokers.second()
        self.workers.second(self.workers.present(self.core.now))
        self.ready_ms.roll()
        self.trends["depth"].push(float(self.messages.ready))
        self.trends["age"].push(self.messages.oldest(self.core.now))
        self.trends["in"].push(self.rates["enqueued"])
        self.trends["out"].push(self.rates["acknowledged"])

    # ---- readings

    def reading(self) -> Reading | None:
        """The pane's part; None if there is nothing of it."""
        return reading(self) if self.there else None

    def loads(self) -> dict[str, Load]:
        """How loaded brokers and workers are, by tier."""
        keep = [len(ready) for ready in self.brokers.ready]
        return {
            "broker": self.brokers.load(self.brokers.in_operation(self.core.now), keep),
            "worker": self.workers.load(self.workers.in_service(), [0] * len(self.workers.nodes)),
        }

    def inspect_node(self, tier: str, index: int) -> tuple[tuple[Setting, ...], tuple[Setting, ...]]:
        """State and settings of a broker or worker."""
        return inspect(self, tier, index)
