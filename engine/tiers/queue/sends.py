"""From the web servers to the brokers: pages that make a job hand it on as a message, or do it themselves.

A send goes to one broker in turn; one that does not take it (refused, or silent for the time-out) is followed by the next, and
only when none is left the page fails. A message is stored once a broker's operation is done: what its death cuts short is not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...causes import Cause
from ...draws import demands
from ...flights import SENDS
from .floor import AGAIN, PASS, REFUSED, SEND, SENT, Floor

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


class Sends(Floor):
    """What the web servers' library does."""

    def meet(self, slots: I8) -> None:
        """Requests (n,) come to their web servers: whose page makes a job either does it there or will send it on."""
        rows = slots[self.jobs[self.core.flights.route[slots]]]
        if not rows.size:
            return
        flights = self.core.flights
        if self.mode == "queue" and self.brokers.members:
            flights.flags[rows] |= SENDS
            return
        self.inline += rows.size
        flights.web_work[rows] += demands(self.rng, self.core.config.queue.job, rows.size)

    def send(self, t: F8, slots: I8) -> None:
        """Messages leave the web servers at t (n,); the pages of these rows wait for a broker's word."""
        flights = self.core.flights
        flights.flags[slots] &= np.uint8(~SENDS & 0xFF)
        # the cache asks when a write's answer was at its web server; it has not left before a broker has answered
        flights.web_out[slots] = t
        self.at_web.append(slots)
        t = self.core.not_before(self.core.start, t, slots)
        order = np.lexsort((flights.id[slots], t))
        works = demands(self.rng, self.core.config.queue.job, slots.size).tolist()
        share, event = self.poison
        poison = (self.chance.random(slots.size) < share).tolist() if event else [False] * slots.size
        if not self.brokers.members:  # the last one left while the page was made
            for i in order.tolist():
                self.sending[int(slots[i])] = (0.0, 0)
                self.post(float(t[i]), AGAIN, int(slots[i]), -1, 0, 0)
            return
        brokers = self.brokers.choose(slots.size, self.turn)
        self.turn += slots.size
        for k, i in enumerate(order.tolist()):
            slot = int(slots[i])
            self.sending[slot] = (works[k], event if poison[k] else 0)
            self._dispatch(float(t[i]), slot, int(brokers[k]), 0)

    def _dispatch(self, t: float, slot: int, broker: int, tried: int) -> None:
        """A message leaves for a broker."""
        flights = self.core.flights
        delay, fate, event = self.hop("web", int(flights.web[slot]), "broker", broker)
        if fate == PASS:
            flights.wire[slot] += delay
            self.post(t + delay, SEND, slot, broker, tried)
        elif fate == REFUSED:
            flights.wire[slot] += 2.0 * delay
            self.post(t + 2.0 * delay, AGAIN, slot, broker, tried, event)
        else:
            flights.wait[slot] += self.core.config.queue.timeout
            self.post(t + self.core.config.queue.timeout, AGAIN, slot, broker, tried, event)

    def on_again(self, t: float, slot: int, broker: int, tried: int, event: int) -> None:
        """A broker did not take it: the next one, or the end."""
        following = self.brokers.after(broker)
        if following >= 0 and tried + 1 < self.brokers.members:
            self._dispatch(t, slot, following, tried + 1)
            return
        del self.sending[slot]
        self.unsent += 1
        self.turn_away(t, slot, -1, Cause.BROKER_UNAVAILABLE, event)

    def on_send(self, t: float, slot: int, broker: int, tried: int) -> None:
        """A message has come to a broker."""
        brokers, flights = self.brokers, self.core.flights
        if not self._serves(broker):
            event = int(brokers.nodes.event[broker])
            delay = self.hop("broker", broker, "web", int(flights.web[slot]), back=True)[0]
            flights.wire[slot] += delay
            self.post(t + delay, AGAIN, slot, broker, tried, event)
        elif brokers.frozen(broker):
            brokers.held[broker].append((t, SEND, (slot, broker, tried)))
        else:
            begin, end = brokers.operate(t, broker)
            flights.wait[slot] += begin - t
            flights.service[slot] += end - begin
            self._trace(slot, broker, t, begin - t, end - begin)
            self.post(end, SENT, slot, broker, tried)

    def on_sent(self, t: float, slot: int, broker: int, _tried: int) -> None:
        """It is stored, if there is room."""
        messages, flights = self.messages, self.core.flights
        work, poison = self.sending.pop(slot)
        kept = messages.ready + messages.leased
        if self.full[1] or 0 < self.capacity <= kept:
            self.refused += 1
            self.turn_away(t, slot, broker, Cause.QUEUE_FULL, self.full[1])
            return
        owner = int(flights.root[slot]), int(flights.user[slot]), int(flights.key[slot])
        row = messages.store(t, work, broker, poison, owner)
        self.answered.append((t, slot, broker))
        self.brokers.put(broker, messages.next_id - 1, row)
        self.offer(t, broker)
        self.most_ready = max(self.most_ready, messages.ready)

    def offer(self, t: float, broker: int) -> None:
        """Something is ready at a broker: whoever waits there gets it."""
        raise NotImplementedError

    def _serves(self, broker: int) -> bool:
        nodes = self.brokers.nodes
        return bool(nodes.up[broker] and nodes.member[broker])

    def _trace(self, slot: int, broker: int, came: float, wait: float, service: float) -> None:
        if self.core.flights.sampled[slot]:
            nodes = self.brokers.nodes
            self.core.tracer.span(
                slot, "broker", nodes.names[broker], address=nodes.addresses[broker], came=came, wait=wait, service=service,
                note=f"{self.messages.ready:,} messages ready",
            )  # fmt: skip
