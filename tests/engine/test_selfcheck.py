"""The self-check: its table, its judgements, its command; rows at other parameters than their own; that rows can fail.

All rows at their own parameters are `scaletop selfcheck`; here the quick ones run, and short forms of the long ones.
"""

from __future__ import annotations

import json
import math

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner

from engine.cli import main
from engine.queueing.totals import Books
from engine.selfcheck import ROWS, base, queues, report, run_row
from engine.selfcheck.balancing import erlang_m_1, kolmogorov
from engine.selfcheck.identities import Noted
from engine.selfcheck.table import attempt, changed, parameters_of

PROMISED = [
    "Q1", "Q2", "Q3", "Q4", "Q5", "Q6", "Q7", "L1", "L2", "L3", "L4", "L5", "H1", "H2", "H3", "H4",
    "C1", "C2", "C3", "C4", "C5", "C6", "D1", "D2", "R1", "R2", "R3", "R4", "R7", "S1", "S2", "S3", "G1", "K1", "M1", "M2",
]  # fmt: skip
SHORT: list[tuple[str, dict[str, object]]] = [
    ("Q1", {"jobs": 3_000, "workers": 3, "rate": 250.0}),
    ("Q2", {"seconds": 34.0, "scenarios": "failover_async"}),
    ("Q3", {"rate": 50.0}),
    ("Q4", {"rate": 90.0, "workers": 2, "mu": 80.0, "servers": 60}),
    ("R7", {"rate": 400.0, "keys": 400, "seconds": 15.0, "tolerance": 0.15}),
    ("Q6", {"users": (8.0, 30.0), "think": 0.4, "web": 0.02, "database": 0.03, "seconds": 300.0, "tolerance": 0.08}),
    ("Q7", {"rate": 90.0, "room": 3, "n": 120_000}),
    ("L2", {"n": 80, "rho": 0.7, "deepest": 3, "requests": 100_000}),
    ("L3", {"weights": (3.0, 2.0, 1.0, 1.0)}),
    ("L4", {"servers": 5, "clients": 40, "fast": 0.05, "seconds": 20.0}),
    ("L5", {"interval": 1.0, "fall": 2, "rise": 3, "servers": 40, "step_ms": 20.0}),
    ("H1", {"nodes": 5, "virtual_nodes": (20.0,), "rings": 40, "keys": 100_000}),
    ("H2", {"nodes": 9, "virtual_nodes": 50, "keys": 20_000}),
    ("H3", {}),
    ("H4", {"nodes": 6, "c": 1.5, "items": 2_000}),
    ("C2", {"keys": 2_000, "skew": 1.0, "capacity": 300, "look_ups": 60_000, "tolerance": 0.01}),
    ("C3", {"products": (3.0,), "look_ups": 30_000, "tolerance": 0.012}),
    ("C5", {"nodes": 4, "keys": 2_000, "hit_ratio": 0.9}),
    ("C6", {"rate": 250.0, "mu": 50.0, "keys": 2_000, "capacity": 800, "queue": 30, "seed": 2}),
    ("D1", {"ttl": 20.0, "rate": 0.1, "at": (0.0, 10.0, 20.0)}),
    ("D2", {"ttl": 40.0, "ages": (1.0, 39.0)}),
    ("R1", {"written": 240.0, "applied": 160.0, "seconds": 60.0, "after": 40.0, "tolerance": 0.1}),
    ("R3", {"timeout": 3.0, "one_way": 0.02}),
    ("R4", {"rate": 5.0, "shards": 40, "seconds": 30.0, "tolerance": 0.03}),
    ("S1", {"n": 2, "session_s": 60.0, "users": 6_000, "gap_s": 6.0, "tolerance": 0.015}),
    ("S2", {"n": (3.0,), "share": 0.8, "users": 150, "seconds": 100.0}),
    ("S3", {"keys": 20_000, "zipf": 0.9, "shards": 8, "requests": 60_000, "rings": 300}),
    ("G1", {}),
    ("M2", {"share": 0.8, "retries": 2, "seconds": 20.0}),
]


def test_all_promised_rows_are_there_with_sources_and_what_a_naive_simulator_shows() -> None:
    assert list(ROWS) == PROMISED
    for name, row in ROWS.items():
        assert row.id == name
        assert row.source
        assert row.naive
        assert row.run.__doc__
        assert all(default is not None for default in parameters_of(row).values())


@pytest.mark.parametrize(("name", "values"), SHORT, ids=[name for name, _ in SHORT])
def test_rows_hold_at_other_parameters(name: str, values: dict[str, object]) -> None:
    """Mechanisms, not figures: theory follows when the parameters change."""
    for check in run_row(name, values):  # type: ignore[arg-type]
        assert check.verdict == "ok", check


@pytest.mark.parametrize("name", ["L3", "H2", "H3", "H4", "C1", "D2"])
def test_quick_rows_hold_as_they_are(name: str) -> None:
    assert {check.verdict for check in run_row(name)} == {"ok"}


