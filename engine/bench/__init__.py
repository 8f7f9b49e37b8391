"""`scaletop bench`: how fast the engine is on this machine, by stage, beside SimPy and a plain loop on the same requests.

The big system is 421 nodes (1 balancer, 256 web servers of one worker, 64 cache nodes, 25 shards of four) with a million keys
and users, offered 2,800, 100,000 and 1,000,000 requests a second in steps of 4 ms, the
loop of cache and database in parts of 1 ms: from cold caches (what comes first is not counted), and once more when they are warm.
"""

from __future__ import annotations

import gc
import resource
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec

from ..agents import AGENTS
from ..config import BalancerPart, CachePart, Client, DatabasePart, Route, Scenario, Service, Traffic, Users, WebPart
from ..runtime import run_headless
from ..scenarios.file import load
from ..tiers.base import Tier
from ..world import World
from . import peers as bench_peers
from .peers import Peer

Progress = Callable[[float], None] | None
STAGES = ("traffic", "dns", "balancer", "web", "cache", "database", "clients")


class Run(msgspec.Struct, frozen=True):
    """One run of the engine. us_per_request: CPU microseconds by stage; memory: resident MiB before and after what is counted."""

    name: str
    offered: float
    nodes: int
    step_ms: float
    virtual_s: float
    requests: int
    wall_s: float
    cpu_s: float
    per_wall_s: float
    per_cpu_s: float
    times_real: float
    us_per_request: dict[str, float]
    late_share: float
    memory_before_mib: float
    memory_after_mib: float
    digest: str


class Report(msgspec.Struct, frozen=True):
    """All of it. ratios: the engine's requests a CPU second at a million a second over each peer's."""

    runs: tuple[Run, ...]
    peers: tuple[Peer, ...]
    ratios: dict[str, float]
    missing: str = ""


class Part(NamedTuple):
    """A run to do: virtual seconds cold and counted."""

    config: Scenario
    cold_s: float
    counted_s: float


def big(rate: float) -> Scenario:
    """The big system at an offered rate (requests a second)."""
    return Scenario(
        name=f"big-{rate:g}",
        step_ms=4.0,
        # a part of 1 ms is as long as the loop of cache and database, so nothing is late; where few ask, hardly anything is
        loop_parts=4 if rate > 10_000.0 else 1,
        users=Users(count=1_000_000),
        traffic=Traffic(requests_per_second=rate, keys=1_000_000),
        route=(Route("item", 0.98), Route("save", 0.02, "write")),
        client=Client(timeout=0.5),
        balancer=BalancerPart(nodes=1, policy="round_robin", workers=64),
        web=WebPart(nodes=256, workers=1, queue=0, service=Service(0.2, 0.1, 1.0)),
        # 10 us: at Redis's 20 the home of the hottest key (7 % of all) gets 1.4 s of work a second, in a queue without an end
        cache=CachePart(nodes=64, capacity=20_000, service_us=10.0),
        database=DatabasePart(shards=25, replicas=3, queue=0, read=Service(1.0, 0.5, 1.0), write=Service(2.0, 1.0, 1.0)),
    )


def parts(quick: bool) -> tuple[Part, ...]:
    """What is run, in order; together with the peers it stays well below a minute."""
    share = 0.25 if quick else 1.0
    return (
        Part(load("default"), 2.0, 10.0 * share),
        Part(big(2_800.0), 0.6, 1.0 * share),
        Part(big(100_000.0), 0.6, 0.8 * share),
        Part(big(1_000_000.0), 0.6, 0.3 * share),
        Part(msgspec.structs.replace(big(1_000_000.0), name="big-1e+06, warm"), 3.0 * share, 1.0 * share),
    )


PASSES = ("step", "run", "run_ahead")  # where a tier does its work


class _Watch:
    """Stands before a tier's passes and adds up their CPU seconds."""

    def __init__(self, tier: Tier) -> None:
        self.seconds = 0.0
        for name in PASSES:
            if hasattr(tier, name):
                vars(tier)[name] = partial(self, getattr(tier, name))

    def __call__(self, inner: Callable[[], object]) -> object:
        began = time.process_time()
        out = inner()
        self.seconds += time.process_time() - began
        return out


