"""All watched series of a partition, told in messages and marks."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from stream.alerts.kept import OURS
from stream.alerts.lookout import Lookout, Standing, Terms
from stream.alerts.watches import alerts
from stream.scoring.families import Tally
from stream.scoring.message import Labels, Mark, Message
from stream.values import views

MINUTE_MS = 60_000
START = 30_000_000
"""A pane."""
TOTAL: Labels = ("interaction", "total", "", "", "")
WEB: Labels = ("interaction", "channel", "web", "", "")
APP: Labels = ("interaction", "channel", "app", "", "")
GOOD, BAD = (5, 3, 2), (1, 3, 6)
WATCHED: dict[str, Any] = {
    "watch": [{"metric": "nps", "normal": 30, "answers_per_month": 72_000}, {"metric": "csat"}]
}


def _lookout(table: dict[str, Any] = WATCHED, tenants: int = 1) -> Lookout:
    """Two partitions of surveys; rung 2 holds the detector's panes."""
    shown = views("total,channel")
    return Lookout(
        Terms(
            alerts(table, frozenset(view.label for view in shown)),
            shown,
            rung=2,
            width_ms=MINUTE_MS,
            grace_ms=MINUTE_MS,
            sources={"surveys": 2, "interactions": 2},
            tenants=tenants,
        )
    )


class Story:
    """What two source partitions tell, minute by minute."""

    def __init__(self, lookout: Lookout) -> None:
        self.lookout = lookout
        self.offset = -1
        self.pane = START
        self.tenants = 1
        self.events: list[dict[str, Any]] = []

    def minutes(self, n: int, *by_channel: Tally, tenant: str = "acme") -> "Story":
        """So many panes with these counts from web and app, both in the first partition."""
        for _ in range(n):
            whole = tuple(map(sum, zip(*by_channel, strict=True)))
            cells = zip((TOTAL, WEB, APP), (whole, *by_channel), strict=False)
            rows = [(2, self.pane, 0, series, counts) for series, counts in cells]
            # The rows of windows are none of the detector's.
            rows.append((0, self.pane, 0, TOTAL, (99, 0, 0)))
            self._tell(Message("surveys-0", self.offset + 1, tenant, "nps", 0, rows))
            self.pane += 1
            self.mark(self.pane)
        return self

    def mark(self, pane: int, *sources: str) -> None:
        """The sources have come as far as the pane's beginning."""
        for source in sources or ("surveys-0", "surveys-1"):
            self._tell(Mark(source, self.offset + 1, pane * MINUTE_MS, self.tenants))

    def _tell(self, told: Message | Mark) -> None:
        self.offset += 1
        self.lookout.fold(self.offset, told)
        self.lookout.changes()
        outgoing = self.lookout.outgoing()
        self.events += [orjson.loads(value) for _, value in outgoing]
        self.lookout.sent([name for name, _ in outgoing])

    @property
    def types(self) -> list[str]:
        """Of the events."""
        return [each["type"] for each in self.events]


def _standing(lookout: Lookout) -> Standing:
    (found,) = lookout.standings()
    return found


def test_a_drop_of_one_channel_is_raised_with_the_channel_first_and_cleared() -> None:
    """Of the total; an event each."""
    story = Story(_lookout()).minutes(300, GOOD, GOOD).minutes(60, BAD, GOOD)
    assert ["cx.alert.raised.v1"] == story.types
    data = story.events[0]["data"]
    assert "acme|interaction|total||||nps|1" == story.events[0]["id"]
    assert ("channel", "web", "rate") == tuple(
        data["contributions"][0][name] for name in ("view", "value", "part")
    )
    assert sum(each["points"] for each in data["contributions"]) == pytest.approx(
        data["after"]["score"] - data["before"]["score"], abs=1e-9
    )
    assert 6_000 == data["before"]["n"]
    standing = _standing(story.lookout)
    assert standing.active
    assert standing.points == pytest.approx(-40)
    assert (START + 300) * MINUTE_MS == standing.since_ms

    story.minutes(400, GOOD, GOOD)
    assert ["cx.alert.raised.v1", "cx.alert.cleared.v1"] == story.types
    assert story.events[0]["id"] == story.events[1]["id"]
    assert not _standing(story.lookout).active


