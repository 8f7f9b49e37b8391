"""Exact FIFO queues over one batch: pure functions that plan a whole batch of arrivals at many nodes.

All take arrivals in order of (time, id), `node` (int, shape (m,)), `service` (float64 s, shape (m,)) and the times at
which the workers become free, which they update in place; all return (start, finish), float64 s, shape (m,).
Sources: Lindley 1952 (one worker), Kiefer and Wolfowitz 1955 (k workers).
"""

from __future__ import annotations

from heapq import heapreplace

import numpy as np

from engine.queueing.jobs import FloatArray, IntArray

# Longest stretch whose services are added up in one running sum: keeps its rounding error below 1e-11 s.
CHUNK = 1 << 16


def by_node(node: IntArray, nodes: int) -> IntArray:
    """Stable order by node; 16-bit keys are radix-sorted, several times faster than any other sort."""
    keys = node.astype(np.uint16) if nodes <= 1 << 16 else node
    return np.argsort(keys, kind="stable")


def lindley(t: FloatArray, node: IntArray, service: FloatArray, free: FloatArray) -> tuple[FloatArray, FloatArray]:
    """One worker per node, 20-60 ns a request: busy periods found by a segmented running maximum.

    free: float64 s, shape (nodes,). Error against the scalar recursion: rounding of one sum per batch, below 1e-11 s.
    """
    size = len(t)
    if size <= CHUNK:
        return _lindley_chunk(t, node, service, free) if size else (np.empty(0), np.empty(0))
    start, finish = np.empty(size), np.empty(size)
    for low in range(0, size, CHUNK):
        part = slice(low, min(low + CHUNK, size))
        start[part], finish[part] = _lindley_chunk(t[part], node[part], service[part], free)
    return start, finish


def _lindley_chunk(t: FloatArray, node: IntArray, service: FloatArray, free: FloatArray) -> tuple[FloatArray, FloatArray]:
    size = len(t)
    order = by_node(node, len(free))
    at, group = t[order], node[order]
    bounds = np.empty(size + 1, dtype=np.bool_)  # where a node's arrivals begin, and where the last ones end
    bounds[0] = bounds[size] = True
    np.not_equal(group[1:], group[:-1], out=bounds[1:size])
    edges = bounds.nonzero()[0]
    heads, present = edges[:-1], group[edges[:-1]]
    # The first arrival of a node cannot start before its worker is free; then nothing else need be known of the past.
    at[heads] = np.maximum(at[heads], free[present])
    sums = np.empty(size + 1)
    sums[0] = 0.0
    before, done = sums[:-1], service[order].cumsum(out=sums[1:])
    # slack_j = a_j - (work of the chunk before j). Job i's busy period began at the last record of the slack within its
    # node. Lifting each node's segment above the one before makes one running maximum do for all; only the *place* of the
    # record is taken from it, so the lift costs no precision.
    since = t[0]
    lifted = at - since
    lifted -= before
    spread = max(t[-1], float(at[heads].max())) - since + sums[size]  # all of the slack lies within so much
    lifted += group * (2.0 * spread + 1.0)
    opens = np.empty(size, dtype=np.bool_)
    opens[0] = True
    np.greater(lifted[1:], np.maximum.accumulate(lifted[:-1]), out=opens[1:])
    openers = opens.nonzero()[0]
    jobs = np.empty_like(openers)  # of each busy period
    np.subtract(openers[1:], openers[:-1], out=jobs[:-1])
    jobs[-1] = size - openers[-1]
    begun = np.empty((2, openers.size))
    begun[0], begun[1] = before[openers], at[openers]
    work_before, base = begun.repeat(jobs, axis=1)
    finish_sorted = done - work_before
    finish_sorted += base
    # A job starts when the one before it ends, unless it opened a busy period: equal to the bit, so no gap appears.
    start_sorted = np.empty(size)
    start_sorted[0] = at[0]
    start_sorted[1:] = np.where(opens[1:], at[1:], finish_sorted[:-1])
    np.maximum(finish_sorted, start_sorted, out=finish_sorted)
    free[present] = finish_sorted[edges[1:] - 1]
    start, finish = np.empty(size), np.empty(size)
    start[order], finish[order] = start_sorted, finish_sorted
    return start, finish


def kiefer_wolfowitz(t: FloatArray, node: IntArray, service: FloatArray, free: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Any number of workers per node, looped over the i-th arrival of all nodes: for 48 nodes and more.

    free: float64 s, shape (nodes, workers); a column a node does not have holds inf. Bit for bit the scalar recursion.
    """
    size, nodes = len(t), len(free)
    order = by_node(node, nodes)
    count = np.bincount(node, minlength=nodes)
    first = np.cumsum(count) - count
    # NodeTable with most arrivals first: those that have an i-th arrival are then always a prefix.
    ranked = np.argsort(-count, kind="stable")
    active = np.cumsum(np.bincount(count, minlength=int(count.max(initial=0)) + 1)[::-1])[::-1]
    table = free[ranked]
    lane = np.arange(nodes)
    start, finish = np.empty(size), np.empty(size)
    for i in range(len(active) - 1):
        rows = lane[: active[i + 1]]
        pick = order[first[ranked[: len(rows)]] + i]
        block = table[: len(rows)]
        worker = block.argmin(axis=1)
        begins = np.maximum(t[pick], block[rows, worker])
        ends = begins + service[pick]
        block[rows, worker] = ends
        start[pick], finish[pick] = begins, ends
    free[ranked] = table
    return start, finish


def heap_fifo(t: FloatArray, node: IntArray, service: FloatArray, free: list[list[float]]) -> tuple[FloatArray, FloatArray]:
    """Any nodes and workers, a plain loop of 200-300 ns a request: best for small batches and few nodes.

    free: one heap of times (s) per node. Bit for bit the scalar recursion.
    """
    start: list[float] = []
    begin, replace = start.append, heapreplace
    for at, where, demand in zip(t.tolist(), node.tolist(), service.tolist(), strict=True):
        heap = free[where]
        ready = heap[0]
        begins = at if at > ready else ready
        replace(heap, begins + demand)
        begin(begins)
    begun = np.array(start, dtype=np.float64)
    return begun, begun + service
