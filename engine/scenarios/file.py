"""Reading a scenario: a shipped one by name, or a TOML file by path; what is wrong is said in one sentence with its line.

Size and line length are bounded before the file is parsed (a dotted key of 20 KiB costs a TOML parser seconds), numbers must
be finite, and every text must be plain and printable: names go to the screen.
"""

from __future__ import annotations

import difflib
import math
import os
import re
import stat
import tomllib
import unicodedata
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import msgspec

from ..config import Scenario
from ..ladder.stages import STAGES
from .beside import anchored
from .beside import problems as _files
from .growing import problems as growth
from .parties import problems as _parties
from .upon import BaseError, upon

MAX_BYTES = 64 * 1024
MAX_LINE = 1_000
LONGEST_NAME = 64  # characters, as engine.config has it
MOST_NODES = 20_000  # of the database; the other tiers have their ranges in engine.config
DEFAULT = "default"
UNPRINTABLE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")  # Unicode categories: control, format, separators, unassigned

Plain = dict[str, object]


class ScenarioError(Exception):
    """A scenario that cannot be used: one sentence, with file, line and remedy."""


def shipped() -> dict[str, str]:
    """Names of the scenarios that come with the program, and their TOML texts, sorted by name."""
    folder = resources.files("engine.scenarios")
    found = {f.name[:-5]: f.read_text("utf-8") for f in folder.iterdir() if f.name.endswith(".toml")}
    return dict(sorted(found.items()))


def load(name_or_path: str, *, whole: bool = True) -> Scenario:
    """A shipped scenario by name, or a file by path (anything with a "/" or ending in .toml). whole: as `parse` says."""
    if "/" in name_or_path or name_or_path.endswith(".toml"):
        path = Path(name_or_path)
        return parse(read(path), name_or_path, whole=whole, folder=path.parent, called=path.stem)
    known = shipped()
    if name_or_path not in known:
        close = difflib.get_close_matches(name_or_path, known, n=2)
        hint = f"did you mean {' or '.join(close)}?" if close else "`scaletop list` shows them."
        raise ScenarioError(f"there is no scenario {name_or_path!r}; {hint}")
    return parse(known[name_or_path], f"{name_or_path}.toml", whole=whole)


def place(name_or_path: str, path: str) -> str:
    """Where a key of a scenario stands, for messages that come later: "mine.toml, line 7"."""
    if "/" in name_or_path or name_or_path.endswith(".toml"):
        return f"{name_or_path}, line {line_of(path, read(Path(name_or_path)))}"
    return f"{name_or_path}.toml, line {line_of(path, shipped()[name_or_path])}"


def read(path: Path) -> str:
    """The text of a scenario file: a plain file of at most 64 KiB of UTF-8."""
    try:
        # not blocking: opening a pipe that nobody writes to would wait for ever
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ScenarioError(f"{path}: not a plain file; give a TOML file.")
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror or error}; check the path and its permissions.") from None
    if len(data) > MAX_BYTES:
        raise ScenarioError(f"{path}: more than {MAX_BYTES // 1024} KiB; a scenario is a short file.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ScenarioError(f"{path}, line {line}: not UTF-8; save the file as UTF-8.") from None


def parse(text: str, where: str, *, whole: bool = True, folder: Path | None = None, called: str = "") -> Scenario:
    """A scenario from TOML text; `where` names its origin in messages; files that it names are looked for in `folder`.

    called: its name, if it has none of its own. whole: also what only the rest of the engine knows (names of faults, options,
    parts), which takes it half a second to load.
    """
    for number, line in enumerate(text.split("\n"), 1):
        if len(line.encode()) > MAX_LINE:
            raise ScenarioError(f"{where}, line {number}: longer than {MAX_LINE} bytes; break it up.")
    try:
        plain: Plain = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+), column \d+\)", str(error))
        line = found.group(1) if found else str(text.count("\n") + 1)
        reason = re.sub(r"\s*\(at .*\)$", "", str(error))
        raise ScenarioError(f"{where}, line {line}: {reason}; mend the TOML.") from None
    except RecursionError:
        raise ScenarioError(f"{where}: nested too deeply; a scenario has tables in tables, no more.") from None
    _plain_values(plain, "$", text, where)
    try:
        plain = upon(plain, shipped())
    except BaseError as error:
        raise ScenarioError(f"{where}, line {line_of('$.base', text)}: {error}") from None
    if called.isprintable() and 0 < len(called) <= LONGEST_NAME:
        plain.setdefault("name", called)
    try:
        scenario = msgspec.convert(plain, Scenario)
    except msgspec.ValidationError as error:
        raise ScenarioError(_explain(error, text, where)) from None
    if folder is not None:
        scenario = anchored(scenario, folder)
    if whole:
        _sense(scenario, text, where)
    return scenario