def test_a_wrong_engine_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers that are 10 % too slow, against the theory of the right ones: the row fails and says what would be naive."""
    right = queues.farm

    def slow(rate: float, mu: float, *rest: object, **more: object) -> object:
        return right(rate, mu / 1.1, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(queues, "farm", slow)
    checks = run_row("Q3", {"rate": 50.0})
    assert {check.verdict for check in checks} == {"FAILED"}
    shown = report.table(checks)
    assert "FAILED" in shown
    assert "a simulator without the mechanism would show" in shown
    assert shown.endswith("s of work")


def test_sums_that_do_not_fit_the_path_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """One second in a million too many inside, and one arrival in a step not counted: Little and conservation tell."""
    move, arrive = Books.move, Noted.arrive

    def longer(self: Books, now: float) -> None:
        self.presence += self.present * (now - self.since) * 1e-6
        move(self, now)

    def fewer(self: Noted, t: np.ndarray, node: np.ndarray, accepted: np.ndarray) -> None:
        arrive(self, t, node, accepted)
        self.came -= bool(t.size)

    monkeypatch.setattr(Books, "move", longer)
    monkeypatch.setattr(Noted, "arrive", fewer)
    little, busy, kept = run_row("Q2", {"seconds": 1.0, "scenarios": "default"})
    assert (little.verdict, busy.verdict, kept.verdict) == ("FAILED", "ok", "FAILED")


def test_a_row_that_breaks_is_a_failed_check() -> None:
    (check,) = attempt("Q3", {"rate": 100.0})
    assert check.verdict == "FAILED"
    assert "without an end" in str(check.measured)


def test_judgements() -> None:
    assert base.within("x", 10.0, 10.5, 0.05).good
    assert not base.within("x", 10.0, 10.51, 0.05).good
    assert base.within("x", -1.0, -1.01, 0.02).good
    assert not base.within("x", 1.0, math.nan, 0.05).good
    assert base.around("x", 0.0, 0.01, 0.01).good
    assert not base.around("x", 0.0, math.nan, 1.0).good
    assert not base.band("x", "", 2.1, 1.0, 2.0).good
    assert not base.exact("x", 1, 2).good


def test_theory_itself() -> None:
    """Figures of the table of record, from the formulas that rows use at any parameters."""
    assert queues.erlang_c(3.2, 4) == pytest.approx(0.5964, abs=5e-5)
    assert queues.requests(0.5, 0.05) == pytest.approx(104_000, rel=0.01)
    assert queues.requests(0.7, 0.05) == pytest.approx(222_000, rel=0.01)
    assert queues.requests(0.8, 0.05) == pytest.approx(445_000, rel=0.01)
    assert erlang_m_1(1, 0.9) == pytest.approx(10.0)
    assert erlang_m_1(10, 0.9) == pytest.approx(5.660, abs=1e-3)


def test_kolmogorov_tells_uniform_from_not() -> None:
    """Against a published point (n 10, D .409 is the 5 % level), and a sample that is squeezed."""
    worst = np.array([0.0] * 5 + [0.591] * 5)  # D = .5
    assert kolmogorov(worst, 0.0, 1.0) < 0.05
    even = (np.arange(200) + 0.5) / 200
    assert kolmogorov(even, 0.0, 1.0) > 0.99
    assert kolmogorov(even * 0.7, 0.0, 1.0) < 0.001
    critical = (np.arange(10) + 1.0) / 10 * (1 - 0.409)  # largest gap .409, at the end
    assert kolmogorov(critical, 0.0, 1.0) == pytest.approx(0.05, abs=0.01)


def test_parameters_from_words() -> None:
    assert changed(ROWS["Q7"], {"room": "3", "rate": "90"}) == {"room": 3, "rate": 90.0}
    assert changed(ROWS["L3"], {"weights": "4,1"}) == {"weights": (4.0, 1.0)}
    for asked in ({"rooms": "3"}, {"room": "3.5"}):
        with pytest.raises(ValueError, match="row Q7"):
            changed(ROWS["Q7"], asked)


def test_the_command() -> None:
    """0 when all is well, 1 when a check failed, 2 for a mistake; ids in any case, the table's order, JSON with every field."""
    said = CliRunner().invoke(main, ["selfcheck", "l3", "--json"])
    assert said.exit_code == 0
    checks = msgspec.convert(json.loads(said.stdout), list[base.Check])
    assert [check.id for check in checks] == ["L3", "L3"]
    assert CliRunner().invoke(main, ["selfcheck", "H2", "H4"]).stdout.count(" ok ") == 4  # two processes
    assert CliRunner().invoke(main, ["selfcheck", "D2", "--set", "precision=0"]).exit_code == 1
    for words in (["X1"], ["L3", "--set", "a=1"], ["L3", "H2", "--set", "seed=1"], ["L3", "--set", "weights"]):
        mistake = CliRunner().invoke(main, ["selfcheck", *words])
        assert mistake.exit_code == 2
        assert mistake.stderr.startswith("scaletop: ")
        assert mistake.stderr.count("\n") == 1
