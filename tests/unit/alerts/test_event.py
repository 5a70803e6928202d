"""Events of alarms, against their schemas."""

from typing import Any

import orjson
import pytest

from stream.alerts.event import event
from stream.alerts.scale import SCALES
from stream.alerts.watcher import WHOLE, Guard, Reach, Signal
from stream.scoring.families import Tally
from tests.support import contract

WEB = ("interaction", "channel", "web", "", "")
TALLIES: dict[str, tuple[Tally, Tally]] = {
    "nps": ((500, 300, 200), (30, 30, 40)),
    "csat": ((4, 6, 15, 40, 35), (20, 20, 20, 20, 20)),
    "ces": ((3, 5, 7, 12, 20, 28, 25), (20, 20, 20, 10, 10, 10, 10)),
    "positive": ((80, 5, 20), (40, 9, 60)),
}


def _told(metric: str, *, raised: bool = True, before: bool = True) -> dict[str, Any]:
    first, last = TALLIES[metric]
    part = ("touchpoint", "cart")
    reach = Reach(1_777_888_999_123, {WHOLE: first, part: first} if before else {}, {WHOLE: last, part: last})
    guard = Guard(SCALES[metric], 30, 5)
    found = event(("acme", metric, WEB), guard, Signal(raised, 3, 1_777_890_000_000, reach), 5)
    told: dict[str, Any] = orjson.loads(found)
    return told


@pytest.mark.parametrize("metric", TALLIES)
@pytest.mark.parametrize("raised", [True, False])
@pytest.mark.parametrize("before", [True, False])
def test_events_are_as_their_schemas_say(metric: str, raised: bool, before: bool) -> None:
    """Also of a series that was never there before."""
    told = _told(metric, raised=raised, before=before)
    assert f"cx.alert.{'raised' if raised else 'cleared'}.v1" == told["type"]
    assert [] == list(contract.load().validator(told["type"]).iter_errors(told))


def test_what_an_event_says() -> None:
    """Scores with intervals, when, and where from."""
    told = _told("nps")
    assert "acme|interaction|channel|web|||nps|3" == told["id"]
    assert "2026-05-04T10:20:00.000Z" == told["time"]
    data = told["data"]
    assert "2026-05-04T10:03:19.123Z" == data["since"]
    assert ("nps", "acme", "interaction", "channel", "web", "", "") == tuple(
        data[name] for name in ("metric", "tenant", "level", "by", "channel", "touchpoint", "segment")
    )
    assert (30, 1000) == (data["before"]["score"], data["before"]["n"])
    assert (-10, 100, 100) == (data["after"]["score"], data["after"]["n"], data["n"])
    assert -40 == sum(each["points"] for each in data["contributions"])


def test_nothing_before_is_the_score_that_was_expected() -> None:
    """Of no answers."""
    assert {"score": 30, "interval": [30, 30], "n": 0} == _told("nps", before=False)["data"]["before"]


def test_fewer_answers_before_than_may_be_shown_do_not_show_through() -> None:
    """Neither as a score, nor as a change, nor as a part of one."""
    reach = Reach(0, {WHOLE: (0, 1, 3), ("touchpoint", "cart"): (0, 1, 3)}, {WHOLE: TALLIES["nps"][1]})
    guard = Guard(SCALES["nps"], 30, 5)
    data = orjson.loads(event(("acme", "nps", WEB), guard, Signal(True, 1, 0, reach), 5))["data"]  # noqa: FBT003 - by position
    assert ({"score": 30, "interval": [30, 30], "n": 0}, []) == (data["before"], data["contributions"])
