"""The tables of names that the screen needs: what can be broken, changed and scaled. Sent once, in the welcome."""

from __future__ import annotations

import msgspec

ALL_SETTINGS = "options"  # `Inspect` with this target answers with every live setting: its name, its value now, its source


class FaultInfo(msgspec.Struct, frozen=True):
    """A row of the fault table. `keys`: what is pressed after `f` (one or two keys); `targets`: kinds it acts on.

    Kinds: "web", "cache", "db", "balancer", "dns" (a level), "link", "zone", "city", "key", "shard", "traffic", "record",
    "tier", "resolvers". An `amount` of `unit` with `default`; one_shot faults act once and cannot be healed (a flush).
    """

    name: str
    title: str
    explain: str
    keys: str
    family: str
    targets: tuple[str, ...]
    default: float
    unit: str
    one_shot: bool


class OptionInfo(msgspec.Struct, frozen=True):
    """A row of the options table: a live setting. `choices` for words; `low`..`high` for numbers; `source` of the default."""

    name: str
    title: str
    keys: str
    kind: str
    choices: tuple[str, ...]
    low: float
    high: float
    unit: str
    source: str


class ScaleInfo(msgspec.Struct, frozen=True):
    """What `g` can add or remove: a tier by name."""

    tier: str
    title: str
    keys: str
    needs_parent: bool


class Catalogue(msgspec.Struct, frozen=True):
    """All tables of names of this engine."""

    version: str
    scenario: str
    seed: int
    faults: tuple[FaultInfo, ...]
    options: tuple[OptionInfo, ...]
    scales: tuple[ScaleInfo, ...]
