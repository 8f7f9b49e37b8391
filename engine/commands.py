"""What may be asked of a running system: the only way in, for people, scripts and agents alike.

A command is a frozen value. `engine.apply` holds the one `match` that turns each into a change of the world and into the
command that undoes it. Control commands steer the runtime (pace) and never reach the world.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class _Command(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Base of all commands: immutable, tagged by class name on the wire, unknown fields refused."""


# ---- control: the runtime's pace; the world never sees these -------------------------------------------------------


class Pause(_Command, frozen=True):
    """Stop virtual time at the next step boundary."""


class Resume(_Command, frozen=True):
    """Let virtual time run again."""


class StepOnce(_Command, frozen=True):
    """While paused: run `steps` steps (1..10,000)."""

    steps: int = 1


class SetSpeed(_Command, frozen=True):
    """Virtual seconds per wall second asked for, 0.25..100; 0 means as fast as the machine can."""

    speed: float


class Inspect(_Command, frozen=True):
    """Ask for the inspection of a node, link or tier by name; the answer comes as an `Inspection`."""

    target: str


class FollowRequest(_Command, frozen=True):
    """Ask that the next request for `key` (or of `user`) keeps its full spans."""

    key: int | None = None
    user: int | None = None


class Shutdown(_Command, frozen=True):
    """End the engine (the owner only)."""


# ---- people and scripts --------------------------------------------------------------------------------------------


class Inject(_Command, frozen=True):
    """Put the fault `fault` (a row of `engine.faults.FAULTS`) on `target` (node, link, tier, zone, key name)."""

    fault: str
    target: str
    amount: float | None = None


class Heal(_Command, frozen=True):
    """Remove every fault whose target is `target`, or the one whose id is `fault_id`."""

    target: str = ""
    fault_id: int = 0


class HealAll(_Command, frozen=True):
    """Remove every active fault; what they had changed is derived anew from the configuration."""


class Undo(_Command, frozen=True):
    """Take back the last command a person gave that can be taken back."""


class SetOption(_Command, frozen=True):
    """Change a live setting (a row of `engine.options.OPTIONS`), such as `balancer.policy` or `cache.ttl`."""

    option: str
    value: str | float | bool


class AddNode(_Command, frozen=True):
    """Add one node to a tier (`web`, `cache`, `replica`, `shard`, `balancer`); `parent` names the shard of a replica.

    boot: seconds until a web server is up; it is drained until then, and let in by whoever ordered it.
    """

    tier: str
    parent: str = ""
    boot: float = 0.0


class RemoveNode(_Command, frozen=True):
    """Take a node (or a whole shard) out of the system; a shard first gives its keys away."""

    node: str


class Resize(_Command, frozen=True):
    """Put a node (or every node of a tier) on a machine of another size: a name, "up" or "down". It restarts for that."""

    node: str
    size: str = "up"


class Separate(_Command, frozen=True):
    """Move the database from the web server's machine to one of its own, or `back` to it; under traffic, by a copy."""

    back: bool = False


class Restart(_Command, frozen=True):
    """Restart a node: what it held in memory is gone, crash and freeze faults on it end."""

    node: str


class Drain(_Command, frozen=True):
    """Send a web server no new requests; those it has finish."""

    node: str


class Undrain(_Command, frozen=True):
    """Let a drained web server back in (with slow start if the scenario has it)."""

    node: str


class Climb(_Command, frozen=True):
    """Take the system one stage up the ladder (`up`), or one back; only where the scenario has one.

    on: go on with the step under way (for the agent that watches it).
    """

    up: bool = True
    on: bool = False


class Deploy(_Command, frozen=True):
    """New versions of static objects at the origin: "all", "tag:3" or "key:7"."""

    scope: str


class Purge(_Command, frozen=True):
    """Every PoP of the CDN is told to forget static objects: "all", "tag:3" or "key:7"."""

    scope: str


# ---- agents --------------------------------------------------------------------------------------------------------


class SetHealth(_Command, frozen=True):
    """A health checker's verdict on a web server, as seen by one balancer."""

    balancer: str
    node: str
    up: bool
    reason: str = ""


class MoveAddress(_Command, frozen=True):
    """The balancer pair moves its public address to `to`."""

    address: str
    to: str
    reason: str = ""


class SetAddress(_Command, frozen=True):
    """DNS leaves a public address out of its answers because it fails its health checks, or names it again."""

    address: str
    healthy: bool
    reason: str = ""


class SetAnnounced(_Command, frozen=True):
    """A name server leaves the net (its route is withdrawn), or is back."""

    node: str
    announced: bool
    reason: str = ""


class SetMember(_Command, frozen=True):
    """Clients eject a cache node from the ring, or take it back."""

    node: str
    member: bool
    reason: str = ""


class Promote(_Command, frozen=True):
    """Make `node` the primary of `shard`; `fence` says whether the old one is shut out first.

    detected: when the failure was certain, seconds; inf = nobody detected one.
    """

    shard: str
    node: str
    fence: bool
    reason: str = ""
    detected: float = float("inf")


class Demote(_Command, frozen=True):
    """A former primary that came back joins as a replica of the present epoch."""

    shard: str
    node: str


class CopyChunk(_Command, frozen=True):
    """The rebalancer starts copying up to `keys` more keys of the running plan."""

    keys: int


class Steer(_Command, frozen=True):
    """The zone's weights of the CDN's providers, in the order of the scenario."""

    weights: tuple[float, ...]
    reason: str = ""


class Announce(_Command, frozen=True):
    """A point of presence is announced to the users' networks again, or withdrawn."""

    pop: str
    there: bool
    reason: str = ""


class Note(_Command, frozen=True):
    """Only tell: a line for the event log, with the event that caused it."""

    text: str
    cause: int = 0


Control: TypeAlias = Pause | Resume | StepOnce | SetSpeed | Inspect | FollowRequest | Shutdown
Deed: TypeAlias = (
    Inject | Heal | HealAll | Undo | SetOption | AddNode | RemoveNode | Resize | Separate | Restart | Drain | Undrain | Climb
    | Deploy | Purge
)
AgentDeed: TypeAlias = (
    SetHealth | MoveAddress | SetAddress | SetAnnounced | SetMember | Promote | Demote | CopyChunk | Steer | Announce | Note
)
WorldCommand: TypeAlias = Deed | AgentDeed
Command: TypeAlias = Control | WorldCommand

CONTROL: tuple[type[_Command], ...] = (Pause, Resume, StepOnce, SetSpeed, Inspect, FollowRequest, Shutdown)


class Order(msgspec.Struct, frozen=True):
    """A world command with who gave it. Orders of one step are applied sorted by (`by`, `number`).

    by: "you", "you:<viewer>", "scenario" or "agent:<name>"; number: counts up per giver; cause: id of the event that led
    to it (0 = a person's own will).
    """

    by: str
    number: int
    command: WorldCommand
    cause: int = 0
