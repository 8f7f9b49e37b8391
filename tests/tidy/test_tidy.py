"""The project's house rules that a linter does not know: short files and functions, words for every row, honest README."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from engine.agents import AGENTS
from engine.apply.scale import SCALES
from engine.causes import WORDS, Cause
from engine.faults import FAULTS
from engine.options import OPTIONS
from engine.policies.balancing import BALANCING
from engine.policies.eviction import EVICTION
from engine.scenarios.file import parse, shipped

ROOT = Path(__file__).parents[2]
CODE = sorted(p for part in ("engine", "tui", "tests") for p in (ROOT / part).rglob("*.py") if "__pycache__" not in p.parts)
NAMES = [str(p.relative_to(ROOT)) for p in CODE]
SHORT = 0.05  # seconds that a test may give other tasks
LONGEST_FILE, LONGEST_FUNCTION = 300, 70
OUTSIDE = ("engine/selfcheck/", "engine/bench/", "engine/runtime/", "engine/server/")  # the rim: it looks at worlds from outside
GLOBAL_DICE = ("np.random.rand", "np.random.seed", "os.urandom")
HOSTS = re.compile(r"pythonhosted|pypi\.(org|python)|index-url[ =]http|trusted-host[ =]\w|files\.python", re.IGNORECASE)


TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in zip(NAMES, CODE, strict=True)}


def test_files_are_short() -> None:
    sizes = {name: len(path.read_text("utf-8").splitlines()) for name, path in zip(NAMES, CODE, strict=True)}
    assert {name: n for name, n in sizes.items() if n > LONGEST_FILE} == {}


def test_functions_are_short_and_modules_say_what_they_are_for() -> None:
    long: list[str] = []
    silent: list[str] = []
    for name, path in zip(NAMES, CODE, strict=True):
        tree = TREES[name]
        if tree.body and not ast.get_docstring(tree) and path.name != "conftest.py":
            silent.append(name)
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                long += [f"{name}:{node.name}: {lines}"] if lines >= LONGEST_FUNCTION else []
    assert long == []
    assert silent == []


def test_public_things_of_the_program_have_docstrings() -> None:
    """Methods are left to judgement, classes and functions of a module are not."""
    bare = []
    for name in NAMES:
        if name.startswith("tests/"):
            continue
        for node in TREES[name].body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
                bare += [] if ast.get_docstring(node) else [f"{name}: {node.name}"]
    assert bare == []


def test_no_test_of_the_engine_waits_by_sleeping() -> None:
    """A test that sleeps is slow where it passes and flaky where it does not; to look again and again in a loop is allowed."""
    waits = []
    for name in NAMES:
        if not name.startswith("tests/engine"):
            continue
        tree = TREES[name]
        looping = {id(inner) for loop in ast.walk(tree) if isinstance(loop, ast.While) for inner in ast.walk(loop)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "sleep":
                value = node.args[0] if node.args else None
                short = isinstance(value, ast.Constant) and isinstance(value.value, int | float) and value.value <= SHORT
                allowed = ast.unparse(node.func) == "trio.sleep" and (short or id(node) in looping)
                waits += [] if allowed else [f"{name}:{node.lineno}"]
    assert waits == []


def test_the_world_knows_no_wall_clock_and_no_global_dice() -> None:
    """Determinism: no time, random, uuid or os.urandom below the rim, and no numpy global generator."""
    rim = ("engine/cli.py", "engine/sockets.py", "engine/state/file.py", "engine/__main__.py")
    guilty = []
    for name in NAMES:
        if not name.startswith("engine/") or name.startswith((*OUTSIDE, *rim)):
            continue
        for node in ast.walk(TREES[name]):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            guilty += [f"{name}: {m}" for m in modules if m.split(".")[0] in ("time", "random", "uuid", "secrets", "datetime")]
            if isinstance(node, ast.Attribute) and ast.unparse(node).startswith(GLOBAL_DICE):
                guilty.append(f"{name}: {ast.unparse(node)}")
    assert guilty == []


@pytest.mark.parametrize("table", ["faults", "options", "scales", "policies", "causes", "agents"])
def test_every_row_of_a_table_has_words(table: str) -> None:
    rows: dict[str, tuple[str, ...]] = {
        "faults": tuple(t for row in FAULTS.values() for t in (row.info.title, row.info.explain, row.words, row.info.keys)),
        "options": tuple(t for row in OPTIONS.values() for t in (row.info.title, row.info.source, row.info.keys)),
        "scales": tuple(t for row in SCALES.values() for t in (row.title, row.keys)),
        "policies": tuple(p.title for p in BALANCING.values()) + tuple(p.name for p in EVICTION.values()),
        "causes": tuple(WORDS[cause] for cause in Cause),
        "agents": tuple(type(agent).__doc__ or "" for agent in AGENTS.values()),
    }
    assert rows[table]
    assert all(text.strip() for text in rows[table])


def test_keys_lead_to_one_row_each() -> None:
    for table in (FAULTS, OPTIONS):
        keys = [row.info.keys for row in table.values()]
        assert len(set(keys)) == len(keys)
        clashes = [(a, b) for a in keys for b in keys if a != b and b.startswith(a)]
        assert clashes == [], "a chord that another one begins with can never be finished"


def test_scenarios_are_named_in_the_readme_and_tell_their_story() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    for name, text in shipped().items():
        found = parse(text, name)
        assert found.name == name
        assert found.title
        assert name == "default" or found.goal, f"{name} has no goal"
        assert name in readme, f"README does not name {name}"


def test_nothing_names_a_registry_or_a_path_of_a_machine() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    assert not HOSTS.search(lock)
    assert "http" not in lock
    for name in (*NAMES, "pyproject.toml", "Makefile", "README.md"):
        text = (ROOT / name).read_text("utf-8")
        found = [path for path in ("/work" + "/", "/root" + "/", "/home" + "/") if path in text]
        assert not found, f"{name} names {found}"


def test_the_lock_holds_every_dependency_with_a_hash() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    locked = {line.split("==")[0].lower() for line in lock.splitlines() if re.match(r"[A-Za-z0-9._-]+==", line)}
    for wanted in [*project["dependencies"], *(d for group in project["optional-dependencies"].values() for d in group)]:
        name = re.split(r"[<>=!~ \[]", wanted)[0].lower()
        assert name in locked, f"{name} is not in the lock file"
    pinned = re.findall(r"^[A-Za-z0-9._-]+==\S+ \\\n(    --hash=sha256:[0-9a-f]{64})", lock, re.MULTILINE)
    assert len(pinned) == len(locked)


def test_every_test_that_is_called_evidence_exists() -> None:
    """docs/evidence.md names files and tests; each test stands in the file that is named before it."""
    lost = []
    for line in (ROOT / "docs" / "evidence.md").read_text("utf-8").splitlines():
        here: set[str] = set()
        for file, test in re.findall(r"([\w/]*\btest_\w+\.py)|(?<=::)(\w+)", line.partition("| clause")[0]):
            if file:
                trees = [TREES[name] for name in NAMES if name.endswith(f"/{file}")]
                here = {node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
                lost += [] if trees else [file]
            elif line.startswith("|") and f"test_{test}" not in here:
                lost.append(test)
    assert lost == []


def test_the_screen_starts_without_what_only_the_engine_needs() -> None:
    """numpy takes a tenth of a second to load, trio half of that: what the screen shares with the engine does without."""
    line = "import sys, tui.app, tui.client, tui.panes; print(*sorted({'numpy', 'trio', 'hypothesis'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", line], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert found.split() == []
