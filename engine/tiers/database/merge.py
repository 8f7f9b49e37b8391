"""Writers that are equals: what has reached whom, which writes did not know of each other, who holds a row.

`Merge`: every writer takes writes at once and ships them to the others. Two writes of one key of which neither writer knew
the other's when it wrote are a conflict; the later one wins (by the time it was written), and the earlier, which its user was
told is safe, is overwritten. `Certifier`: a write is shown to all first (Galera), the one that came second is refused.
`Pages`: one volume for all (shared storage); a row is written by whoever holds it, and fetched from whoever does.
"""

from __future__ import annotations

from .log import INF, Log

KEPT = 200_000  # records under way that are remembered of a shard whose writers are cut off from each other


class Shipped:
    """A record on its way from the writer `origin`: when it reaches each other one, seconds, inf = not as things stand."""

    __slots__ = ("arrives", "lost", "origin")

    def __init__(self, origin: int) -> None:
        self.origin = origin
        self.arrives: dict[int, float] = {}
        self.lost = False  # overwritten by one that did not know it


class Merge:
    """links: (from, to) -> (do records get through, seconds one way). shipped: by shard and LSN, what somebody has not got."""

    def __init__(self) -> None:
        self.links: dict[tuple[int, int], tuple[bool, float]] = {}
        self.last: dict[tuple[int, int], float] = {}  # a connection delivers in order
        self.shipped: dict[int, dict[int, Shipped]] = {}

    def book(self, shard: int) -> dict[int, Shipped]:
        """Records of a shard that are under way."""
        return self.shipped.setdefault(shard, {})

    def ship(self, shard: int, lsn: int, origin: int, others: list[int], t: float) -> Shipped:
        """A record written by `origin` at t leaves for the others."""
        record = Shipped(origin)
        for node in others:
            record.arrives[node] = self._arrival(origin, node, t)
        book = self.book(shard)
        book[lsn] = record
        if len(book) > KEPT:
            del book[next(iter(book))]
        return record

    def _arrival(self, origin: int, node: int, t: float) -> float:
        is_open, delay = self.links.get((origin, node), (False, 0.0))
        if not is_open:
            return INF
        at = max(t + delay, self.last.get((origin, node), 0.0))
        self.last[origin, node] = at
        return at

    def revise(self, shard: int, now: float) -> None:
        """Links have changed at `now`: what was on a wire that is cut does not arrive; what has not arrived is sent again."""
        for record in self.book(shard).values():
            for node, at in record.arrives.items():
                if at <= now:
                    continue
                is_open = self.links.get((record.origin, node), (False, 0.0))[0]
                if not is_open:
                    record.arrives[node] = INF
                    self.last.pop((record.origin, node), None)
                elif at == INF:
                    record.arrives[node] = self._arrival(record.origin, node, now)

    def sweep(self, now: float) -> None:
        """Forget records that all writers have."""
        for book in self.shipped.values():
            for lsn in [lsn for lsn, r in book.items() if max(r.arrives.values(), default=0.0) <= now]:
                del book[lsn]

    def unseen(self, shard: int, log: Log, lsn: int, node: int, t: float) -> list[int]:
        """LSNs of earlier records of the key of record `lsn`, by other writers, that had not reached `node` at t."""
        book = self.book(shard)
        low = max(next(iter(book), lsn), log.base)
        found: list[int] = []
        at = int(log.previous[lsn - log.base])
        while at >= low:
            record = book.get(at)
            if record is not None and record.origin != node and record.arrives.get(node, 0.0) > t:
                found.append(at)
            at = int(log.previous[at - log.base])
        return found

    def shows(self, shard: int, log: Log, lsn: int, version: int, node: int, t: float) -> int:
        """Version of a key that `node` (-1: whoever knows all) shows at t: the latest write that it has."""
        book = self.book(shard)
        while lsn >= log.base:
            i = lsn - log.base
            if log.written.item(i) <= t:
                record = book.get(lsn)
                if record is None or node in (-1, record.origin) or record.arrives.get(node, 0.0) <= t:
                    break
            version, lsn = log.previous_version.item(i), log.previous.item(i)
        return version


class Certifier:
    """Writes of the last moments that were let through, by key: (when, writer)."""

    def __init__(self) -> None:
        self.recent: dict[int, list[tuple[float, int]]] = {}

    def blocked(self, links: dict[tuple[int, int], tuple[bool, float]], key: int, node: int, t: float) -> float:
        """When `node`, which writes `key` at t, hears of a write that came before; -1 if there is none that it did not know."""
        heard = -1.0
        kept: list[tuple[float, int]] = []
        longest = max((delay for _, delay in links.values()), default=0.0)
        for at, writer in self.recent.get(key, ()):
            if at + longest > t:
                kept.append((at, writer))
            arrives = at + links.get((writer, node), (False, 0.0))[1]
            if writer != node and arrives > t:
                heard = max(heard, arrives)
        if heard < 0.0:
            kept.append((t, node))
        self.recent[key] = kept
        return heard

    def sweep(self, now: float) -> None:
        """Forget what is too old to matter (writes a minute back: no wire is that long)."""
        for key in [key for key, rows in self.recent.items() if not rows or rows[-1][0] < now - 60.0]:
            del self.recent[key]


class Pages:
    """Who wrote a row last, and since when the row is free again: key -> (node, seconds)."""

    def __init__(self) -> None:
        self.held: dict[int, tuple[int, float]] = {}

    def grant(self, key: int, node: int, t: float, way: float, taken_over: float) -> float:
        """When `node`, which asks at t, has the row. way: seconds there and back to who holds it; taken_over: when it was certain
        that the holder is dead, -1 = it is not."""
        holder, free = self.held.get(key, (node, 0.0))
        at = max(t, free)
        if holder != node:
            at = max(at, taken_over) if taken_over >= 0.0 else at + way
        if at < INF:
            self.held[key] = (node, at)
        return at
