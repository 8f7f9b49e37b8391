"""What the screen and the record are told about regions: nothing here changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from ...fabric import CITY
from ...nodes import Nodes
from ...snapshot import NodeState, Region
from ...snapshot import Regions as Reading
from ...words import count, percent
from ..database.reading import lag
from ..database.shard import Role

if TYPE_CHECKING:
    from . import RegionTier

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

FAILING = 0.01  # share of a region's requests that fail: more is told
EVERY_USER = (CITY, -1, -1)
ALONE = "cut off from other regions"
FULL = 0.95  # utilisation of the last second from which a region has no room


class Work(NamedTuple):
    """busy: (regions,) workers that were busy, on the mean of the last second. workers: (regions,) there are."""

    busy: F8
    workers: F8

    @property
    def utilisation(self) -> F8:
        """(regions,) 0..1; 0 where there is nobody."""
        shown: F8 = np.divide(self.busy, self.workers, out=np.zeros(self.busy.size), where=self.workers > 0)
        return shown


def reading(tier: RegionTier) -> Reading:
    """All regions; those with trouble are the screen's to sort."""
    geography, authority = tier.core.regions, tier.dns.authority
    named = _named(tier)
    holds = _resolvers(tier)
    web, database = _work(tier, "web"), _work(tier, "db")
    needs = _needs(tier, {"web": web, "database": database})
    states = [_state(tier, region) for region in range(geography.doors)]
    whole = max(1, int(tier.ended.last.sum()))
    middle, slow = (tier.latency.last_quantile(q) for q in (0.50, 0.99))
    rows: list[Region] = []
    for i, name in enumerate(geography.names[: geography.doors]):
        ended = int(tier.ended.last[i])
        primaries, lag_s, stale = _data(tier, i)
        need, need_at = needs[i]
        row = Region(
            name=name, state=states[i], address=geography.addresses[i], holder=tier.balancer.active_name(i),
            named=geography.addresses[i] in named, resolvers=holds[i], users=round(tier.traffic.users * ended / whole),
            rate=float(ended), share=ended / whole, errors=int(tier.failed.last[i]) / max(1, ended),
            p50_ms=float(middle[i]), p99_ms=float(slow[i]),
            spill=int(tier.spilled.last[i]) / max(1, ended), crossing=int(tier.crossed.last[i]) / max(1, ended),
            servers=_members(tier, tier.web.nodes, i), web=float(web.utilisation[i]), database=float(database.utilisation[i]),
            primaries=primaries, lag_s=lag_s, stale=float(stale), need=need, need_at=need_at,
            share_trend=tier.shares[i].tuple(),
        )  # fmt: skip
        sick, alone = geography.addresses[i] in authority.sick, _cut(tier, i, users=False)
        rows.append(_told(row, sick=sick, alone=alone))
    stray = sum(n for n, address in zip(holds, geography.addresses, strict=True) if address not in named)
    return Reading(
        verdict=_verdict(rows, stray, int(tier.ended.last[-1])),
        answers=tier.dns.answers, failover=tier.dns.failover, check_interval=tier.dns.check_interval,
        caches=geography.caches, invalidate=geography.invalidate, spill=geography.spill, read_near=geography.read_near,
        regions=tuple(rows), nowhere=float(tier.ended.last[-1]), resolvers=tier.dns.resolvers.n, stray=stray,
        ended=tuple(tier.ended.sum.tolist()), failed=tuple(tier.failed.sum.tolist()),
    )  # fmt: skip


def _named(tier: RegionTier) -> tuple[str, ...]:
    """Addresses that the authority answers with now, to whoever it may be."""
    chain = tier.dns.authority.served.chain(tier.dns.question)
    return tier.dns.authority.healthy(chain[-1].values) if chain and chain[-1].kind == "A" else ()


def _resolvers(tier: RegionTier) -> list[int]:
    """By region: resolvers that would send their users there now, without asking anybody."""
    resolvers, authority = tier.dns.resolvers, tier.dns.authority
    holds = resolvers.ready_until > tier.core.now
    by_answer = np.bincount(resolvers.ready[holds], minlength=len(authority.answers)).tolist()
    out = []
    for address in tier.core.regions.addresses:
        number = authority.addresses.index(address) if address in authority.addresses else -1
        out.append(sum(n for n, a in zip(by_answer, authority.answers, strict=True) if a.kind == "A" and number in a.numbers))
    return out


def _members(tier: RegionTier, nodes: Nodes, region: int) -> int:
    return int(np.count_nonzero(nodes.member & (tier.core.regions.of(nodes) == region)))


def _work(tier: RegionTier, name: str) -> Work:
    """What the machines of one tier do, by region; those that do not run have no workers."""
    nodes = tier.core.fabric.tiers[name]
    load = tier.web.load() if name == "web" else tier.database.load()
    doors, region = tier.core.regions.doors, tier.core.regions.of(nodes)
    workers = np.where(nodes.serving, load.workers, 0).astype(np.float64)
    busy = load.utilisation * workers
    shares: list[F8] = [np.bincount(region, per, doors)[:doors].astype(np.float64) for per in (busy, workers)]
    return Work(*shares)


