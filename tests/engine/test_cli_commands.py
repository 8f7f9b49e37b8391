"""What the commands say when all is well: the JSON record, list, schema, check, and a bar where a person waits."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli import main
from engine.scenarios.file import shipped

SMALL = """length = 2.0
[users]
count = 500
[traffic]
requests_per_second = 100.0
keys = 200
"""
GOAL = '[[goal]]\nmetric = "{}"\nmost = {}\nwhy = "test"\n'


def scaletop(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture(scope="module")
def record() -> dict[str, object]:
    done = scaletop("run", "default", "--headless", "--for", "2", "--seed", "11", "--json", "-")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def test_the_record_has_every_field_that_is_promised(record: dict[str, object]) -> None:
    assert (record["scenario"], record["seed"], record["virtual_seconds"]) == ("default", 11, 2.0)
    assert set(record) >= {"version", "wall_seconds", "digest", "requests", "latency_ms", "tiers", "tier_totals", "events"}
    assert set(record) >= {"dns", "balancer", "cache", "replication", "shards"}
    requests, latency = record["requests"], record["latency_ms"]
    assert isinstance(requests, dict)
    assert isinstance(latency, dict)
    assert set(requests) >= {"arrived", "ok", "failed", "shed", "in_flight", "by_route", "by_cause"}
    assert requests["arrived"] == sum(requests[name] for name in ("ok", "failed", "shed", "in_flight")) > 0
    assert requests["arrived"] == sum(route["arrived"] for route in requests["by_route"].values())
    assert list(latency) == ["mean", "p50", "p95", "p99", "max"]
    assert 0 < latency["p50"] <= latency["p95"] <= latency["p99"] <= latency["max"] * 1.04
    assert isinstance(record["events"], list)


def test_a_tier_is_the_sum_of_its_nodes(record: dict[str, object]) -> None:
    tiers, totals = record["tiers"], record["tier_totals"]
    assert isinstance(tiers, dict)
    assert isinstance(totals, dict)
    assert list(tiers) == list(totals) == ["balancer", "web", "cache", "db"]
    for tier, nodes in tiers.items():
        assert totals[tier]["nodes"] == len(nodes) > 1
        for figure in ("queue", "arrivals", "departures"):
            assert totals[tier][figure] == sum(node[figure] for node in nodes.values())
        mean = sum(node["utilisation"] for node in nodes.values()) / len(nodes)  # all nodes of a tier have as many workers
        assert totals[tier]["utilisation"] == pytest.approx(mean)


def test_a_record_goes_to_a_file_too(tmp_path: Path) -> None:
    scenario, out = tmp_path / "mine.toml", tmp_path / "out.json"
    scenario.write_text(SMALL)
    assert scaletop("run", str(scenario), "--headless", "--json", str(out)).exit_code == 0
    assert json.loads(out.read_text())["virtual_seconds"] == 2.0


def test_list_names_every_scenario_with_its_title() -> None:
    lines = scaletop("list").output.splitlines()
    assert [line.split()[0] for line in lines] == list(shipped())
    assert all(len(line.split()) > 3 for line in lines)


def test_the_schema_describes_every_table_and_refuses_what_the_parser_refuses() -> None:
    schema = json.loads(scaletop("schema").output)
    tables = schema["$defs"]
    top = tables["Scenario"]["properties"]
    assert set(top) >= {"users", "traffic", "route", "client", "network", "dns", "balancer", "web", "cache", "database"}
    assert set(top) >= {"slo", "script", "goal", "seed", "step_ms", "length"}
    assert all(table["additionalProperties"] is False for table in tables.values() if "properties" in table)
    assert set(tables["Step"]["properties"]) >= {"at", "fault", "target", "amount", "lasts", "option", "value", "add", "remove"}


@pytest.mark.parametrize(
    ("metric", "most", "status", "word"),
    [
        ("p99_ms", 5_000.0, 0, "kept"),
        ("p99_ms", 0.001, 1, "MISSED"),
        ("error_share", 0.0, 0, "kept"),
        ("replication.lost_writes", 0, 0, "kept"),
        ("tier_totals.web.arrivals", 1, 1, "MISSED"),
    ],
)
def test_check_judges_the_goals(tmp_path: Path, metric: str, most: float, status: int, word: str) -> None:
    scenario = tmp_path / "mine.toml"
    scenario.write_text(SMALL + GOAL.format(metric, most))
    done = scaletop("check", str(scenario))
    assert done.exit_code == status, done.output
    assert done.output.startswith(word)
    told = json.loads(scaletop("check", str(scenario), "--json").output)
    assert [v["kept"] for v in told] == [status == 0]


@pytest.mark.parametrize("command", [("run", "--headless"), ("check",), ("selfcheck", "H2", "L3")], ids=" ".join)
def test_a_bar_is_shown_on_a_terminal_and_nowhere_else(command: tuple[str, ...], tmp_path: Path) -> None:
    scenario = tmp_path / "mine.toml"
    scenario.write_text(SMALL)
    where = [] if command[0] == "selfcheck" else [str(scenario)]
    whole = [sys.executable, "-c", "from engine.cli import main; main()", command[0], *where, *command[1:]]
    plain = subprocess.run(whole, capture_output=True, check=True, timeout=120)
    assert b"100%" not in plain.stderr
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(whole, stdout=subprocess.DEVNULL, stderr=theirs, check=True, timeout=120)
        assert done.returncode == 0
        assert b"100%" in os.read(ours, 65_536)
    finally:
        os.close(ours)
        os.close(theirs)


def _written(terminal: int) -> str:
    """What has been written to a terminal and not been read; a read brings four kilobytes of it at most."""
    return os.read(terminal, 1 << 20).decode() if select.select([terminal], [], [], 0.0)[0] else ""


def test_making_saving_and_loading_a_big_world_show_bars(tmp_path: Path) -> None:
    scenario, state = tmp_path / "mine.toml", tmp_path / "state"
    scenario.write_text(SMALL)
    lower = "import engine.cli as c; c.BIG_WORLD = c.BIG_STATE = 0; c.main()"  # a small world for a big one
    ours, theirs = pty.openpty()
    try:
        for words, labels in ((["--save", str(state)], ("making", "saving")), (["--load", str(state)], ("loading",))):
            whole = [sys.executable, "-c", lower, "run", str(scenario), "--headless", *words]
            subprocess.run(whole, stdout=subprocess.DEVNULL, stderr=theirs, check=True, timeout=120)
            told = "".join(iter(lambda: _written(ours), ""))
            for label in labels:
                shares = [int(share) for share in re.findall(rf"{label}[^%\r]*?(\d+)%", told)]
                assert shares == sorted(shares)
                assert shares[-1] == 100
                assert len(set(shares)) > 2, "a bar that only ends tells nothing"
    finally:
        os.close(ours)
        os.close(theirs)
