"""All rows of the self-check, and how one is run with parameters of one's own."""

from __future__ import annotations

import inspect
import time
from collections.abc import Mapping

from . import balancing, caches, hashing, queues
from .base import Check, Row

Value = int | float | str | tuple[float, ...]

ALL: tuple[Row, ...] = (
    Row("Q1", "FIFO sample path", queues.q1, "Lindley 1952; Kiefer-Wolfowitz 1955",
        "round-robin lanes per worker: mean wait x3.5 at k = 4", 1.0),
    Row("Q3", "M/M/1", queues.q3, "closed form", "a latency drawn around 10 ms: no knee, p99 23 ms", 8.0),
    Row("Q4", "M/M/k", queues.q4, "Erlang 1917", "one k-fold faster server: P(wait) .8", 12.0),
    Row("Q5", "M/G/1", queues.q5, "Pollaczek 1930; Khinchine 1932", "waits that know only the mean: 40 ms for all three", 25.0),
    Row("Q7", "M/M/1/K", queues.q7, "closed form", "drops 1 - mu/lambda = .167, at full queue only", 4.0),
    Row("L1", "policies, E[T]/S", balancing.l1, "E_n/M/1; Mitzenmacher 2001; Monte Carlo",
        "servers of equal shares: all policies alike", 25.0),
    Row("L3", "smooth weighted round robin", balancing.l3, "nginx", "bursts: aaaaabc", 0.1),
    Row("L5", "health checks", balancing.l5, "HAProxy 2.6 run", "detection after exactly 6 s, or at once", 8.0),
    Row("H1", "ring balance", hashing.h1, "sqrt((N-1)/(NV+1))", "equal shares, or the textbook's 5 % at V 200", 2.0),
    Row("H2", "add a node", hashing.h2, "Karger 1997; nginx run", "1/n of the keys, from anywhere to anywhere", 0.3),
    Row("H3", "golden vectors", hashing.h3, "libketama; Redis Cluster; Lamping and Veach 2014", "a hash of its own", 0.1),
    Row("H4", "bounded loads", hashing.h4, "arXiv 1608.01350", "the hot key's node at many times the mean", 0.5),
    Row("C1", "eviction, hit for hit", caches.c1, "libcachesim 0.3.5", "a hit ratio that is configured", 3.0),
    Row("C2", "Che and Gelenbe", caches.c2, "arXiv 1202.3974", "LRU = FIFO", 2.0),
    Row("C3", "time to live", caches.c3, "Jung et al. 2003", "hits until the TTL ends, whatever is asked", 6.0),
    Row("C4", "stampede", caches.c4, "Vattani et al. 2015; nginx and Varnish runs", "one read an expiry", 20.0),
    Row("C5", "lose a cache node", caches.c5, "derived", "1/n more load on the database", 15.0),
)  # fmt: skip
ROWS: dict[str, Row] = {row.id: row for row in ALL}


def parameters_of(row: Row) -> dict[str, Value]:
    """Names and defaults of the parameters of a row."""
    return {name: p.default for name, p in inspect.signature(row.run).parameters.items()}


def changed(row: Row, asked: Mapping[str, str]) -> dict[str, Value]:
    """Parameters from words, in the types of their defaults; ValueError in one sentence for what does not fit."""
    known = parameters_of(row)
    found: dict[str, Value] = {}
    for name, word in asked.items():
        if name not in known:
            raise ValueError(f"row {row.id} has no parameter {name!r}; it has {', '.join(known)}")
        try:
            found[name] = _like(known[name], word)
        except ValueError:
            raise ValueError(f"row {row.id}: {name} = {word!r} is no {type(known[name]).__name__}") from None
    return found


def _like(default: Value, word: str) -> Value:
    """A word as a value of the default's type."""
    if isinstance(default, tuple):
        return tuple(float(w) for w in word.split(","))
    if isinstance(default, str):
        return word
    return int(word) if isinstance(default, int) else float(word)


def run_row(name: str, values: Mapping[str, Value] | None = None) -> tuple[Check, ...]:
    """Run a row of ROWS, with other parameters than its own if given; one check a figure. KeyError for an unknown row."""
    row = ROWS[name]
    used = parameters_of(row) | dict(values or {})
    began = time.perf_counter()
    findings = row.run(**used)
    seconds = round(time.perf_counter() - began, 2)
    told = ", ".join(f"{key} {_text(value)}" for key, value in used.items())
    return tuple(
        Check(
            id=row.id, what=f"{row.title}: {f.what}", parameters=told, expected=f.expected, measured=f.measured,
            tolerance=f.tolerance, verdict="ok" if f.good else "FAILED", source=row.source, naive=row.naive, seconds=seconds,
        )
        for f in findings
    )  # fmt: skip


def _text(value: Value) -> str:
    return "/".join(f"{v:g}" for v in value) if isinstance(value, tuple) else str(value)
