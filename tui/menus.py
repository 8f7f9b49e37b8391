"""The menus themselves: faults, scale, change, traffic, made from the engine's tables and what exists now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from engine.catalogue import Catalogue, FaultInfo, OptionInfo, ScaleInfo
from engine.commands import (
    AddNode,
    Command,
    Deploy,
    Drain,
    FollowRequest,
    Inject,
    Purge,
    RemoveNode,
    Resize,
    Restart,
    Separate,
    SetOption,
    Undrain,
)
from engine.machines import next_size
from engine.snapshot import Node, NodeState, Snapshot

from .menu import Ask, Item, Menu, unique_keys
from .targets import candidates, default_target

__all__ = ["change_menu", "fault_menu", "follow_ask", "option_item", "scale_menu", "traffic_menu"]

TRAFFIC = ("traffic", "client")
CDN_DEEDS: tuple[tuple[str, str, str, Callable[[str], Command]], ...] = (
    ("ed", "deploy static objects", "They change at the origin: what PoPs keep is old.", lambda text: Deploy(_text(text))),
    ("ep", "purge static objects", "PoPs forget them, each when the purge has come to it.", lambda text: Purge(_text(text))),
)
UNKNOWN: Mapping[str, str] = {}


def fault_menu(catalogue: Catalogue, snapshot: Snapshot, selected: str) -> Menu:
    """Every fault that has something to act on, by family; what fits the selection is aimed at it."""
    items = [_fault(fault, snapshot, selected) for fault in catalogue.faults]
    return Menu("Fault: what shall break?", tuple(item for item in items if item.targets))


def _fault(fault: FaultInfo, snapshot: Snapshot, selected: str) -> Item:
    def make(target: str, amount: float | None) -> Command:
        return Inject(fault=fault.name, target=target, amount=amount)

    return Item(
        keys=fault.keys,
        title=fault.title,
        explain=fault.explain,
        family=fault.family,
        targets=default_target(fault.targets, selected, snapshot, fault.family),
        amount=fault.default if fault.unit else None,
        unit=fault.unit,
        make=make,
    )


def scale_menu(catalogue: Catalogue, snapshot: Snapshot, selected: str) -> Menu:
    """Add and remove machines; restart and drain the selected one. A capital letter takes away."""
    items: list[Item] = []
    for scale in catalogue.scales:
        items.append(
            Item(
                keys=scale.keys,
                title=f"add {scale.title}",
                explain=f"One more {scale.title}. It starts cold and costs at once.",
                family="add",
                targets=tuple(candidates("shard", snapshot)) if scale.needs_parent else (),
                make=_adder(scale.tier, parent=scale.needs_parent),
            )
        )
    for scale in catalogue.scales:
        gone = _removable(scale, snapshot)
        if gone:
            order = _selected_first(gone, selected)
            explain = "Taken out of the system for good. A shard first gives its keys away."
            take = Item(keys=scale.keys.upper(), title=f"remove {scale.title}", explain=explain, family="remove", targets=order)
            items.append(_with(take, lambda target, _: RemoveNode(node=target)))
    items += _sizes(snapshot, selected)
    items += _homes(snapshot)
    machines = [n.name for n in snapshot.map.nodes if n.tier not in ("city", "dns")]
    webs = [n for n in snapshot.map.nodes if n.tier == "web"]
    rows: tuple[tuple[str, str, str, list[str], Callable[[str, float | None], Command]], ...] = (
        ("xr", "restart", "What it held in memory is lost.", machines, lambda target, _: Restart(node=target)),
        ("xd", "drain", "No new requests; those it has finish.", _names(webs, False), lambda target, _: Drain(node=target)),
        ("xu", "undrain", "Let it back in.", _names(webs, True), lambda target, _: Undrain(node=target)),
    )
    for key, title, explain, names, make in rows:
        if names:
            row = Item(keys=key, title=title, explain=explain, family="machine", targets=_selected_first(names, selected))
            items.append(_with(row, make))
    return Menu("Scale: more machines, or fewer", unique_keys(items))


def _sizes(snapshot: Snapshot, selected: str) -> list[Item]:
    """Scale the selected machine up or down, or another one; those at the end of their ladder are left out."""
    items: list[Item] = []
    for key, word, step in (("u", "up", 1), ("d", "down", -1)):
        names = [n.name for n in snapshot.map.nodes if n.size and next_size(n.size, step)]
        if not names:
            continue
        order = _selected_first(names, selected)
        first = next(n for n in snapshot.map.nodes if n.name == order[0])
        larger = "larger" if step > 0 else "smaller"
        explain = f"A {larger} machine: it restarts, is away for the boot, and what it held in memory is lost."
        row = Item(keys=key, title=f"scale {word}", explain=explain, family="machine", targets=order,
                   note=f"{first.name}: {first.size} to {next_size(first.size, step)}")  # fmt: skip
        items.append(_with(row, _resizer(word)))
    return items


def _homes(snapshot: Snapshot) -> list[Item]:
    """The database on a machine of its own, or on the web server's: what is not so already, where there is only one of each."""
    webs, databases = ([n for n in snapshot.map.nodes if n.tier == tier] for tier in ("web", "db"))
    if len(webs) != 1 or len(databases) != 1 or not (databases[0].price or webs[0].price):
        return []
    apart = databases[0].price > 0.0
    key, title = ("M", "database onto the web server's machine") if apart else ("m", "own machine for the database")
    explain = "A copy is made there, then writes stop for a moment, then the copy takes over. Nothing acknowledged is lost."
    return [Item(keys=key, title=title, explain=explain, family="machine", make=lambda _target, _: Separate(back=apart))]