def test_nothing_is_raised_while_nothing_changes() -> None:
    """Nor in silence."""
    story = Story(_lookout()).minutes(500, GOOD, GOOD)
    story.mark(story.pane + 10_000)
    assert [] == story.types
    assert _standing(story.lookout).evidence < 0.1


def test_a_source_that_lags_holds_the_panes_open() -> None:
    """The second partition may still have answers for them."""
    story = Story(_lookout())
    story.mark(START, "surveys-1")
    for _ in range(50):
        story._tell(
            Message("surveys-0", story.offset + 1, "acme", "nps", 0, [(2, story.pane, 0, TOTAL, BAD)])
        )
        story.pane += 1
        story.mark(story.pane, "surveys-0")
    assert [] == story.lookout.standings()
    story.mark(story.pane, "surveys-1")
    assert ["cx.alert.raised.v1"] == story.types


def test_late_answers_are_counted_and_change_nothing_else() -> None:
    """Told again, once."""
    story = Story(_lookout()).minutes(10, GOOD, GOOD)
    before = _standing(story.lookout)
    for _ in range(2):
        story._tell(
            Message("surveys-0", story.offset + 1, "acme", "nps", 0, [(2, START + 3, 0, TOTAL, (10, 6, 7))])
        )
    assert before._replace(late=3) == _standing(story.lookout)


def test_what_an_older_owner_says_is_passed_over() -> None:
    """By the position that it holds for."""
    story = Story(_lookout()).minutes(5, GOOD, GOOD)
    before = story.lookout.standings()
    story._tell(Mark("surveys-0", 0, (story.pane + 50) * MINUTE_MS, 1))
    story._tell(Message("surveys-0", 0, "acme", "nps", 0, [(2, story.pane, 0, TOTAL, BAD)]))
    story.mark(story.pane + 3, "surveys-1")
    assert before == story.lookout.standings()


@pytest.mark.parametrize(
    ("watches", "tenants", "share"),
    [
        ([{"metric": "nps", "normal": 30}], 1, 1),
        ([{"metric": "nps", "normal": 30}], 4, 1 / 4),
        ([{"metric": "nps", "normal": 30, "tenant": "acme"}], 4, 1),
        ([{"metric": "nps", "normal": 30}, {"metric": "ces"}], 1, 1 / 2),
        ([{"metric": "nps", "normal": 30, "view": "channel"}], 1, 1 / 2),
    ],
)
def test_the_budget_is_shared(watches: Sequence[dict[str, Any]], tenants: int, share: float) -> None:
    """Evenly over watches, tenants and series: a smaller share makes for less evidence."""
    one = [{**each, "answers_per_month": 72_000} for each in watches]
    story = Story(_lookout({"watch": one}, tenants)).minutes(6, GOOD, BAD)
    alone = Story(_lookout({"watch": [{**one[0], "tenant": "*"}]}, 1)).minutes(6, GOOD, BAD)
    factor = share * (2 if watches[0].get("view") == "channel" else 1)
    for found, whole in zip(story.lookout.standings(), alone.lookout.standings(), strict=True):
        assert found.evidence == pytest.approx(factor * whole.evidence)


def test_marks_tell_how_many_tenants_there_are() -> None:
    """Where CX_TENANTS does not."""
    evidence = []
    for tenants in (1, 5):
        story = Story(_lookout(tenants=0))
        story.tenants = tenants
        story.minutes(6, GOOD, BAD)
        evidence.append(_standing(story.lookout).evidence)
    assert evidence[0] == pytest.approx(5 * evidence[1])


