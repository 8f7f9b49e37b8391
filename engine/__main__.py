"""`python -m engine`: the engine's commands without the screen; `serve` first, for it is what a screen waits for."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        from engine.server.serve import main as serve

        sys.exit(serve(sys.argv[2:]))
    from engine.cli import main

    main(prog_name="python -m engine")