def _resizer(word: str) -> Callable[[str, float | None], Command]:
    return lambda target, _: Resize(node=target, size=word)


def _with(item: Item, make: Callable[[str, float | None], Command]) -> Item:
    return replace(item, make=make)


def _selected_first(names: Sequence[str], selected: str) -> tuple[str, ...]:
    return (selected, *(name for name in names if name != selected)) if selected in names else tuple(names)


def _names(nodes: Sequence[Node], draining: bool) -> list[str]:
    return [n.name for n in nodes if (n.state is NodeState.DRAINING) is draining]


def _adder(tier: str, *, parent: bool) -> Callable[[str, float | None], Command]:
    return lambda target, _: AddNode(tier=tier, parent=target if parent else "")


def _removable(scale: ScaleInfo, snapshot: Snapshot) -> tuple[str, ...]:
    """What may be taken away: the newest first."""
    if scale.tier == "shard":
        names = candidates("shard", snapshot)
    elif scale.tier == "region":
        rows = snapshot.regions.regions if snapshot.regions is not None else ()
        names = [f"region:{row.name}" for row in rows if row.state is not NodeState.STANDBY][1:]
    elif scale.tier == "replica":
        names = [n.name for n in snapshot.map.nodes if n.tier == "db" and n.role != "primary"]
    else:
        names = [n.name for n in snapshot.map.nodes if n.tier == scale.tier]
    return tuple(reversed(names))


def change_menu(catalogue: Catalogue, values: Mapping[str, str] = UNKNOWN) -> Menu:
    """Every live setting but those of traffic, by what it belongs to. values: what they are now, by name."""
    options = [o for o in catalogue.options if o.name.partition(".")[0] not in TRAFFIC]
    deeds = [Item(keys=keys, title=title, explain=explain, family="cdn", ask=Ask(f"{title}: all, tag:3, key:7", "all", make))
             for keys, title, explain, make in CDN_DEEDS] if any(o.name.startswith("cdn.") for o in options) else []  # fmt: skip
    return Menu("Change: live settings", unique_keys([*(option_item(o, values) for o in options), *deeds]))


def traffic_menu(catalogue: Catalogue, snapshot: Snapshot, selected: str, values: Mapping[str, str] = UNKNOWN) -> Menu:
    """How many users, how they behave, and the crowds that come by themselves."""
    options = [option_item(o, values) for o in catalogue.options if o.name.partition(".")[0] in TRAFFIC]
    crowds = [_fault(f, snapshot, selected) for f in catalogue.faults if f.family == "traffic"]
    growth = _growth(snapshot)
    return Menu("Traffic: who comes, and how", unique_keys([*growth, *options, *(item for item in crowds if item.targets)]))


