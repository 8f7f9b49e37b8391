"""The message queue of a sample snapshot: a calm one, or one whose consumers were stopped a while ago."""

from __future__ import annotations

from engine.snapshot import NodeState, Queue, QueueNode

MINUTE = 60


def queue_part(*, trouble: bool) -> Queue:
    """Twenty jobs a second; in trouble a worker is down, and four thousand wait."""
    ready = 4_210 if trouble else 3
    rising = tuple(float(70 * second) for second in range(MINUTE + 1)) if trouble else (2.0, 3.0) * 30
    nodes = [QueueNode("broker-1", "broker", NodeState.UP, 0.01, 61.0, ready, 4, 0.15)]
    for number in range(1, 5):
        dead = trouble and number == 3
        state = NodeState.DOWN if dead else NodeState.UP
        nodes.append(QueueNode(f"worker-{number}", "worker", state, 0.0 if dead else 0.97, 0.0 if dead else 5.0, 2, 2, 812.0))
    return Queue(
        verdict="4,210 behind, grows: workers are too few, 1 of 4 workers down" if trouble else "20 jobs/s done, 3 wait",
        mode="queue", ready=ready, leased=8, enqueued=90_000, acknowledged=85_775 if trouble else 89_989,
        dead=7 if trouble else 0, lost=0, redelivered=14 if trouble else 0, duplicates=2 if trouble else 0,
        late_acks=2 if trouble else 0, refused=0, unsent=0, processed=85_777,
        failed=0, inline=0, jobs_lost=2 if trouble else 0, acks_lost=0, most_ready=ready, oldest_s=61.0,
        in_rate=90.0 if trouble else 20.0, out_rate=15.0 if trouble else 20.0, inline_rate=0.0, redelivered_rate=1.0,
        duplicate_rate=0.0, drains_s=-1.0 if trouble else 0.2, ready_p50_ms=412.0, ready_p99_ms=1_800.0, busy=6, threads=8,
        workers=4, stopped=False, visibility=30.0, max_receives=10, capacity=0, persistent=True, autoscale=False,
        nodes=tuple(nodes), depth_trend=rising[-MINUTE:], age_trend=tuple(float(s) for s in range(MINUTE)),
        in_trend=(90.0,) * MINUTE, out_trend=(15.0,) * MINUTE,
    )  # fmt: skip
