"""The panes: one file each, one row each in `PANES`. A new row appears by itself in keys, pages, help and the palette."""

from __future__ import annotations

from ..pane import PaneSpec

__all__ = ["PANES"]

PANES: tuple[PaneSpec, ...] = ()
