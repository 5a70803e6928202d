"""The pages of the KPIs: what an example gives is what the service makes of it."""

import json
import re
from pathlib import Path

import pytest

from stream.flow.intake import rules
from stream.intake.murmur import partition_of
from stream.intake.record import Source
from stream.intake.times import parse_ms
from stream.recount import Recount
from stream.routing import Routed, Router
from stream.scoring.kpis import samples
from stream.settings import Settings
from tests.support.folding import Stored

_FOLDER = Path(__file__).resolve().parents[2] / "docs" / "kpis"
_PAGES = sorted(_FOLDER.glob("*.md"))
_PARTS = ("Definition", "Formula", "Source", "How others compute it, and why ours", "Example")


def computed(page: str) -> dict[str, float]:
    """Every sample of the total over the longest window, by its name and own labels, of the events of a page.

    They are stored when they happen; the windows end a minute after the last of them.
    """
    settings = Settings.from_env({"CX_MIN_PRIVACY": "0", "CX_VIEWS": "total"})
    (block,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    events = [json.loads(line) for line in block.splitlines()]
    end_ms = max(parse_ms(event["time"]) for event in events) + 60_000
    counting = Recount(rules(settings), end_ms, end_ms)
    for offset, event in enumerate(events):
        value = json.dumps(event).encode()
        routed = Router().route(value)
        assert isinstance(routed, Routed), event
        source = Source(routed.topic, partition_of(routed.key, settings.partitions))
        list(counting.take(source, [Stored(offset, value, parse_ms(event["time"]))]))
    return {
        name + ("{" + ",".join(f'{label}="{text}"' for label, text in labels) + "}" if labels else ""): value
        for row in counting.rows()
        if row.window == "90d"
        for name, labels, value in samples(row.family, row.tally, settings.limits)
    }


@pytest.mark.parametrize("path", _PAGES, ids=lambda path: path.stem)
def test_the_example_gives_what_the_page_says(path: Path) -> None:
    """Within the digits that are printed."""
    page = path.read_text(encoding="utf-8")
    said = dict(re.findall(r"^\| `(cx_[^`]+)` \| (-?[0-9.]+) \|$", page, re.MULTILINE))
    assert said
    found = computed(page)
    assert {name: float(value) for name, value in said.items()} == {
        name: pytest.approx(found.get(name), abs=0.0001) for name in said
    }


@pytest.mark.parametrize("path", _PAGES, ids=lambda path: path.stem)
def test_every_page_has_all_parts(path: Path) -> None:
    """A reader finds the same in the same place."""
    page = path.read_text(encoding="utf-8")
    assert [part for part in _PARTS if f"**{part}.**" not in page] == []


@pytest.mark.parametrize("path", _PAGES, ids=lambda path: path.stem)
def test_every_page_can_be_found(path: Path) -> None:
    """From the page of all definitions."""
    assert f"(kpis/{path.name})" in (_FOLDER.parent / "kpis.md").read_text(encoding="utf-8")
