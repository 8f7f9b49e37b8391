"""The engine's commands: run, check, list, schema, bench, selfcheck. `tui.cli` adds the screen's to the same group.

Exit status: 0 well, 1 a goal or a check failed, 2 the user's mistake (one sentence on stderr).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .mistakes import Finite, Mistake, OneSentence, plain

if TYPE_CHECKING:
    from .config import Scenario
    from .world import World


def scenario(name: str) -> Scenario:
    """The scenario, or a Mistake."""
    from .scenarios.file import ScenarioError, load

    try:
        return load(name)
    except ScenarioError as error:
        raise Mistake(str(error)) from None


def build(config: Scenario, seed: int | None, name: str = "") -> World:
    """A world of it, or a Mistake (a city, fault or policy that does not exist)."""
    from .scenarios.file import ScenarioError
    from .world import World

    size = config.users.count + config.traffic.keys
    try:
        with bar(1.0, f"making {config.name}", size > BIG_WORLD) as move:
            return World(config, seed, move)
    except (ScenarioError, ValueError) as error:
        raise Mistake(f"{name or config.name}: {error}") from None


# From so many users and keys (a million takes .25 s), or bytes of a state (100 MB take .5 s), a bar is shown.
BIG_WORLD, BIG_STATE = 4_000_000, 200_000_000


@contextmanager
def bar(length: float, label: str, wanted: bool = True) -> Iterator[Callable[[float], None] | None]:
    """A progress bar on a terminal's stderr, if wanted; nothing elsewhere. Yields a function that takes the position."""
    if not wanted or not sys.stderr.isatty():
        yield None
        return
    ticks = max(100.0, length * 10.0) / length
    with click.progressbar(length=int(length * ticks), label=label, file=sys.stderr) as shown:
        done = 0

        def move(position: float) -> None:
            nonlocal done
            step = int(position * ticks) - done
            if step > 0:
                shown.update(step)
                done += step

        yield move
        move(length)


def headless(world: World, seconds: float, label: str, *, judged: bool = False) -> float:
    """Run as fast as the machine can, with agents; returns the wall seconds. judged: status 1 if an invariant is broken."""
    from .agents import AGENTS
    from .checks import Checked, InvariantError
    from .runtime import run_headless

    with bar(seconds, label) as move:
        try:
            return run_headless(Checked(world) if judged else world, AGENTS, seconds, progress=move)
        except InvariantError as broken:
            raise click.ClickException(str(broken)) from broken


@click.group(cls=OneSentence, context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True)
@click.version_option(package_name="scaletop")
def main() -> None:
    """top for a web service that grows from one server to ten million users."""


SEED = click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=None, help="Take this seed, not the scenario's.")
LENGTH = click.option("--for", "seconds", type=Finite(0.001, 1e6), default=None, help="Virtual seconds to run.")


@main.command("list")
def list_() -> None:
    """The scenarios that come with the program."""
    from .scenarios.file import parse, shipped

    for name, text in shipped().items():
        found = parse(text, name)
        click.echo(f"{name:<24} {found.title}")


@main.command("schema")
def schema_() -> None:
    """The JSON schema of a scenario file, for editors."""
    from .scenarios.file import schema

    click.echo(schema().decode())


@main.command()
@click.argument("name", metavar="SCENARIO", default="default")
@click.option("--headless", "is_headless", is_flag=True, help="No screen: run on virtual time as fast as possible.")
@LENGTH
@SEED
@click.option("--json", "out", default=None, metavar="FILE", help="Write the JSON record there; - is the standard output.")
@click.option("--save", "state", type=click.Path(dir_okay=False), default=None, help="Save the whole state there at the end.")
@click.option("--load", "begin", type=click.Path(dir_okay=False), default=None, help="Go on from a saved state.")
@click.option("--check", "judged", is_flag=True, help="Check the engine's invariants at every step; status 1 if one is broken.")
def run(
    name: str, is_headless: bool, seconds: float | None, seed: int | None, out: str | None, state: str | None, begin: str | None,
    judged: bool,
) -> None:  # fmt: skip
    """Run SCENARIO (a name from `scaletop list`, or a TOML file) without a screen and print what was counted."""
    if not is_headless:
        raise Mistake("`run` is for --headless; `scaletop SCENARIO` opens the screen.")
    world = _loaded(begin) if begin else build(scenario(name), seed, name)
    wall = headless(world, seconds or world.core.config.length, f"{world.core.config.name}", judged=judged)
    if state:
        _save(state, world)
    _undone(world)
    _tell(world, wall, out)