def _needs(tier: RegionTier, works: dict[str, Work]) -> list[tuple[float, str]]:
    """By region: what the others would need if it were lost, at most, and where.

    Its users go where DNS sends them then: the next nearest front door that is named, or all alike if answers are not
    geographic. They take their work along, in proportion to their requests.
    """
    geography, cities = tier.core.regions, len(tier.core.fabric.cities)
    named = _named(tier)
    doors = [i for i in range(geography.doors) if geography.addresses[i] in named]
    homes = tier.homes.last.reshape(-1, cities)
    out: list[tuple[float, str]] = []
    for lost in range(geography.doors):
        others = [i for i in doors if i != lost]
        if not others:
            out.append((-1.0, ""))
            continue
        if tier.dns.answers == "geo":
            way = tier.core.fabric.city_one_way[:, [geography.zone[i] for i in others]]
            goes = np.bincount(way.argmin(axis=1), homes[lost], len(others))
        else:
            goes = np.full(len(others), homes[lost].sum() / len(others))
        part = goes / max(1.0, float(goes.sum()))
        worst = (0.0, "")
        for name, work in works.items():
            for share, to in zip(part.tolist(), others, strict=True):
                asked = float(work.busy[to]) + share * float(work.busy[lost])
                need = asked / float(work.workers[to]) if work.workers[to] else 0.0
                worst = max(worst, (need, f"{geography.names[to]} {name}"))
        out.append(worst)
    return out


def _state(tier: RegionTier, region: int) -> NodeState:
    """Down: no web server runs, or no running node has its address. Unreachable: for users. Slow: for others, or in part."""
    geography, web, balancers = tier.core.regions, tier.web.nodes, tier.balancer.nodes
    servers = web.serving & (geography.of(web) == region)
    holder = tier.balancer.holders[region]
    if not (web.member & (geography.of(web) == region)).any() and holder < 0:
        return NodeState.STANDBY
    if not servers.any() or holder < 0 or not balancers.serving[holder]:
        return NodeState.DOWN
    if _cut(tier, region, users=True):
        return NodeState.UNREACHABLE
    here = web.member & (geography.of(web) == region)
    return NodeState.UP if servers.sum() == here.sum() and not _cut(tier, region, users=False) else NodeState.SLOW


def _cut(tier: RegionTier, region: int, *, users: bool) -> bool:
    """Is every zone of a region cut off from the users, or from somewhere else?"""
    cut = [(rule.a, rule.b) for rule in tier.core.fabric.rules if rule.cut]
    ends = [("*", -1, zone) for zone in tier.core.regions.zones_of(region)]
    return bool(cut) and all(any(end in pair and (not users or EVERY_USER in pair) for pair in cut) for end in ends)


def _data(tier: RegionTier, region: int) -> tuple[int, float, int]:
    """(primaries, seconds behind of the slowest replica, stale reads of the last second) in a region."""
    db, now = tier.database, tier.core.now
    here = np.flatnonzero(db.nodes.member & (tier.core.regions.of(db.nodes) == region)).tolist()
    primaries = sum(db.role_of[node] is Role.PRIMARY for node in here)
    behind = [lag(db.shards[int(db.shard_of_node[n])], n, now)[2] for n in here if db.role_of[n] is Role.REPLICA]
    return primaries, max(behind, default=0.0), sum(int(db.meters.stale.last[node]) for node in here)


def _told(row: Region, *, sick: bool, alone: bool) -> Region:
    """The row with its words: what is wrong with it, or what its loss would mean."""
    words = ""
    if row.state is NodeState.STANDBY:
        words = "nothing stands there"
    elif row.state in (NodeState.DOWN, NodeState.UNREACHABLE):
        words = "lost" if row.state is NodeState.DOWN else "cut off"
        words += ", DNS leaves it out" if sick else f", DNS still sends {count(row.resolvers, 'resolver')}" if row.named else ""
    elif sick:
        words = "DNS leaves it out"
    elif alone:
        words = ALONE
    elif row.errors > FAILING:
        words = f"{percent(row.errors)} fail"
    elif row.spill > 0.0:
        words = f"{percent(row.spill)} served elsewhere"
    elif row.need > 1.0:
        words = f"if lost, {row.need_at} needs {percent(row.need)}"
    return msgspec.structs.replace(row, verdict=words)


def _verdict(rows: list[Region], stray: int, nowhere: int) -> str:
    """A lost region and who still goes there, else failures, else the loss that the others could not carry."""
    lost = [row for row in rows if row.state in (NodeState.DOWN, NodeState.UNREACHABLE)]
    failing = max(rows, key=lambda r: r.errors * r.rate)
    alone = sorted((row for row in rows if row.verdict == ALONE), key=lambda r: r.primaries)
    if lost:
        words = _loss(max(lost, key=lambda r: r.rate), [r for r in rows if r not in lost], stray)
    elif alone:
        words = f"{alone[-1].name} {ALONE}, its users get there"
    elif nowhere:
        words = f"{nowhere:,}/s find no address"
    elif failing.errors > FAILING:
        words = f"{failing.name}: {percent(failing.errors)} fail"
    else:
        words = _outlook([row for row in rows if row.state is not NodeState.STANDBY])
    return words


def _loss(row: Region, others: list[Region], stray: int) -> str:
    """One region is lost: who still goes there, or how the others bear it."""
    word = "lost" if row.state is NodeState.DOWN else "cut off"
    full = [r.name for r in others if max(r.web, r.database) > FULL]
    if row.rate > 0:
        return f"{row.name} {word}: {percent(row.share)} of requests still go there"
    if full:
        return f"{row.name} {word}: {full[0]} has no room for its users"
    return f"{row.name} {word}, its users moved" + (f", {count(stray, 'resolver')} not yet" if stray else "")


def _outlook(active: list[Region]) -> str:
    """All is well: what the worst loss would mean."""
    if len(active) == 1:
        return f"{active[0].name} alone: nobody could take its users"
    heavy = max(active, key=lambda r: r.need)
    if heavy.need > 1.0:
        return f"{heavy.name} lost would need {percent(heavy.need)} of {heavy.need_at}"
    return f"{count(len(active), 'region')}, each could be lost ({percent(heavy.need)} needed)"
