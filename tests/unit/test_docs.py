"""The documents against the code: settings, commands, targets, links, modules, figures."""

import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Self

import pytest

from stream import client
from stream.cli.main import COMMANDS
from stream.routing import Routed, Router
from stream.scoring import intervals, kpis
from stream.scoring.panes import ladders
from stream.settings import Settings

_ROOT = Path(__file__).resolve().parents[2]
_OURS = ("README.md", "ARCHITECTURE.md", "GLOSSARY.md", "CHANGELOG.md")
_FOLDERS = ("docs", "grafana", "schemas")
_DOCUMENTS = [_ROOT / name for name in _OURS] + [
    path for folder in _FOLDERS for path in sorted((_ROOT / folder).rglob("*.md"))
]
_LONGEST_PICTURE = 300_000
_LONGEST_EXAMPLE = 10


def _name(path: Path) -> str:
    return path.relative_to(_ROOT).as_posix()


def _text(name: str) -> str:
    return (_ROOT / name).read_text(encoding="utf-8")


def _rows(text: str, first: str) -> list[list[str]]:
    """The rows of the tables whose first heading is `first`, as lists of cells."""
    found: list[list[str]] = []
    inside = False
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        if not cells or cells[0] == first:
            inside = bool(cells)
        elif inside and set(cells[0]) != {"-"}:
            found.append(cells)
    return found


def _declared() -> dict[str, str]:
    """Every setting with its default, as the table spells it."""
    found = {}
    for item in fields(Settings):
        if item.metadata:
            default = item.metadata["default"]
            name = "CX_" + re.sub(r"_(?:ms|s)$", "", item.name).upper()
            found[name] = "unset" if default is None else f"`{default}`" if default else "empty"
    return found


def unknown_settings(text: str) -> set[str]:
    """Names in a text that look like settings and are none."""
    return {
        name
        for name in re.findall(r"\bCX_[A-Z]+(?:_[A-Z]+)*\b(?!_)", text)
        if not name.startswith("CX_TEST_") and name not in _declared()
    }


def broken_links(path: Path, text: str) -> list[str]:
    """Relative links of a document whose file or heading is not there."""
    found = []
    for target in re.findall(r"\]\(([^()\s]+)\)", text):
        if re.match(r"https?://", target):
            continue
        name, _, anchor = target.partition("#")
        file = path if not name else path.parent / name
        if not file.exists() or (anchor and anchor not in _anchors(file)):
            found.append(target)
    return found


def _anchors(file: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_table_of_settings_has_every_setting_with_its_default() -> None:
    """An operator believes the table."""
    table = {cells[0].strip("`"): cells[1] for cells in _rows(_text("docs/configuration.md"), "setting")}

    assert _declared() == table


def test_the_short_table_agrees_with_the_long_one() -> None:
    """The README repeats some settings."""
    for names, default, _ in _rows(_text("README.md"), "setting"):
        for name, each in zip(names.split(", "), default.split(", "), strict=True):
            assert _declared()[name.strip("`")] == each


@pytest.mark.parametrize("path", _DOCUMENTS, ids=_name)
def test_no_document_names_a_setting_that_is_none(path: Path) -> None:
    """A worker would refuse to start with it."""
    assert set() == unknown_settings(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", _DOCUMENTS, ids=_name)
def test_links_lead_somewhere(path: Path) -> None:
    """Files and headings within the repository; other hosts are not asked."""
    assert [] == broken_links(path, path.read_text(encoding="utf-8"))


def test_the_guards_of_links_and_settings_see_faults() -> None:
    """A guard that never fails guards nothing."""
    readme = _ROOT / "README.md"

    assert ["docs/none.md"] == broken_links(readme, "[a](docs/none.md) [b](docs/kpis.md)")
    assert ["#none"] == broken_links(readme, "[a](#none) [b](#see-it) [c](https://example.org/none)")
    assert {"CX_WINDOW"} == unknown_settings("`CX_WINDOW`, `CX_WINDOWS`, `CX_TEST_BROKER`, `CX_*`")


def test_every_command_is_in_the_table_of_commands() -> None:
    """And no other is."""
    named = {cells[0].strip("`").removeprefix("cx ") for cells in _rows(_text("README.md"), "command")}

    assert set(COMMANDS) == named


@pytest.mark.parametrize("path", _DOCUMENTS, ids=_name)
def test_commands_and_targets_that_are_named_exist(path: Path) -> None:
    """`cx x` and `make x`, in running text and in blocks."""
    text = path.read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"`[^`\n]+`|^    .*$|^[a-z. ]*(?:cx|make) [a-z-]+.*$", text, re.MULTILINE))
    targets = set(re.findall(r"^([a-z-]+):.*##", _text("Makefile"), re.MULTILINE))

    assert set() == set(re.findall(r"(?<![\w/.<-])cx ([a-z-]+)\b", code)) - set(COMMANDS)
    assert set() == set(re.findall(r"\bmake ([a-z-]+)", code)) - targets


