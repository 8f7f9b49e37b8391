"""What faults do to brokers and workers, and what heals them: at step boundaries, from the effects on their nodes.

A worker's death takes its jobs: their messages come back when their leases end. A broker's death breaks its connections and cuts
short what it was about to do; what it has stored it finds again, if it writes it down.
"""

from __future__ import annotations

from heapq import heapify

from ..base import OptionValue
from .desk import Desk
from .floor import ACK, ACKED, AGAIN, ASK, AT_BROKER, POLL, POLLED, RETRY, SEND, SENT, Event
from .workers import ASKS, OFF, WORKS


class Fates(Desk):
    """Death, slowness, frost; consumers that stop."""

    def set_option(self, name: str, value: OptionValue) -> None:
        """All are read when they are needed; more room or another visibility is for what comes."""
        super().set_option(name, value)
        self.always_persistent &= self.persistent

    def reset_effects(self) -> None:
        """No fault acts on consumers, acknowledgements, jobs or room."""
        self.stopped = self.poison = self.lost_acks = self.full = (0.0, 0)

    def effects_changed(self) -> None:
        """Brokers and workers die, rise, freeze and thaw; consumers stop or go on."""
        if not len(self.brokers.nodes) and not len(self.workers.nodes):
            return
        self.look_around()
        for index in range(len(self.brokers.nodes)):
            self._broker_changed(index)
        woken = False
        for index in range(len(self.workers.nodes)):
            woken |= self._worker_changed(index)
        if bool(self.stopped[1]) != self.was_stopped:
            self.was_stopped = not self.was_stopped
            for thread in [n for n, doing in enumerate(self.workers.doing) if doing == ASKS and self.was_stopped]:
                self.rest(thread)
            woken |= not self.was_stopped
        if woken:
            self.wake(self.core.now)

    def rest(self, thread: int) -> None:
        """A thread that asks for a message asks no more."""
        self.withdraw(thread)
        self.workers.doing[thread] = OFF
        self.workers.poll[thread] += 1

    def wake(self, now: float) -> None:
        """Threads that do nothing ask for a message; those of workers that start up, when they are up."""
        workers = self.workers
        for thread, doing in enumerate(workers.doing):
            if doing == OFF:
                workers.poll[thread] += 1
                at = max(now, float(workers.nodes.born[workers.worker[thread]]))
                self.post(at, ASK, thread, workers.poll[thread])

    def _worker_changed(self, index: int) -> bool:
        """Is there anybody to be woken?"""
        workers, now = self.workers, self.core.now
        up, speed, before = bool(workers.nodes.up[index]), workers.nodes.clock(index), workers.speed_of[index]
        rose = up and not workers.known_up[index]
        if not up and workers.known_up[index]:
            for thread in workers.crew[index]:
                self.withdraw(thread)
                self.jobs_lost += workers.abandon(thread, now)
        elif rose:
            workers.nodes.born[index] = now
        workers.known_up[index], workers.speed_of[index] = up, speed
        if speed != before:
            for thread in [n for n in workers.crew[index] if workers.doing[n] == WORKS]:
                workers.left[thread] -= (now - workers.since[thread]) * before
                workers.since[thread] = now
                self.plan(thread)
        return rose or before <= 0.0 < speed

    # ---- brokers

    def _broker_changed(self, index: int) -> None:
        brokers, now = self.brokers, self.core.now
        up, speed, before = bool(brokers.nodes.up[index]), brokers.nodes.clock(index), brokers.speed_of[index]
        if not up and brokers.known_up[index]:
            self.cut_off(index)
            if not self.persistent:
                self._lose(index)
        brokers.known_up[index], brokers.speed_of[index] = up, speed
        if before > 0.0 >= speed:
            brokers.frozen_at[index] = now
            brokers.held[index] = self._operations(index)
        elif before <= 0.0 < speed:
            self._thaw(index)
        self.offer(now, index)

    def _operations(self, index: int) -> list[Event]:
        """Take out what a broker has begun, in order."""
        mine = sorted(event for event in self.events if event[1] in AT_BROKER and event[2][1] == index)
        if mine:
            self.events = [event for event in self.events if not (event[1] in AT_BROKER and event[2][1] == index)]
            heapify(self.events)
        return mine

    def _thaw(self, index: int) -> None:
        """A frozen broker goes on where it stopped, then with what came meanwhile."""
        brokers, now = self.brokers, self.core.now
        late = now - brokers.frozen_at[index]
        held, brokers.held[index] = brokers.held[index], []
        brokers.free[index] = [max(now, end + late) if end > brokers.frozen_at[index] else now for end in brokers.free[index]]
        heapify(brokers.free[index])
        for t, kind, what in held:
            if kind in AT_BROKER:
                if kind == SENT:
                    self.core.flights.wait[what[0]] += late
                self.post(t + late, kind, *what)
            else:
                if kind == SEND:
                    self.core.flights.wait[what[0]] += now - t
                self.post(now, kind, *what)

    def cut_off(self, index: int) -> None:
        """All connections of a broker break, what it has not finished is not done."""
        brokers, now = self.brokers, self.core.now
        event = int(brokers.nodes.event[index])
        begun = [*self._operations(index), *brokers.held[index]]
        brokers.held[index] = []
        for _, kind, what in begun:
            if kind in (SEND, SENT):
                slot, _, tried = what
                delay = self.hop("broker", index, "web", int(self.core.flights.web[slot]), back=True)[0]
                self.core.flights.wire[slot] += delay
                self.post(now + delay, AGAIN, slot, index, tried, event)
            elif kind in (POLL, POLLED):
                self.post(now + RETRY, ASK, what[0], what[2])
            else:
                assert kind in (ACK, ACKED)
                self.acks_lost += 1
        for thread, poll in brokers.waiting[index].items():
            self.post(now + RETRY, ASK, thread, poll)
        brokers.waiting[index] = {}
        brokers.begin_anew(index, now)

    def _lose(self, index: int) -> None:
        """A broker that keeps its messages in memory alone has lost them; jobs that are being done are done for nobody."""
        lost = set(self.messages.lose(index))
        self.brokers.ready[index] = []
        for thread, row in enumerate(self.workers.row):
            if row in lost:
                self.workers.message[thread] = -1