def _plain_values(value: object, path: str, text: str, where: str) -> None:
    """Numbers finite, texts printable, no dates."""
    if isinstance(value, dict):
        for key, inner in value.items():
            _plain_values(key, path, text, where)
            _plain_values(inner, f"{path}.{key}", text, where)
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            _plain_values(inner, f"{path}[{i}]", text, where)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ScenarioError(f"{where}, line {line_of(path, text)}: `{_name(path)}` is {value}; give a finite number.")
    elif isinstance(value, str):
        bad = next((c for c in value if c not in "\n\t" and unicodedata.category(c) in UNPRINTABLE), "")
        if bad:
            what = f"`{_name(path)}` holds the character U+{ord(bad):04X}; use plain printable text."
            raise ScenarioError(f"{where}, line {line_of(path, text)}: {what}")
    elif not isinstance(value, bool | int | float):
        raise ScenarioError(f"{where}, line {line_of(path, text)}: `{_name(path)}` is a date; give a number of seconds.")


def _name(path: str) -> str:
    return path.removeprefix("$").removeprefix(".") or "the file"


def line_of(path: str, text: str) -> int:
    """Line (from 1) of the key that a path such as `$.web.nodes` or `$.script[2].at` names, or of its table, or 1."""
    parts = re.findall(r"\.([^.\[\]]+)|\[(\d+)\]", path)
    names = [(name, -1) if name else ("", int(index)) for name, index in parts]
    header: list[str] = []
    seen: dict[str, int] = {}
    best = 1
    wanted_tables = {".".join(n for n, i in names[:k] if i < 0) for k in range(1, len(names) + 1)}
    counts = {n: names[k + 1][1] for k, (n, i) in enumerate(names[:-1]) if i < 0 and names[k + 1][1] >= 0}
    full = [n for n, i in names if i < 0]
    inside = True
    for number, line in enumerate(text.split("\n"), 1):
        table = re.match(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?", line)
        if table:
            header = [p.strip().strip("\"'") for p in table.group(2).split(".")]
            dotted = ".".join(header)
            if table.group(1) == "[[":
                seen[dotted] = seen.get(dotted, -1) + 1
            inside = all(seen.get(n, 0) == i for n, i in counts.items() if header and header[0] == n)
            if dotted in wanted_tables and inside:
                best = number
            continue
        key = re.match(r"\s*([\w\"'.-]+)\s*=", line)
        if key and inside:
            here = header + [p.strip("\"'") for p in key.group(1).split(".")]
            if full[: len(here)] == here:
                best = number
                if here == full:
                    return number
    return best


def _explain(error: msgspec.ValidationError, text: str, where: str) -> str:
    message = str(error)
    found = re.search(r" - at `(.+)`$", message)
    path = found.group(1) if found else "$"
    reason = message[: found.start()] if found else message
    unknown = re.match(r"Object contains unknown field `(.+)`", reason)
    if unknown:
        key = unknown.group(1)
        known = _fields_at(path)
        close = difflib.get_close_matches(key, known, n=1)
        remedy = f"did you mean `{close[0]}`?" if close else f"known here: {', '.join(known)}."
        return f"{where}, line {line_of(f'{path}.{key}', text)}: unknown key `{_name(f'{path}.{key}')}`; {remedy}"
    return f"{where}, line {line_of(path, text)}: `{_name(path)}`: {reason[0].lower() + reason[1:]}; mend the value."


def _fields_at(path: str) -> list[str]:
    """Names of the fields of the table at a path."""
    kind: object = Scenario
    for name in re.findall(r"\.([^.\[\]]+)", path):
        fields = {f.encode_name: f.type for f in msgspec.structs.fields(kind)}  # type: ignore[arg-type]
        kind = fields[name]
        arguments = getattr(kind, "__args__", ())
        if arguments and isinstance(arguments[0], type) and issubclass(arguments[0], msgspec.Struct):
            kind = arguments[0]
    return [f.encode_name for f in msgspec.structs.fields(kind)]  # type: ignore[arg-type]


def _sense(scenario: Scenario, text: str, where: str) -> None:
    """What ranges cannot say: the first problem found is told."""
    for find in (_shape, _parties, _unknown_names, _script, _files):
        for path, sentence in find(scenario):
            raise ScenarioError(f"{where}, line {line_of(path, text)}: {sentence}{'' if sentence.endswith('?') else '.'}")


Problem = tuple[str, str]  # path of a key, sentence


def _shape(scenario: Scenario) -> Iterator[Problem]:
    """Parts that do not fit together."""
    if not scenario.route or sum(r.share for r in scenario.route) <= 0:
        yield "$.route", "no route has a share above 0; give at least one [[route]] a share"
    names = [z.name for z in scenario.network.zones]
    if len(set(names)) != len(names) or not names:
        yield "$.network.zones", "zones need different names, and at least one"
    yield from growth(scenario.users)
    if scenario.ladder.stage > len(STAGES):
        yield "$.ladder.stage", f"there are {len(STAGES)} stages; take one of 1 to {len(STAGES)}"
    if scenario.balancer.nodes == 0 and scenario.web.nodes > 1:
        yield "$.balancer.nodes", "several web servers need a balancer; set balancer.nodes to 1 or 2"
    alone = (scenario.web.nodes, scenario.database.shards, scenario.database.replicas, scenario.cache.nodes) == (1, 1, 0, 0)
    if scenario.machines.shared and not alone:
        yield "$.machines.shared", "one machine holds one web server and one database; no cache, shards or replicas beside"
    nodes = scenario.database.shards * (1 + scenario.database.replicas)
    if nodes > MOST_NODES:
        yield "$.database.shards", f"{nodes:,} database nodes are more than {MOST_NODES:,}; take fewer shards or replicas"
    for number, route in enumerate(scenario.route):
        if route.fan != 1 and (route.cached or route.kind == "write"):
            yield f"$.route[{number}].fan", 'a join is a read that no cache keeps; set kind = "read" and cached = false'
    given, servers = len(scenario.balancer.weights), scenario.web.nodes
    if given and given != servers:
        yield "$.balancer.weights", f"{given} weights for {servers} web servers; give one each"


def _script(scenario: Scenario) -> Iterator[Problem]:
    """Steps that do nothing or several things, name no fault or option, and goals without a bound."""
    from .script import problems  # which knows all faults and options, and so nearly everything

    for i, step in enumerate(scenario.script):
        built = (step.add, step.remove, step.resize, step.separate, step.climb, step.deploy, step.purge)
        deeds = sum(map(bool, (step.fault, step.heal, step.option, *built)))
        if deeds > 1 or not (deeds or step.say):
            what = "fault, heal, option, add, remove, resize, separate, climb, deploy, purge or say"
            yield f"$.script[{i}].at", f"a [[script]] step does one thing: {what}"
    for i, sentence in problems(scenario):
        yield f"$.script[{i}].at", sentence
    for i, goal in enumerate(scenario.goal):
        if goal.least is None and goal.most is None:
            yield f"$.goal[{i}].metric", "a [[goal]] needs `least` or `most`"


def _unknown_names(scenario: Scenario) -> Iterator[Problem]:
    """Cities, regions and policies that there are not."""
    from ..geo import city_table, region_indexes
    from ..machines import SIZES
    from ..policies.balancing import BALANCING
    from ..policies.eviction import EVICTION

    try:
        city_table(scenario.users.cities)
    except ValueError as error:
        yield "$.users.cities", str(error)
    try:
        region_indexes(tuple(z.region for z in scenario.network.zones))
    except ValueError as error:
        yield "$.network.zones", str(error)
    for path, table, name in (
        ("$.balancer.policy", BALANCING, scenario.balancer.policy),
        ("$.cache.eviction", EVICTION, scenario.cache.eviction),
    ):
        if name not in table:
            yield path, f"there is no policy {name!r}; there are {', '.join(table)}"
    for part in ("balancer", "web", "cache", "database", "sessions"):
        size = getattr(scenario, part).size
        if size and size not in SIZES:
            yield f"$.{part}.size", f"there is no machine {size!r}; there are {', '.join(SIZES)}"


def schema() -> bytes:
    """JSON schema of a scenario file (for editors), UTF-8."""
    return msgspec.json.format(msgspec.json.encode(msgspec.json.schema(Scenario)), indent=2)
