"""An engine process around the small world: what `python -m engine serve` is, with other arguments for `work` and failing.

    python small_engine.py [--owner-fd N] [--listen PATH] [SCENARIO]

SCENARIO "fails" has an agent that raises after a moment; "missing" cannot be started.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from small_world import CATALOGUE, TABLE, SmallWorld

from engine.agents.base import AgentState
from engine.server.serve import Served, StartError, main


def make(options: argparse.Namespace) -> Served:
    if options.scenario == "missing":
        raise StartError("there is no scenario 'missing'")
    world = SmallWorld(options.seed or 7)
    if options.scenario == "fails":
        world.agents["b"] = AgentState("b", "broken", None, 0)
    return world, TABLE, CATALOGUE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], make))