def test_what_is_not_watched_is_not_kept() -> None:
    """Other families, levels and windows."""
    lookout = _lookout()
    lookout.fold(0, Message("surveys-0", 0, "acme", "ces", 0, [(2, START, 0, TOTAL, (1,) * 7)]))
    lookout.fold(1, Message("surveys-0", 1, "acme", "nps", 0, [(0, START, 0, TOTAL, GOOD)]))
    lookout.fold(2, Message("surveys-0", 2, "acme", "nps", 0, [(2, START, 0, ("journey", *TOTAL[1:]), GOOD)]))
    lookout.fold(3, None)
    for number, source in enumerate(("surveys-0", "surveys-1"), start=4):
        lookout.fold(number, Mark(source, 9, (START + 9) * MINUTE_MS, 1))
    assert [] == lookout.standings()


def test_a_series_without_answers_for_28_days_is_forgotten() -> None:
    """Then the others share its part of the budget."""
    story = Story(_lookout()).minutes(5, GOOD, GOOD)
    story.pane += 30 * 1_440
    story.minutes(5, GOOD, GOOD, tenant="globex")
    assert ["globex"] == [each.series[0] for each in story.lookout.standings()]


def test_an_event_is_sent_again_until_it_is_known_to_be_sent() -> None:
    """The same bytes; after that never."""
    story = Story(_lookout()).minutes(300, GOOD, GOOD)
    log: dict[bytes, bytes] = {}
    lookout = story.lookout
    story.lookout = _Silent(lookout, log)
    story.minutes(60, BAD, BAD)
    ((name, value),) = lookout.outgoing()
    again = _lookout()
    for key, each in log.items():
        again.kept.load(key, each)
    again.kept.begin()
    assert [(name, value)] == again.outgoing()
    again.sent([name])
    (changed,) = [each for each in again.changes() if each[0] == name]
    assert (name, None) == changed
    assert [] == again.outgoing()


class _Silent(Lookout):
    """Writes a log, and sends nothing."""

    def __init__(self, inner: Lookout, log: dict[bytes, bytes]) -> None:
        self._inner, self._log = inner, log
        self._log.update((key, value) for key, value in _all(inner) if value is not None)

    def fold(self, offset: int, told: Message | Mark | None) -> None:
        self._inner.fold(offset, told)

    def changes(self) -> list[tuple[bytes, bytes | None]]:
        for key, value in self._inner.changes():
            assert key.startswith(OURS)
            if value is None:
                self._log.pop(key, None)
            else:
                self._log[key] = value
        return []

    def outgoing(self) -> list[tuple[bytes, bytes]]:
        return []


def _all(lookout: Lookout) -> list[tuple[bytes, bytes | None]]:
    """The whole state, as if all had changed."""
    kept = lookout.kept
    for key in kept.states:
        kept.touch_state(key)
    for topic, closing in kept.closings.items():
        kept.touch_topic(topic)
        for panes in (closing.open, closing.known):
            for pane, sources in panes.items():
                for source in sources:
                    kept.touch_pane(pane, source)
    for source in kept.told:
        kept.touch_source(source)
    return kept.changes()


def test_a_pane_without_a_watched_series_is_passed_over() -> None:
    """The channel is watched, and nobody named one."""
    table = {"watch": [{"metric": "nps", "view": "channel", "normal": 30}]}
    lookout = _lookout(table)
    lookout.fold(0, Message("surveys-0", 0, "acme", "nps", 0, [(2, START, 0, TOTAL, GOOD)]))
    for number, source in enumerate(("surveys-0", "surveys-1"), start=1):
        lookout.fold(number, Mark(source, 9, (START + 9) * MINUTE_MS, 1))
    assert [] == lookout.standings()


def test_a_series_whose_answers_all_come_too_late_is_seen_by_that() -> None:
    """Nothing is gathered from it; that must not go unnoticed. What nobody watches is not told of."""
    lookout = _lookout()
    for offset, source in enumerate(("surveys-0", "surveys-1")):
        lookout.fold(offset, Mark(source, 0, (START + 10) * MINUTE_MS, 1))
    rows = [(2, START, 0, series, counts) for series, counts in ((TOTAL, (3, 2, 1)), (WEB, (1, 1, 1)))]
    lookout.fold(2, Message("surveys-0", 1, "acme", "nps", 0, rows))
    standing = _standing(lookout)
    assert (TOTAL, 6, 0.0) == (standing.series[2], standing.late, standing.evidence)
