"""What a command says to a user's mistake: one sentence with the remedy on stderr, status 2, whoever finds the mistake."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import click

__all__ = ["Finite", "Mistake", "OneSentence", "plain"]


class Mistake(click.ClickException):
    """The user's mistake: one sentence, status 2."""

    exit_code = 2

    def show(self, file: Any = None) -> None:  # noqa: ARG002  (click's signature)
        """One line on stderr."""
        click.echo(f"scaletop: {plain(self.message)}", err=True)


def plain(text: str) -> str:
    """What a terminal would obey (the names of files may hold anything) is written out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


class Finite(click.FloatRange):
    """A range that nan is not in, which compares with nothing."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, if it is one."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value} is no number.", param, ctx)
        return float(number)


class OneSentence(click.Group):
    """A group that tells a wrong option or argument, its own or a command's, in one sentence, not below lines of usage."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Parse the group's own arguments."""
        with _told(lambda: self.name or "scaletop"):
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Parse the command's, and run it."""
        with _told(lambda: " ".join(filter(None, (ctx.command_path, ctx.invoked_subcommand)))):
            return super().invoke(ctx)


@contextmanager
def _told(path: Callable[[], str]) -> Generator[None]:
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        found = " ".join(error.format_message().split()).rstrip(".").replace("integer range", "integer")
        command = error.ctx.command_path if error.ctx is not None else path()
        raise Mistake(f"{found[:1].lower()}{found[1:]}; `{command} --help` lists what it takes.") from None