def _undone(world: World) -> None:
    """What the script asked for and the system refused is told on stderr: the run was not what its file says."""
    from .apply.dispatch import UNDONE

    for event in world.core.log.events:
        if event.by == "scenario" and event.text.startswith(UNDONE):
            click.echo(f"scaletop: script, at {event.at:g} s: {event.text}", err=True)


def _loaded(path: str) -> World:
    from .state import StateError, load
    from .world import World

    try:
        with bar(1.0, "loading", _bytes(path) > BIG_STATE) as move:
            world, _ = load(path, World, move)
    except (StateError, OSError) as error:
        words = str(error)
        raise Mistake(words if "cannot be opened" in words else f"{path}: {words}; give a file that --save wrote.") from None
    return world


def _bytes(path: str) -> int:
    """The size of a file; 0 if there is none, as whoever opens it will tell."""
    try:
        return os.stat(path).st_size
    except (OSError, ValueError):
        return 0


def _save(path: str, world: World) -> None:
    from .state import Meta, StateError, save

    config = world.core.config
    meta: dict[str, Meta] = {"scenario": config.name, "seed": world.core.seed, "step": world.step_no}
    try:
        with bar(1.0, "saving", config.users.count + config.traffic.keys > BIG_WORLD) as move:
            save(path, world, meta, move)
    except (StateError, OSError) as error:
        raise Mistake(str(error)) from None


def _tell(world: World, wall: float, out: str | None) -> None:
    import msgspec

    from .showing.record import record
    from .showing.summary import summary

    found = record(world, wall)
    if out is None:
        click.echo(summary(found))
        return
    text = msgspec.json.format(msgspec.json.encode(found), indent=2).decode()
    if out == "-":
        click.echo(text)
    else:
        try:
            Path(out).write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise Mistake(f"{out}: {error.strerror}; choose a place that can be written.") from None


@main.command()
@click.argument("name", metavar="SCENARIO")
@LENGTH
@SEED
@click.option("--json", "as_json", is_flag=True, help="Print the verdicts as JSON.")
def check(name: str, seconds: float | None, seed: int | None, as_json: bool) -> None:
    """Run SCENARIO and judge its goals: status 0 if all are kept, 1 if not."""
    import msgspec

    from .scenarios.file import place
    from .scenarios.goals import GoalError, judge

    world = build(scenario(name), seed, name)
    headless(world, seconds or world.core.config.length, name)
    try:
        verdicts = judge(world)
    except GoalError as error:
        raise Mistake(f"{place(name, f'$.goal[{error.index}].metric')}: {error}") from None
    _undone(world)
    if as_json:
        click.echo(json.dumps([msgspec.to_builtins(v) for v in verdicts], indent=2))
    else:
        for v in verdicts:
            bounds = (("at least", v.least), ("at most", v.most))
            band = " and ".join(f"{word} {bound:g}" for word, bound in bounds if bound is not None)
            click.echo(f"{'kept  ' if v.kept else 'MISSED'}  {v.metric} = {v.measured:.6g}, wanted {band}  {v.why}")
        if not verdicts:
            click.echo(plain(f"{name} has no goals; nothing to judge."))
    raise SystemExit(0 if all(v.kept for v in verdicts) else 1)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@click.option("--quick", is_flag=True, help="A quarter of the time, less exact.")
def bench(as_json: bool, quick: bool) -> None:
    """Measure the engine on this machine, by stage, beside SimPy and a plain heap loop; takes up to a minute."""
    import msgspec

    from .bench import bench as measure
    from .bench import lines

    with bar(1.0, "bench") as move:
        report = measure(quick, move)
    click.echo(msgspec.json.format(msgspec.json.encode(report)).decode() if as_json else "\n".join(lines(report)))


@main.command()
@click.argument("rows", metavar="[ID ...]", nargs=-1)
@click.option("--set", "pairs", metavar="NAME=VALUE", multiple=True, help="Another parameter for the one row that is named.")
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
def selfcheck(rows: tuple[str, ...], pairs: tuple[str, ...], as_json: bool) -> None:
    """Hold the engine against theory, row by row (docs/validation.md): status 0 if all is as it should be, 1 if not."""
    import msgspec

    from .selfcheck import report

    try:
        names = report.chosen(rows)
        values = report.settings(names, pairs)
    except ValueError as error:
        raise Mistake(str(error)) from None
    with bar(report.cost(names), "selfcheck") as move:
        checks = report.run(names, values, move)
    click.echo(json.dumps([msgspec.to_builtins(c) for c in checks], indent=2) if as_json else report.table(checks))
    raise SystemExit(0 if all(c.verdict == "ok" for c in checks) else 1)