def test_tests_that_the_readme_names_exist() -> None:
    """Every claim has a command that shows it; a pattern that selects nothing would show nothing."""
    patterns = re.findall(r"-k ([a-z_]+(?: or [a-z_]+)*)'", _text("README.md"))
    modules = [path.stem for path in (_ROOT / "tests").rglob("test_*.py")]

    assert patterns
    for word in (word for pattern in patterns for word in pattern.split(" or ")):
        assert any(word in module for module in modules), word


def test_every_module_is_in_the_map_of_modules() -> None:
    """One module, one verb: a new one says what it does in ARCHITECTURE.md."""
    mapped: dict[str, set[str]] = {"": set()}
    folder = ""
    for first, _ in _rows(_text("ARCHITECTURE.md"), "`stream/`"):
        names = re.findall(r"`([a-z_/]+)`", first)
        if first.startswith("**"):
            folder = names[0].rstrip("/")
            mapped[folder] = set()
        else:
            mapped[folder] |= {name for name in names if not name.endswith("/")}
    there = {
        name: {path.stem for path in (_ROOT / "stream" / name).glob("*.py")} - {"__init__", "__main__"}
        for name in mapped
    }

    assert there == mapped


class _Recorder:
    """Stands for the Publisher: takes what it would take."""

    published: list[bytes] = []  # noqa: RUF012  # the example makes the instance

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def publish(self, event: Mapping[str, Any]) -> None:
        self.published.append(client._json(event))


def test_the_example_of_the_readme_publishes_a_valid_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten lines, as they stand."""
    (example,) = re.findall(r"```python\n(.*?)```", _text("README.md"), re.DOTALL)
    monkeypatch.setattr(client, "Publisher", _Recorder)
    monkeypatch.setattr(_Recorder, "published", [])

    exec(compile(example, "README.md", "exec"), {})  # noqa: S102  # our own document

    assert len([line for line in example.splitlines() if line]) <= _LONGEST_EXAMPLE
    (value,) = _Recorder.published
    assert isinstance(Router().route(value), Routed)


def test_the_picture_is_small() -> None:
    """It is fetched with every clone."""
    assert (_ROOT / "docs/live-page.png").stat().st_size < _LONGEST_PICTURE


def test_the_figures_of_the_kpi_page_are_those_of_the_code() -> None:
    """Within the digits that are printed."""
    page = _text("docs/kpis.md")
    for cells in _rows(page, "promoters"):
        promoters, passives, detractors, *wanted = map(float, cells)
        (estimate,) = kpis.nps((int(promoters), int(passives), int(detractors)))
        assert estimate.interval is not None
        assert wanted == pytest.approx((estimate.value, *estimate.interval), abs=0.01)
    for cells in _rows(page, "k"):
        hits, n, *wanted = map(float, cells)
        assert wanted == pytest.approx(intervals.share(int(hits), int(n)), abs=0.0001)


def test_the_panes_of_the_kpi_page_are_those_of_the_default_windows() -> None:
    """Each window has panes of its own."""
    page = _text("docs/kpis.md")
    (widths,) = [cells[1:] for cells in _rows(page, "window") if cells[0] == "pane"]
    unit_ms = {"s": 1_000, "min": 60_000, "h": 3_600_000}
    wanted = [int(number) * unit_ms[unit] for number, unit in (width.split() for width in widths)]

    assert [rung.width_ms for rung in ladders(Settings().windows)] == wanted
