"""What the commands say to bad input: one sentence with file, line and remedy, status 2, never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli import main
from engine.faults import FAULTS

ZONE = """$ORIGIN example.com.
$TTL 300
@ IN SOA ns1 admin 1 7200 3600 1209600 900
@ IN NS ns1
ns1 IN A 198.51.100.1
"""
SMALL = "length = 1.0\n[traffic]\nrequests_per_second = 20.0\nkeys = 100\n[users]\ncount = 100\n"


def scaletop(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def sentence(result: Result) -> str:
    """The one line that is told. An exception that is no SystemExit would be a traceback."""
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 2, result.output
    lines = result.output.strip().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


ZONES = [
    ("", "the zone file holds no record"),
    ("; only words\n", "the zone file holds no record"),
    (ZONE + "www IN CNAME web\nweb IN CNAME www\n", "circle: www.example.com -> web.example.com -> www.example.com"),
    (ZONE + "www IN CNAME www\n", "circle: www.example.com -> www.example.com"),
    (ZONE + "www IN CNAME else.example.org.\n", "end at else.example.org"),
    (ZONE + "ftp IN A 203.0.113.10\n", "no A or CNAME record of www.example.com"),
    (ZONE + "www IN A 203.0.113.999\n", "line 6: "),
    (ZONE + "$INCLUDE z.zone\n", "line 6: "),
    (ZONE + "www IN A ( 203.0.113.10\n", "unbalanced parentheses"),
    ("$ORIGIN example.com.\nwww 300 IN A 203.0.113.10\n", "SOA"),
]


@pytest.mark.parametrize(("text", "words"), ZONES)
def test_a_bad_zone_file_is_told_with_both_files_and_lines(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "z.zone").write_text(text)
    mine = tmp_path / "mine.toml"
    mine.write_text(f'{SMALL}[dns]\nzone_file = "z.zone"\n')
    told = sentence(scaletop("check", str(mine)))
    assert told.startswith(f"scaletop: {mine}, line 8: {tmp_path / 'z.zone'}: ")
    assert words in told
    assert "mend that file" in told


@pytest.mark.parametrize(
    ("text", "words"), [("203.0.113.10 www\n1.2.3 www.example.com\n", "line 2"), ("203.0.113.10\n", "names nobody")]
)
def test_a_bad_hosts_file_is_told_with_both_files_and_lines(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text(text)
    mine = tmp_path / "mine.toml"
    mine.write_text(f'{SMALL}[dns]\nhosts_file = "hosts"\n')
    told = sentence(scaletop("check", str(mine)))
    assert told.startswith(f"scaletop: {mine}, line 8: {tmp_path / 'hosts'}: ")
    assert words in told


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('[dns]\nzone_file = "none.zone"\n')
    assert str(tmp_path / "none.zone") in sentence(scaletop("run", str(mine), "--headless"))


def test_the_files_of_a_scenario_are_looked_for_beside_it(tmp_path: Path) -> None:
    (tmp_path / "z.zone").write_text(ZONE + "www 120 IN A 203.0.113.10\n")
    (tmp_path / "hosts").write_text("127.0.0.1 localhost\n203.0.113.10 www.example.com\n")
    mine = tmp_path / "mine.toml"
    mine.write_text(f'{SMALL}[dns]\nzone_file = "z.zone"\nhosts_file = "hosts"\n')
    ran = scaletop("run", str(mine), "--headless", "--json", "-")
    assert ran.exit_code == 0, ran.output
    assert "hosts files point to 203.0.113.10" in ran.output


def test_a_goal_without_a_figure_is_told_with_its_line(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(f"{SMALL}[[goal]]\nmetric = 'p99_ms'\nmost = 900\n[[goal]]\nmetric = 'happiness'\nleast = 1\n")
    told = sentence(scaletop("check", str(mine)))
    assert told.startswith(f"scaletop: {mine}, line 11: goal `happiness`")


def test_a_step_that_could_not_be_done_is_told(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(f'{SMALL}[[script]]\nat = 0.5\nfault = "crash"\ntarget = "web-99"\n')
    for command in (["run", str(mine), "--headless"], ["check", str(mine)]):
        ran = scaletop(*command)
        assert ran.exit_code == 0
        assert "script, at 0.5 s: not done: crash: there is no 'web-99' here; did you mean web-6" in ran.output


@pytest.mark.parametrize("number", ["nan", "-3", "1e308", "inf"])
def test_a_length_that_is_none_is_refused(number: str) -> None:
    ran = scaletop("run", "default", "--headless", "--for", number)
    assert isinstance(ran.exception, SystemExit)
    assert ran.exit_code == 2
    assert "--for" in ran.output


def test_a_state_that_is_none_is_named(tmp_path: Path) -> None:
    none = tmp_path / "none.state"
    none.write_text("no state")
    told = sentence(scaletop("run", "default", "--headless", "--load", str(none)))
    assert told.startswith(f"scaletop: {none}: this is not a saved state; give")


def test_the_scenario_of_the_readme_is_right(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    mine = tmp_path / "mine.toml"
    mine.write_text(readme.partition("```toml\n")[2].partition("```")[0])
    ran = scaletop("check", str(mine))
    assert ran.exit_code == 0, ran.output
    assert ran.output.startswith("kept    p99_ms")
    assert [name for name in FAULTS if f"`{name}`" not in readme] == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("run", "default", "--nope"), "no such option '--nope'; `main run --help` lists what it takes."),
        (("run", "default", "--for", "abc"), "invalid value for '--for': 'abc' is not a valid number; `main run --help` "),
        (("run", "default", "--for"), "option '--for' requires an argument; `main run --help` lists"),
        (("run", "default", "--seed", "x"), "invalid value for '--seed': 'x' is not a valid integer; "),
        (("check",), "missing argument 'SCENARIO"),
        (("--nope",), "no such option '--nope'; `main --help` lists what it takes."),
        (("fly",), "no such command 'fly'; `main --help` lists what it takes."),
    ],
)
def test_wrong_arguments_are_told_in_one_sentence_with_the_remedy(arguments: tuple[str, ...], told: str) -> None:
    assert sentence(scaletop(*arguments)).startswith(f"scaletop: {told}")


@pytest.mark.parametrize("arguments", [("check", "x\x1b[31m.toml"), ("run", "default", "--headless", "--load", "x\x1b[31m\n")])
def test_a_terminal_is_told_nothing_to_obey(arguments: tuple[str, ...]) -> None:
    ran = CliRunner().invoke(main, list(arguments), color=True)  # with a terminal click leaves sequences in
    told = sentence(ran)
    assert "\x1b" not in told
    assert "x\\x1b[31m" in told


def test_the_name_of_a_file_does_nothing_to_the_terminal(tmp_path: Path) -> None:
    told = sentence(scaletop("check", str(tmp_path / "a\x1b[31m\nb.toml")))
    assert "a\\x1b[31m\\nb.toml: No such file" in told


def test_a_file_is_called_as_it_says_or_else_by_its_own_name(tmp_path: Path) -> None:
    for text, name in ((SMALL, "mine"), (f'name = "other"\n{SMALL}', "other")):
        (tmp_path / "mine.toml").write_text(text)
        done = scaletop("run", str(tmp_path / "mine.toml"), "--headless")
        assert done.output.startswith(f"{name}, seed 7: ")
    (tmp_path / "a\x1bb.toml").write_text(SMALL)
    assert scaletop("run", str(tmp_path / "a\x1bb.toml"), "--headless").output.startswith("default, seed 7: ")
