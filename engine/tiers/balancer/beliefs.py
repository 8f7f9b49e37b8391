"""What each balancer believes of each web server: active verdicts, passive failures, slow start. Belief, not truth.

Active: a checker's verdict, a while behind what happens (agents/health.py). Passive: `max_fails` failed connections within
`fail_timeout` put a server aside for `fail_timeout` (nginx). With nobody left to ask, all are asked (fail-open, AWS ELB).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...config import Health
from ...core import Core
from ...nodes import Nodes

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
B = NDArray[np.bool_]

LEAST_RAMP = 0.01  # a slow start begins at one per cent of the weight, or the node would never be measured

_COLUMNS: dict[str, tuple[str, float]] = {
    "verdict": ("?", 1),
    "fails": ("i8", 0),
    "first_fail": ("f8", -np.inf),
    "aside_until": ("f8", -np.inf),
    "since": ("f8", -np.inf),
}


class Beliefs:
    """Arrays (balancers, servers).

    verdict: healthy says the checker. fails, first_fail: failed connections within the present `fail_timeout`.
    aside_until: passively put aside until then (s). since: when the server (last) became available, for slow start (s).
    """

    verdict: B
    fails: I8
    first_fail: F8
    aside_until: F8
    since: F8

    def __init__(self) -> None:
        for name, (kind, fresh) in _COLUMNS.items():
            setattr(self, name, np.full((0, 0), fresh, dtype=kind))
        self.draining: B = np.zeros(0, dtype=np.bool_)
        self.last_aside = -np.inf  # until then at least one server is put aside by some balancer (s)
        self.near: B | None = None  # (balancers, servers): is it in the balancer's region? None: regions do not count
        self.spill = True  # whether a region without a server that can be used sends its requests to others

    def grow(self, balancers: int, servers: int) -> None:
        """Room for so many; a server is thought healthy until a check says otherwise (HAProxy)."""
        rows, columns = self.verdict.shape
        if (rows, columns) == (balancers, servers):
            return
        for name, (kind, fresh) in _COLUMNS.items():
            table = np.full((balancers, servers), fresh, dtype=kind)
            table[:rows, :columns] = getattr(self, name)
            setattr(self, name, table)
        self.draining = np.append(self.draining, np.zeros(servers - self.draining.size, dtype=np.bool_))

    def look_near(self, core: Core, servers: Nodes) -> None:
        """Which servers are in each balancer's own region."""
        if self.near is None or self.near.shape != self.verdict.shape:
            self.near = core.regions.of(core.fabric.tiers["balancer"])[:, None] == core.regions.of(servers)[None, :]
            self.spill = core.regions.spill

    def forget(self, balancer: int) -> None:
        """A balancer's process starts anew: it knows nothing."""
        for name, (_, fresh) in _COLUMNS.items():
            getattr(self, name)[balancer] = fresh

    def judge(self, balancer: int, server: int, up: bool, now: float) -> bool:
        """A checker's verdict; whether it is news."""
        if bool(self.verdict[balancer, server]) == up:
            return False
        self.verdict[balancer, server] = up
        if up:
            self.since[balancer, server] = now
        return True

    def failed(self, balancer: int, server: int, t: float, health: Health) -> bool:
        """A connection failed at t (s); whether the server is put aside for it."""
        here = balancer, server
        if t - self.first_fail[here] > health.fail_timeout:
            self.fails[here], self.first_fail[here] = 0, t
        self.fails[here] += 1
        if self.fails[here] < health.max_fails or t < self.aside_until[here]:
            return False
        self.aside_until[here] = self.since[here] = t + health.fail_timeout
        self.last_aside = max(self.last_aside, t + health.fail_timeout)
        self.fails[here], self.first_fail[here] = 0, -np.inf
        return True

    def watch_draining(self, servers: Nodes, now: float) -> None:
        """A server that is let back in after a drain starts slowly."""
        if self.draining.tobytes() == servers.draining.tobytes():
            return
        back = self.draining & ~servers.draining
        if back.any():
            self.since[:, back] = now
        self.draining = servers.draining.copy()

    def seen(self, balancer: int, servers: Nodes, fail_open: bool) -> tuple[bytes, ...]:
        """All that `eligible` hangs on while nobody is put aside, to be compared with what it was."""
        open_ = b"%d%d" % (fail_open, self.spill)
        return servers.member.tobytes(), servers.draining.tobytes(), self.verdict[balancer].tobytes(), open_

    def healthy(self, balancer: int, servers: Nodes, now: float, health: Health) -> B:
        """Members that this balancer thinks it can use, draining ones included, (servers,)."""
        good = servers.member.copy()
        if health.active:
            good &= self.verdict[balancer]
        if health.passive:
            good &= self.aside_until[balancer] <= now
        return good

    def eligible(self, balancer: int, servers: Nodes, now: float, health: Health, fail_open: bool) -> tuple[I8, bool]:
        """Who may get new requests, ascending indexes, and whether that is only because all are thought unhealthy."""
        wanted = servers.member & ~servers.draining
        good = self._near(balancer, (self.healthy(balancer, servers, now, health) & wanted).nonzero()[0])
        if good.size or not fail_open:
            return good, False
        everyone = self._near(balancer, wanted.nonzero()[0])
        return everyone, bool(everyone.size)

    def _near(self, balancer: int, servers: I8) -> I8:
        """Those of its own region; those of others only if there is none, and if it may."""
        if self.near is None:
            return servers
        here = servers[self.near[balancer, servers]]
        return servers if not here.size and self.spill else here

    def ramp(self, balancer: int, servers: Nodes, now: float, slow_start: float) -> F8:
        """Slow-start factors (servers,): from LEAST_RAMP to 1 in a line over `slow_start` s since a server came (back)."""
        if slow_start <= 0.0:
            return np.ones(len(servers))
        came = np.where(servers.born > 0.0, servers.born, -np.inf)  # those of the first hour are warm
        since = np.maximum(self.since[balancer], came)
        share = np.ones(len(servers))
        fresh = now - since < slow_start
        share[fresh] = np.maximum(LEAST_RAMP, (now - since[fresh]) / slow_start)
        return share


def too_late(t: F8, server: I8, over: F8, bad: I8, health: Health) -> int:
    """Requests sent at t (n,) to servers (n,) after a failure at `over` (k,) of servers `bad` (k,) that would have put them
    aside, had the step been shorter."""
    if not health.passive or health.max_fails != 1:
        return 0
    return sum(int(np.count_nonzero(t[server == one] > over[bad == one].min())) for one in np.unique(bad).tolist())