def resident_mib() -> float:
    """What this process has in memory now, MiB; where the system does not tell, the most it has had so far."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0  # KiB
    return pages * resource.getpagesize() / 2.0**20


def engine_run(part: Part, record: int = 0, progress: Progress = None) -> tuple[Run, bench_peers.Work]:
    """Run a part; `record` > 0 also returns so many of the requests that come next, as drawn, and the keys cached then."""
    gc.collect()  # the world before this one
    world = World(part.config)
    run_headless(world, AGENTS, part.cold_s, progress=progress)
    ledger = world.core.ledger
    before, late, memory = int(ledger.arrived.sum[0]), int(ledger.late.sum[0]), resident_mib()
    watches = {stage: _Watch(getattr(world, stage)) for stage in STAGES}
    cpu = time.process_time()
    wall = run_headless(world, AGENTS, part.counted_s, progress=progress)
    cpu = time.process_time() - cpu
    done = int(ledger.arrived.sum[0]) - before
    run = Run(
        name=part.config.name,
        offered=part.config.traffic.requests_per_second,
        nodes=sum(int(world.core.fabric.tiers[t].member.sum()) for t in ("balancer", "web", "cache", "db")),
        step_ms=part.config.step_ms,
        virtual_s=part.counted_s,
        requests=done,
        wall_s=wall,
        cpu_s=cpu,
        per_wall_s=done / wall,
        per_cpu_s=done / cpu,
        times_real=part.counted_s / wall,
        us_per_request={stage: watch.seconds / done * 1e6 for stage, watch in watches.items()},
        late_share=(int(ledger.late.sum[0]) - late) / done,
        memory_before_mib=memory,
        memory_after_mib=resident_mib(),
        digest=world.digest(),
    )
    work = bench_peers.Work([], frozenset())
    if record:
        held = frozenset(world.cache.desk.index.place.nonzero()[0].tolist())
        world.traffic.recorded = []
        while sum(ids.size for ids, _ in world.traffic.recorded) < record:
            world.step()
        work = bench_peers.Work(bench_peers.rows_of([births for _, births in world.traffic.recorded], record), held)
    return run, work


def bench(quick: bool = False, progress: Progress = None) -> Report:
    """Everything, one after the other; `progress` is called with the share done, 0..1."""
    todo = parts(quick)
    runs: list[Run] = []
    work = bench_peers.Work([], frozenset())
    for number, part in enumerate(todo):
        length = part.cold_s + part.counted_s

        def tell(position: float, number: int = number, length: float = length) -> None:
            if progress is not None:
                progress((number + min(1.0, position / length)) / (len(todo) + 1))

        run, work = engine_run(part, (10_000 if quick else 50_000) if part is todo[-1] else 0, tell)
        runs.append(run)
    config = todo[-1].config
    peers = [bench_peers.timed("heap loop", bench_peers.heap_loop, work, config)]
    missing = ""
    try:
        import simpy  # noqa: F401
    except ImportError:
        missing = "SimPy is not installed; `pip install scaletop[bench]` adds it to the comparison."
    else:
        half = work._replace(rows=work.rows[: len(work.rows) // 2])
        peers.append(bench_peers.timed("SimPy", bench_peers.simpy_run, half, config))
    if progress is not None:
        progress(1.0)
    return Report(tuple(runs), tuple(peers), {p.name: runs[-1].per_cpu_s / p.per_cpu_s for p in peers}, missing)


def lines(report: Report) -> list[str]:
    """The report for people."""
    out = ["engine                offered/s  nodes   done/wall s    done/CPU s   x real   late  memory, MiB"]
    for r in report.runs:
        memory = f"{r.memory_before_mib:.0f} > {r.memory_after_mib:.0f}"
        out.append(
            f"{r.name:<18} {r.offered:>12,.0f} {r.nodes:>6} {r.per_wall_s:>13,.0f} {r.per_cpu_s:>13,.0f}"
            f" {r.times_real:>8.2f} {r.late_share:>6.2%}  {memory}"
        )
    out.append("")
    out.append("CPU us a request  " + " ".join(f"{stage:>9}" for stage in STAGES))
    out += [f"{r.name:<18}" + " ".join(f"{r.us_per_request[s]:>9.3f}" for s in STAGES) for r in report.runs]
    out.append("")
    out.append("peers, the same requests   requests   done/wall s    done/CPU s   mean ms   engine is")
    for p in report.peers:
        ratio = f"{report.ratios[p.name]:.1f}x as fast"
        out.append(f"{p.name:<24} {p.requests:>10,} {p.per_wall_s:>13,.0f} {p.per_cpu_s:>13,.0f} {p.mean_ms:>9.3f}   {ratio}")
    return [*out, report.missing] if report.missing else out
