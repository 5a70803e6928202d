"""Rules of the structure that no linter knows; the reasons stand in ARCHITECTURE.md."""

import ast
import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_PACKAGE = Path(__file__).resolve().parents[2] / "stream"
_MODULES = sorted(_PACKAGE.rglob("*.py"))
_PURE = ("alerts", "intake", "scoring")
_KAFKA_AND_METRICS = {"faust", "mode", "prometheus_client", "aiokafka", "kafka", "aiohttp"}
_SIDE_EFFECTS = {"asyncio", "os", "random", "socket", "subprocess", "threading", "time", "uuid"}
_CLOCK_MODULES = {"time"}
_CLOCK_METHODS = {"now", "utcnow", "today"}
_ENVIRONMENT = {"environ", "getenv", "environb"}
# Entry points, which hand the environment to Settings.from_env or on to a child process.
_MAY_READ_ENVIRONMENT = {"app.py", "cli/demo.py", "cli/main.py", "cli/rebuild.py", "client.py"}


def _name(path: Path) -> str:
    return path.relative_to(_PACKAGE).as_posix()


def _imports(tree: ast.AST) -> Iterator[str]:
    """Full names of the modules that a file imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def forbidden_imports(source: str, forbidden: set[str]) -> list[str]:
    """Those imports of a source text whose first part is forbidden."""
    return [name for name in _imports(ast.parse(source)) if name.split(".")[0] in forbidden]


def clock_reads(source: str) -> list[str]:
    """Ways in which a source text gets at the clock: `time`, `datetime.now()` and its like, `loop.time()`."""
    tree = ast.parse(source)
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    methods = [func.attr for func in calls if isinstance(func, ast.Attribute)]
    return forbidden_imports(source, _CLOCK_MODULES) + [
        name for name in methods if name in _CLOCK_METHODS | _CLOCK_MODULES
    ]


def environment_reads(source: str) -> list[str]:
    """Ways in which a source text gets at the environment."""
    found = [node.attr for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)]
    found += [name.removeprefix("os.") for name in _imports(ast.parse(source)) if name.startswith("os.")]
    return [name for name in found if name in _ENVIRONMENT]


@pytest.mark.parametrize("path", [path for path in _MODULES if _name(path).startswith(_PURE)], ids=_name)
def test_pure_folders_know_neither_kafka_nor_metrics_nor_the_outside(path: Path) -> None:
    """alerts/, intake/ and scoring/ decide; what they decide on is passed in."""
    source = path.read_text(encoding="utf-8")

    assert [] == forbidden_imports(source, _KAFKA_AND_METRICS | _SIDE_EFFECTS)
    assert [] == [
        name
        for name in _imports(ast.parse(source))
        if name.startswith("stream.")
        and not name.startswith((*(f"stream.{part}" for part in _PURE), "stream.values"))
    ]


@pytest.mark.parametrize("path", [path for path in _MODULES if _name(path) != "clock.py"], ids=_name)
def test_only_clock_py_reads_the_clock(path: Path) -> None:
    """One Clock, one fake for tests."""
    assert [] == clock_reads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "path", [path for path in _MODULES if _name(path) not in _MAY_READ_ENVIRONMENT], ids=_name
)
def test_only_entry_points_read_the_environment(path: Path) -> None:
    """Settings are built once, from a mapping."""
    assert [] == environment_reads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "from time import monotonic",
        "datetime.now(UTC)",
        "date.today()",
        "asyncio.get_running_loop().time()",
    ],
)
def test_the_clock_rule_sees_every_way_to_the_clock(source: str) -> None:
    """A guard that never fails guards nothing."""
    assert clock_reads(source)


@pytest.mark.parametrize(
    "source", ["import faust", "from faust.types import TP", "def f():\n    import aiokafka.errors"]
)
def test_the_import_rule_sees_every_form_of_import(source: str) -> None:
    """Also an import inside a function."""
    assert forbidden_imports(source, {"faust", "aiokafka"})


@pytest.mark.parametrize("source", ["os.environ['A']", "os.getenv('A')", "from os import environ"])
def test_the_environment_rule_sees_every_form(source: str) -> None:
    """As above."""
    assert environment_reads(source)


def _project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((_PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))[
        "project"
    ]
    return found


def _name_of(requirement: str) -> str:
    """Normalised name of a requirement or distribution."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^A-Za-z0-9._-]", requirement)[0]).lower()


def test_every_package_that_is_imported_is_declared() -> None:
    """Not one that happens to come with another; Faust's `mode` comes with Faust, and is part of it."""
    imported = {
        name.split(".")[0]
        for path in _MODULES
        for name in _imports(ast.parse(path.read_text(encoding="utf-8")))
    }

    wanted = [*_project()["dependencies"], *_project()["optional-dependencies"]["demo"]]
    names = {_name_of(item) for item in wanted}
    modules = importlib.metadata.packages_distributions()
    declared = {module for module, owners in modules.items() if names & {_name_of(owner) for owner in owners}}

    assert set() == imported - set(sys.stdlib_module_names) - declared - {"stream", "mode"}


def test_the_lock_holds_every_dependency_with_hashes_and_names_no_index() -> None:
    """It must install from wherever the user's pip is told to look."""
    lock = (_PACKAGE.parent / "requirements.lock").read_text(encoding="utf-8")
    extras = _project()["optional-dependencies"]
    names = {_name_of(item) for item in [*_project()["dependencies"], *extras["demo"], *extras["dev"]]}
    locked = re.findall(r"^([a-z0-9._-]+)==\S+ .*\\$", lock, re.MULTILINE)

    assert set() == names - set(locked)
    assert len(locked) == len(re.findall(r"^\S+==", lock, re.MULTILINE))
    assert not re.search(r"https?://|--index|--find-links", lock)
