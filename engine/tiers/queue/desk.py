"""Between brokers and workers: polls, leases, jobs, acknowledgements, each an event; see `floor` for their kinds.

A thread asks one broker after the other for a message, and waits there for one (long polling). What is handed out is leased: if
no acknowledgement under this lease comes until it ends, the message is ready again, in its old place, or dead after too many
receives. A worker whose lease has ended meanwhile has done its job for nothing: the job will be done twice.
"""

from __future__ import annotations

from heapq import heappop

from .floor import ACK, ACKED, ASK, DONE, EXPIRE, GIVE, GIVE_UP, PASS, POLL, POLLED, REFUSED, RETRY
from .sends import Sends
from .workers import ASKS, GIVEN, OFF, WORKS


class Desk(Sends):
    """The events of a step, in exact order."""

    def run(self) -> None:
        """Everything that is due before the window ends."""
        events, end = self.events, self.core.end
        handlers = (
            self.on_send, self.on_sent, self.on_poll, self.on_polled, self.on_ack, self.on_acked, self.on_expire, self.on_give,
            self.on_done, self.on_ask, self.on_give_up, self.on_again,
        )  # fmt: skip
        while events and events[0][0] < end:
            t, kind, what = heappop(events)
            handlers[kind](t, *what)

    # ---- a thread asks for a message

    def on_ask(self, t: float, thread: int, poll: int) -> None:
        """A thread begins to poll, unless something else has become of it."""
        workers = self.workers
        if workers.poll[thread] == poll:
            self._ask(t, thread)

    def _ask(self, t: float, thread: int) -> None:
        workers = self.workers
        worker = workers.worker[thread]
        workers.doing[thread] = OFF
        workers.poll[thread] += 1
        if self.stopped[1] or not (workers.nodes.up[worker] and workers.nodes.member[worker]):
            return
        poll = workers.poll[thread]
        if workers.speed_of[worker] <= 0.0:
            return  # whoever thaws it wakes it
        broker = workers.broker[thread] = self.brokers.after(workers.broker[thread])
        if broker < 0:
            return
        workers.doing[thread] = ASKS
        delay, fate, _ = self.hop("worker", worker, "broker", broker)
        if fate == PASS:
            self.post(t + delay, POLL, thread, broker, poll)
        elif fate == REFUSED:
            self.post(t + 2.0 * delay + RETRY, ASK, thread, poll)
            return
        config = self.core.config.queue
        self.post(t + config.poll_wait + config.timeout, GIVE_UP, thread, poll)

    def on_give_up(self, t: float, thread: int, poll: int) -> None:
        """No answer for so long: ask the next broker."""
        workers = self.workers
        if workers.poll[thread] != poll or workers.doing[thread] != ASKS:
            return
        self.withdraw(thread)
        self._ask(t, thread)

    def withdraw(self, thread: int) -> None:
        """A thread's poll no longer waits at its broker, if it did."""
        broker = self.workers.broker[thread]
        if 0 <= broker < len(self.brokers.waiting):
            self.brokers.waiting[broker].pop(thread, None)

    def on_poll(self, t: float, thread: int, broker: int, poll: int) -> None:
        """A poll has come to a broker."""
        if not self._serves(broker):
            delay = self.hop("broker", broker, "worker", self.workers.worker[thread], back=True)[0]
            self.post(t + delay + RETRY, ASK, thread, poll)
        elif self.brokers.frozen(broker):
            self.brokers.held[broker].append((t, POLL, (thread, broker, poll)))
        else:
            self.post(self.brokers.operate(t, broker)[1], POLLED, thread, broker, poll)

    def on_polled(self, t: float, thread: int, broker: int, poll: int) -> None:
        """The broker looks for a message for it."""
        if self.workers.poll[thread] != poll or self.workers.doing[thread] != ASKS:
            return
        self.brokers.waiting[broker][thread] = poll
        self.offer(t, broker)

    # ---- a message goes to a worker

    def offer(self, t: float, broker: int) -> None:
        """Ready messages to threads that wait, the oldest to who has waited longest."""
        ready, waiting = self.brokers.ready[broker], self.brokers.waiting[broker]
        while ready and waiting and self._serves(broker) and not self.brokers.frozen(broker):
            thread = next(iter(waiting))
            self._give(t, broker, thread, waiting.pop(thread))

    def _give(self, t: float, broker: int, thread: int, poll: int) -> None:
        messages = self.messages
        row = self.brokers.take(broker)
        number = int(messages.id[row])
        lease = messages.lease(row, t + self.visibility)
        self.post(t + self.visibility, EXPIRE, row, number, lease)
        delay, fate, _ = self.hop("broker", broker, "worker", self.workers.worker[thread], back=True)
        if fate == PASS:
            self.workers.doing[thread] = GIVEN
            self.post(t + delay, GIVE, thread, row, number, lease, poll)

    def on_give(self, t: float, thread: int, row: int, number: int, lease: int, poll: int) -> None:
        """A message has come to its worker: the job begins, on a message whose lease may have ended on the way too."""
        workers, messages = self.workers, self.messages
        if workers.poll[thread] != poll or workers.doing[thread] != GIVEN:
            return
        if messages.id[row] != number:  # gone meanwhile: the content came with the message, the work is not known any more
            self._ask(t, thread)
            return
        workers.begin(thread, t, row, number, lease, float(messages.work[row]))
        self.plan(thread)

    def plan(self, thread: int) -> None:
        """When this thread's job will be done, as things are."""
        workers = self.workers
        workers.plan[thread] += 1
        if workers.speed_of[workers.worker[thread]] > 0.0:
            self.post(workers.finish_of(thread), DONE, thread, workers.plan[thread])

    # ---- a job ends

    def on_done(self, t: float, thread: int, plan: int) -> None:
        """A job is done, or has failed; the thread says so, and asks for the next."""
        workers, messages = self.workers, self.messages
        if workers.plan[thread] != plan or workers.doing[thread] != WORKS:
            return
        workers.end(thread, t)
        row, number = workers.row[thread], workers.message[thread]
        kept = number >= 0 and bool(messages.id[row] == number)
        errs = float(workers.nodes.error_rate[workers.worker[thread]])
        if (kept and messages.poison[row]) or (errs and self.chance.random() < errs):
            messages.failed += 1
        else:
            messages.processed += 1
            if number >= 0 and (not kept or messages.done[row]):  # somebody else was faster
                messages.duplicates += 1
            if kept:
                messages.done[row] = 1
            self._acknowledge(t, thread, int(messages.broker[row]) if kept else workers.broker[thread])
        self._ask(t, thread)

    def _acknowledge(self, t: float, thread: int, broker: int) -> None:
        workers = self.workers
        row = workers.row[thread]
        delay, fate, _ = self.hop("worker", workers.worker[thread], "broker", broker)
        share, event = self.lost_acks
        if fate == PASS and not (event and self.chance.random() < share):
            self.post(t + delay, ACK, row, broker, workers.message[thread], workers.lease[thread])
        else:
            self.acks_lost += 1

    def on_ack(self, t: float, row: int, broker: int, number: int, lease: int) -> None:
        """An acknowledgement has come to a broker."""
        if not self._serves(broker):
            self.acks_lost += 1
        elif self.brokers.frozen(broker):
            self.brokers.held[broker].append((t, ACK, (row, broker, number, lease)))
        else:
            self.post(self.brokers.operate(t, broker)[1], ACKED, row, broker, number, lease)

    def on_acked(self, t: float, row: int, _broker: int, number: int, lease: int) -> None:
        """It is noted, if it is of the present lease."""
        messages = self.messages
        if not messages.is_leased(row, number, lease):
            messages.late_acks += 1
            return
        self.acked_ms.append((t - float(messages.at[row])) * 1e3)
        messages.acknowledge(row)

    def on_expire(self, t: float, row: int, number: int, lease: int) -> None:
        """A lease has ended without an acknowledgement."""
        messages = self.messages
        if not messages.is_leased(row, number, lease):
            return
        if lease >= self.max_receives:
            messages.bury(row)
            return
        messages.give_back(row)
        broker = int(messages.broker[row])
        self.brokers.put(broker, number, row)
        self.offer(t, broker)
