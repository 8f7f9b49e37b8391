"""A run in a few lines of plain text, for people without a screen."""

from __future__ import annotations

from .record import Record


def summary(r: Record) -> str:
    """The record's main figures, one group a line."""
    q, lat = r.requests, r.latency_ms
    speed = r.virtual_seconds / r.wall_seconds if r.wall_seconds else float("inf")
    causes = ", ".join(f"{name} {count:,}" for name, count in q.by_cause.items()) or "none"
    lines = [
        f"{r.scenario}, seed {r.seed}: {r.virtual_seconds:g} s in {r.wall_seconds:.2f} s ({speed:.1f}x), digest {r.digest}",
        f"requests   {q.arrived:,} arrived = {q.ok:,} ok + {q.failed:,} failed + {q.shed:,} shed + {q.in_flight:,} in flight",
        f"attempts   {q.attempts:,} ({q.retries:,} retries, {q.timed_out:,} time-outs, {q.wasted:,} answers for nobody)",
        f"latency    mean {lat.mean:.2f}  p50 {lat.p50:.2f}  p95 {lat.p95:.2f}  p99 {lat.p99:.2f}  max {lat.max:.2f} ms",
        f"failures   {causes}",
        f"late       {q.late:,} ({q.late / max(1, q.attempts):.4%} of attempts)",
    ]
    for tier, nodes in r.tiers.items():
        use = [n.utilisation for n in nodes.values()]
        if use:
            lines.append(f"{tier:<10} {len(use)} nodes, utilisation {min(use):.1%} to {max(use):.1%}")
    if r.queue is not None:
        part = r.queue
        lines.append(f"queue      {part.verdict}; {part.acknowledged:,} done, {part.duplicates:,} twice, {part.dead:,} dead")
    lines.append(f"cache      {r.cache.verdict}")
    lines.append(f"database   {r.replication.verdict}; {r.replication.lost_writes:,} lost writes")
    return "\n".join(lines)