def _growth(snapshot: Snapshot) -> list[Item]:
    """More users, or fewer, where the scenario has room for more than it begins with."""
    now, most = snapshot.headline.users, snapshot.headline.users_most
    rows = (("m", "twice the users", 2.0), ("M", "ten times the users", 10.0), ("n", "half the users", 0.5))
    items: list[Item] = []
    for key, title, factor in rows:
        wanted = max(1, min(most, int(now * factor)))
        if most and wanted != now:
            explain = f"{now:,} become {wanted:,}; each keeps his city, and they ask as the scenario's curve says."
            items.append(Item(keys=key, title=title, explain=explain, family="users", make=_setter("traffic.users", wanted)))
    return items


def _setter(option: str, value: int) -> Callable[[str, float | None], Command]:
    return lambda _target, _amount: SetOption(option=option, value=value)


def follow_ask(selected: str) -> Ask:
    """Whose next request shall keep its spans; the selected key is the likeliest."""
    key = selected.removeprefix("item:").removeprefix("key:")
    now = f"item:{key}" if key.isascii() and key.isdigit() else "item:0"
    return Ask("Keep every hop of the next request for (item:7) or of (user:42)", now, _followed)


def _followed(text: str) -> FollowRequest:
    """What was typed. Raises ValueError with a sentence."""
    kind, _, number = text.strip().lower().replace(",", "").rpartition(":")
    if kind not in ("", "item", "key", "user") or not (number.isascii() and number.isdigit() and len(number) < 10):
        raise ValueError("item:7 or user:42, please")
    return FollowRequest(user=int(number)) if kind == "user" else FollowRequest(key=int(number))


def option_item(option: OptionInfo, values: Mapping[str, str]) -> Item:
    """A row for a setting: words open a list, switches ask on or off, numbers and texts are asked for."""
    now = values.get(option.name, "").replace("_", " " if option.choices else "_")
    source = f"default from: {option.source}" if option.source else ""
    family = option.name.partition(".")[0]
    if option.choices:
        rows = [_choice(option, word, now) for word in option.choices]
        menu = Menu(option.title, unique_keys(rows))
        return Item(keys=option.keys, title=option.title, note=now, explain=source, family=family, menu=menu)
    if option.kind == "bool":
        rows = [_choice(option, word, now) for word in ("on", "off")]
        menu = Menu(option.title, unique_keys(rows))
        return Item(keys=option.keys, title=option.title, note=now, explain=source, family=family, menu=menu)
    if option.kind == "text":
        words = Ask(option.title, now, lambda text: SetOption(option=option.name, value=_text(text)))
        return Item(keys=option.keys, title=option.title, note=now, explain=source, family=family, ask=words)
    unit = f" {option.unit}" if option.unit else ""
    question = f"{option.title}: {_whole(option.low)} to {_whole(option.high)}{unit}"
    ask = Ask(question, now.split(" ", maxsplit=1)[0], lambda text: SetOption(option=option.name, value=_number(option, text)))
    return Item(keys=option.keys, title=option.title, note=now, explain=source, family=family, ask=ask)


def _choice(option: OptionInfo, word: str, now: str) -> Item:
    value: str | bool = word == "on" if option.kind == "bool" else word
    title = word.replace("_", " ")
    note = "now" if title == now else ""
    return Item(keys=word[:1], title=title, note=note, make=lambda _target, _amount: SetOption(option=option.name, value=value))


def _text(text: str) -> str:
    """The words typed. Raises ValueError if there are none; what they mean is the engine's to say."""
    if not text.strip():
        raise ValueError("a word, please")
    return text.strip()


def _whole(number: float) -> str:
    """A bound as people write it: 2,592,000 and 0.01."""
    return f"{number:,.10g}"


def _number(option: OptionInfo, text: str) -> float:
    """The number typed, if it is one in range. Raises ValueError with a sentence."""
    try:
        value = float(text.replace(",", "").strip())
    except ValueError:
        raise ValueError("a number, please") from None
    if not option.low <= value <= option.high:
        raise ValueError(f"from {_whole(option.low)} to {_whole(option.high)}, please")
    return value
