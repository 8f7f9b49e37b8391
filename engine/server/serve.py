"""Runs one engine for viewers: the process behind `python -m engine serve`.

It ends when its owner's socket ends (so a screen that dies, however it dies, leaves no engine behind), when the owner says
so, or on SIGTERM, SIGINT or SIGHUP. An engine without an owner runs until a signal. Exit status: 0 well, 1 the engine
failed, 2 the user's mistake (one sentence on stderr, and as a `Bye` to the owner).
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import trio

from ..agents.base import Agent
from ..catalogue import Catalogue
from ..protocol import Bye, frame
from ..runtime import Runtime
from ..runtime.pace import Pacer
from ..runtime.world import World
from ..sockets import SocketError, listening, socket_path
from .viewers import Server

V = TypeVar("V")

Served: TypeAlias = tuple[World[Any], Mapping[str, Agent[Any]], Catalogue]  # any kind of view, the same in both

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def serve(
    world: World[V],
    table: Mapping[str, Agent[V]],
    catalogue: Catalogue,
    *,
    owner: socket.socket | None = None,
    listener: socket.socket | None = None,
    speed: float = 1.0,
    paused: bool = False,
) -> str:
    """Run `world` for viewers until it ends; why it did. `owner` is a connected socket, `listener` a listening one.

    An exception in the world or an agent is told to the viewers and comes out of here.
    """

    async def main() -> str:
        runtime = Runtime(world, table, speed=speed, paused=paused)
        server = Server(runtime, catalogue)
        async with trio.open_nursery() as nursery:
            await nursery.start(_signals, runtime)
            if owner is not None:
                nursery.start_soon(server.own, owner)
            if listener is not None:
                nursery.start_soon(server.listen, listener)
            try:
                await runtime.run()
            except Exception as error:
                notes = "; ".join(getattr(error, "__notes__", ()))
                runtime.why_ended = f"the engine failed: {type(error).__name__}: {error} ({notes})"[:1000]
                failed.append(error)
            nursery.cancel_scope.cancel()
        return runtime.why_ended

    failed: list[Exception] = []
    gc.freeze()  # the world that is there stays: do not walk through it at every collection
    why = trio.run(main)
    if failed:
        raise failed[0]
    return why


async def _signals(runtime: Runtime[V], task_status: trio.TaskStatus[None]) -> None:
    with trio.open_signal_receiver(*SIGNALS) as received:
        task_status.started()
        async for number in received:
            runtime.stop(f"ended by {signal.Signals(number).name}")


class StartError(Exception):
    """There is nothing to serve; the message is one sentence."""


def _make(options: argparse.Namespace) -> Served:
    """The world that the options ask for."""
    import click

    from ..agents import AGENTS
    from ..cli import build, scenario
    from ..state import StateError, load
    from ..tables import catalogue
    from ..world import World as TheWorld

    try:
        world = load(options.load, TheWorld)[0] if options.load else build(scenario(options.scenario), options.seed)
    except click.ClickException as error:
        raise StartError(error.message) from error
    except StateError as error:
        raise StartError(str(error)) from error
    return world, AGENTS, catalogue(world)


def main(arguments: Sequence[str], make: Callable[[argparse.Namespace], Served] = _make) -> int:
    """The command `serve`; returns the exit status. `make` gives the world, the table of agents and the tables of names."""
    options = _parser().parse_args(arguments)
    owner = None
    if options.owner_fd is not None:
        owner = socket.socket(fileno=options.owner_fd)
        owner.set_inheritable(False)
        owner.setblocking(False)
    try:
        with contextlib.ExitStack() as stack:
            listener = None
            if options.listen is not None:
                path = Path(options.listen) if os.sep in options.listen else socket_path(options.listen)
                listener = stack.enter_context(listening(path))
            world, table, names = make(options)
            serve(world, table, names, owner=owner, listener=listener, speed=options.speed, paused=options.paused)
    except (SocketError, StartError) as error:
        return _mistake(str(error), owner)
    return 0


def _mistake(sentence: str, owner: socket.socket | None) -> int:
    print(f"scaletop: {sentence}", file=sys.stderr)  # noqa: T201  (a command's own words)
    if owner is not None:
        with owner, contextlib.suppress(OSError):
            owner.send(frame(Bye(sentence)))
    return 2


def speed(text: str) -> float:
    """A speed on the command line; ValueError if it is out of range."""
    asked = float(text)
    Pacer(1.0, 0.0, 0.0).set_speed(asked, 0.0)
    return asked


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("scaletop serve", description="Run an engine for viewers.")
    parser.add_argument("scenario", nargs="?", default="default", help="a name from `scaletop list`, or a TOML file")
    parser.add_argument("--seed", type=int, default=None, help="take this seed, not the scenario's")
    parser.add_argument("--load", metavar="FILE", default=None, help="go on from a saved state")
    parser.add_argument("--listen", metavar="NAME", default=None, help="let viewers attach by this name, or at this path")
    parser.add_argument("--owner-fd", type=int, default=None, help="the inherited socket of the screen that owns this engine")
    parser.add_argument("--speed", type=speed, default=1.0, help="virtual seconds per second, 0.25 to 100; 0: flat out")
    parser.add_argument("--paused", action="store_true", help="begin paused")
    return parser
