"""All tables of names of this engine in one value, for the screen's menus, help and completion."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from .apply.scale import SCALES
from .catalogue import Catalogue
from .faults import FAULTS
from .options import OPTIONS

if TYPE_CHECKING:
    from .world import World


def catalogue(world: World) -> Catalogue:
    """What can be broken, changed and scaled in this world."""
    return Catalogue(
        version=program_version(),
        scenario=world.core.config.name,
        seed=world.core.seed,
        faults=tuple(row.info for row in FAULTS.values()),
        options=tuple(row.info for row in OPTIONS.values()),
        scales=tuple(SCALES.values()),
    )


def program_version() -> str:
    """The installed version; "0" when run from a tree that was never installed."""
    try:
        return version("scaletop")
    except PackageNotFoundError:
        return "0"
