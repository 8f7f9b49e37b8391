"""The scenario's table `ladder`: at which stage of the chapter's story the system begins."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from .config_base import Table


class LadderPart(Table, frozen=True):
    """stage: the one that the file's topology is at, 1 = the lowest; 0 = the system is on no ladder."""

    stage: Annotated[int, Meta(ge=0, le=20)] = 0
