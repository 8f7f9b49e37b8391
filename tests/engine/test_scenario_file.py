"""Every mistake in a scenario file gets one sentence with file, line and remedy; every shipped scenario is right."""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec
import pytest

from engine.scenarios.file import ScenarioError, line_of, load, parse, read, shipped
from engine.scenarios.upon import BaseError, upon

MISTAKES = [
    ("[web]\nnodes = 3\nnodez = 4", 3, "did you mean `nodes`?"),
    ("[web]\nnodes = -1", 2, ">= 1"),
    ("[web]\nnodes = 10_000_000_000", 2, "<= 20000"),
    ("[dns]\n\nttl = nan", 3, "finite"),
    ("[dns]\nttl = inf", 2, "finite"),
    ("[[script]]\nat = 1\nfault = 'crash'\n[[script]]\nat = -3", 5, ">= 0"),
    ("a = [", 1, "mend the TOML"),
    ("seed = 1\nseed = 2", 2, "mend the TOML"),
    ('title = "x\\u001b[31m"', 1, "U+001B"),
    ('title = "a\\u202eb"', 1, "U+202E"),
    ('[[route]]\nname = "z\\u200b"', 2, "U+200B"),
    ("[users]\ncities = ['Seoul', 3]", 2, "expected `str`"),
    ("[[route]]\nshare = 0", 1, "share above 0"),
    ("[balancer]\nnodes = 0", 2, "need a balancer"),
    ("[[goal]]\nmetric = 'p99_ms'", 2, "`least` or `most`"),
    ("[[script]]\nat = 1", 2, "one thing"),
    ("length = 2026-01-01", 1, "date"),
    ("x = '" + "y" * 2000 + "'", 1, "longer than 1000 bytes"),
    ('[users]\ncities = ["Sol"]', 2, "did you mean Seoul?"),
    ('[[network.zones]]\nname = "a"\nregion = "eastuss"', 1, "did you mean eastus"),
    ('[balancer]\npolicy = "rr"', 2, "there are round_robin"),
    ('[cache]\n\neviction = "mru"', 3, "there are lru"),
    ('[[script]]\nat = 1\nfault = "crsh"\ntarget = "web-1"', 2, "did you mean crash"),
    ('[[script]]\nat = 1\nfault = "zzyzx"', 2, "there are crash, slow"),
    ("[web]\nservice = { mean_ms = 3, cv = 2 }", 2, "unknown key"),
]


@pytest.mark.parametrize(("text", "line", "word"), MISTAKES)
def test_a_mistake_is_told_with_file_line_and_remedy(text: str, line: int, word: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse(text, "mine.toml")
    message = str(caught.value)
    assert message.startswith(f"mine.toml, line {line}:")
    assert word in message
    assert "\n" not in message
    assert "\x1b" not in message


def test_a_bomb_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    big = tmp_path / "big.toml"
    big.write_bytes(b"a=1\n" * 20_000)
    with pytest.raises(ScenarioError, match="64 KiB"):
        read(big)
    with pytest.raises(ScenarioError, match="longer than"):
        parse("a." * 10_000 + "b = 1", "x.toml")


def test_what_is_no_plain_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="No such file"):
        read(tmp_path / "none.toml")
    with pytest.raises(ScenarioError, match=r"directory|plain"):
        read(tmp_path)
    with pytest.raises(ScenarioError, match="plain file"):
        read(Path("/dev/zero"))
    fifo = tmp_path / "pipe.toml"
    os.mkfifo(fifo)
    with pytest.raises(ScenarioError, match="plain file"):
        read(fifo)
    (tmp_path / "latin.toml").write_bytes(b"name = 'a'\ntitle = '\xe9'")
    with pytest.raises(ScenarioError, match="line 2: not UTF-8"):
        read(tmp_path / "latin.toml")


def test_an_unknown_name_gets_the_nearest_one() -> None:
    with pytest.raises(ScenarioError, match="did you mean default"):
        load("defualt")


@pytest.mark.parametrize("name", shipped())
def test_shipped_scenarios_load(name: str) -> None:
    assert load(name).title


def test_lines_are_found_in_nested_tables() -> None:
    text = "[database]\nshards = 2\n[database.replication]\nmode = 'async'\n[[script]]\nat = 1\n[[script]]\nat = 2\n"
    assert line_of("$.database.replication.mode", text) == 4
    assert line_of("$.script[1].at", text) == 8
    assert line_of("$.database.shards", text) == 2


def test_a_scenario_builds_on_a_shipped_one_table_by_table() -> None:
    mine = parse('base = "hot_shard"\n[web]\nnodes = 9\n', "mine.toml", called="mine")
    base = load("hot_shard")
    assert mine.name == "mine"
    assert mine.web.nodes == 9
    assert msgspec.structs.replace(mine.web, nodes=base.web.nodes) == base.web
    assert mine.database == base.database
    assert (mine.script, mine.goal, mine.story) == ((), (), "")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('base = "hot_shrad"\n', "line 1: there is no shipped scenario 'hot_shrad' to build on; did you mean hot_shard"),
        ('base = "ladder"\n[web]\nnods = 3\n', "line 3: unknown key `web.nods`"),
    ],
)
def test_a_base_that_does_not_fit_is_told_with_its_line(text: str, why: str) -> None:
    with pytest.raises(ScenarioError, match=re.escape(why)):
        parse(text, "mine.toml")


def test_bases_that_go_in_a_circle_are_refused() -> None:
    with pytest.raises(BaseError, match="circle: a -> b -> a"):
        upon({"base": "a"}, {"a": 'base = "b"', "b": 'base = "a"'})
