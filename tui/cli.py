"""The program `scaletop`: the engine's commands, and those that open a screen: `open` (which is what is meant if no command
is named) and `attach`.

The engine child is started before Textual is imported, so that the two load side by side. Exit status: 0 the person quit,
1 the engine ended or failed, 2 the user's mistake (one sentence on stderr), 128 + n ended by signal n.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import click

from engine.cli import main as engine_commands
from engine.mistakes import Finite, Mistake, OneSentence

from . import terminal
from .guard import guarded

if TYPE_CHECKING:
    from .session import Link
    from .settings import Settings

__all__ = ["main"]

MISTAKE = Mistake.exit_code
NO_TERMINAL = "there is no terminal here to draw on; `scaletop run SCENARIO --headless` runs without one."


class _ScreenFirst(OneSentence):
    """A group in which what is no command's name is the scenario to open."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = {name for param in self.get_params(ctx) for name in param.opts}
        if not args or (args[0] not in self.commands and args[0] not in own):
            args = ["open", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_ScreenFirst, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="scaletop")
def main() -> None:
    """top for a web service that grows from one server to ten million users."""


for _name, _command in engine_commands.commands.items():
    main.add_command(_command, _name)

THEME = click.option("--theme", default=None, help="How it looks; without it the terminal's background decides.")
GLYPHS = click.option("--glyphs", type=click.Choice(["braille", "block", "ascii"]), default=None, help="What charts are made of.")
NO_MOUSE = click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal, for selecting text.")


@main.command("open")
@click.argument("scenario", default="default")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=None, help="Take this seed, not the scenario's.")
@click.option("--load", "begin", type=click.Path(dir_okay=False), default=None, help="Go on from a saved state.")
@click.option("--listen", metavar="NAME", default=None, help="Let other screens attach by this name.")
@click.option("--speed", type=Finite(0, 100), default=1.0, help="Virtual seconds per second; 0: flat out.")
@click.option("--paused", is_flag=True, help="Begin paused.")
@THEME
@GLYPHS
@NO_MOUSE
def open_(
    scenario: str,
    seed: int | None,
    begin: str | None,
    listen: str | None,
    speed: float,
    paused: bool,
    theme: str | None,
    glyphs: str | None,
    no_mouse: bool,
) -> None:
    """Start an engine with SCENARIO (a name from `scaletop list`, or a TOML file) and show it. This is the default."""
    _need_terminal()
    from .spawn import spawn

    arguments = [scenario, "--speed", f"{speed:g}"]
    for option, value in (("--seed", seed), ("--load", begin), ("--listen", listen)):
        if value is not None:
            arguments += [option, str(value)]
    with guarded(), spawn([*arguments, *(["--paused"] if paused else [])]) as engine:
        _glance(scenario, begin)
        settings = _settings(theme, glyphs, no_mouse)

        async def connect() -> Link:
            from .client import Client

            return await Client.of(engine)

        status = _show(connect, settings)
        if engine.end() == MISTAKE:
            status = MISTAKE
    raise SystemExit(status)


@main.command()
@click.argument("name", default="default")
@click.option("--view", is_flag=True, help="Only look: no commands.")
@THEME
@GLYPHS
@NO_MOUSE
def attach(name: str, view: bool, theme: str | None, glyphs: str | None, no_mouse: bool) -> None:
    """Show an engine that runs already, by the NAME (or path) that it listens under."""
    _need_terminal()
    from engine.protocol import Role
    from engine.sockets import SocketError, socket_path

    try:
        path = name if "/" in name else socket_path(name)
    except SocketError as error:
        raise Mistake(str(error)) from None

    async def connect() -> Link:
        from .client import Client

        return await Client.connect(path, Role.VIEWER if view else Role.PRESENTER)

    with guarded():
        status = _show(connect, _settings(theme, glyphs, no_mouse))
    raise SystemExit(status)


def _glance(scenario: str, begin: str | None) -> None:
    """A Mistake, with the terminal untouched, for what can be seen without the engine, which starts meanwhile."""
    from engine.scenarios.file import ScenarioError, load

    try:
        if begin is None:
            load(scenario, whole=False)
        elif not os.path.isfile(begin):
            raise Mistake(f"{begin}: no such file; give a state that was saved.")
    except ScenarioError as error:
        raise Mistake(str(error)) from None


def _need_terminal() -> None:
    if not terminal.have_terminal():
        raise Mistake(NO_TERMINAL)
    terminal.forget_size()


def _settings(theme: str | None, glyphs: str | None, no_mouse: bool) -> Settings:
    """The configuration with what the command line says over it, or a Mistake."""
    from dataclasses import replace

    from .charts import Glyphs
    from .settings import SettingsError, load
    from .theme import THEMES

    try:
        settings = load()
    except SettingsError as error:
        raise Mistake(str(error)) from None
    if theme is not None and theme not in THEMES:
        raise Mistake(f"no theme {theme!r}; there are {', '.join(THEMES)}")
    return replace(
        settings,
        theme=theme or settings.theme,
        glyphs=Glyphs(glyphs) if glyphs else settings.glyphs,
        mouse=settings.mouse and not no_mouse,
    )


def _show(connect: Callable[[], Awaitable[Link]], settings: Settings) -> int:
    """Run the screen until it ends; its exit status. The terminal is put back whatever happens."""
    from concurrent.futures import ThreadPoolExecutor

    from .theme import choose

    env = os.environ
    no_color = bool(env.get("NO_COLOR"))
    saved = terminal.save()
    try:
        with ThreadPoolExecutor(1) as asking:  # a silent terminal costs its time-out, in which Textual is loaded
            dark = None if no_color or settings.theme else asking.submit(terminal.background_is_dark, env)
            from .app import ScaletopApp
            from .panes import PANES

        look = choose(
            settings.theme, dark=dark is None or dark.result(), no_color=no_color, colors=terminal.color_count(env)
        )
        app = ScaletopApp(connect, PANES, look, settings)
        app.owns_process = True
        app.run(mouse=settings.mouse)
        return app.return_code or 0
    except BaseException:
        terminal.restore(saved)
        raise
    finally:
        terminal.settle(saved)
        sys.stdout.flush()
