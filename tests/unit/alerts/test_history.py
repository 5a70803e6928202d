"""Days, volume and what is learned from them."""

import math

import pytest

from stream.alerts.bets import DAY_MS
from stream.alerts.history import Baseline, History
from stream.alerts.scale import SCALES

NPS = SCALES["nps"]
MIDNIGHT_MS = 20_000 * DAY_MS


def _filled(days: int, counts: tuple[int, int, int] = (50, 30, 20)) -> History:
    """As many days with these counts; today is the next one."""
    history = History((0, 0, 0))
    for day in range(days):
        history.roll(MIDNIGHT_MS + day * DAY_MS + 1)
        history.add(counts, sum(counts), learn=True)
    history.roll(MIDNIGHT_MS + days * DAY_MS + 1)
    return history


def test_a_pane_that_ends_at_midnight_belongs_to_the_day_before() -> None:
    """Panes are half-open."""
    history = History((0, 0, 0))
    assert history.roll(MIDNIGHT_MS - 60_000)
    assert not history.roll(MIDNIGHT_MS)
    assert history.roll(MIDNIGHT_MS + 60_000)


@pytest.mark.parametrize(("days", "learned"), [(13, False), (14, True)])
def test_nothing_is_learned_before_fourteen_days(days: int, learned: bool) -> None:
    """The variance is, as it only turns the bets."""
    found = _filled(days).baseline(NPS)
    assert learned == (found.normal is not None)
    assert pytest.approx(6100) == found.variance


def test_the_learned_score_is_a_standard_error_below_the_mean() -> None:
    """Of the 26 days before the last two."""
    found = _filled(40).baseline(NPS)
    assert found.normal == pytest.approx(30 - math.sqrt(6100 / 2600))


@pytest.mark.parametrize(("age_days", "seen"), [(1, False), (2, False), (3, True), (28, True), (29, False)])
def test_the_last_two_days_and_what_is_older_than_28_are_not_learned_from(age_days: int, seen: bool) -> None:
    """One day of nothing but detractors, so many days before today."""
    history = _filled(35)
    for day in history.days:
        if day.number == history.days[-1].number - age_days:
            day.counts = (0, 0, 100)
    normal = history.baseline(NPS).normal
    assert seen == (normal is None or normal < 28)


def test_what_comes_during_an_alarm_is_volume_but_not_normal() -> None:
    """Otherwise a drop that lasts would be absorbed."""
    history = _filled(20)
    total = history.total
    history.add((0, 0, 50), 50, learn=False)
    assert total == history.total
    assert 50 == history.days[-1].answers


def test_volume_is_a_month_as_busy_as_the_days_that_are_known() -> None:
    """Twenty days of 100 answers; a day of it; one answer."""
    assert pytest.approx(3000, rel=0.001) == _filled(20).answers_per_month(MIDNIGHT_MS + 20 * DAY_MS)
    assert pytest.approx(3000, rel=0.001) == _filled(60).answers_per_month(MIDNIGHT_MS + 60 * DAY_MS + 1)
    assert 720 == _filled(1, (1, 0, 0)).answers_per_month(MIDNIGHT_MS + 1)


def test_few_answers_teach_nothing() -> None:
    """Fewer than a hundred."""
    assert Baseline(None, None) == _filled(20, (1, 1, 1)).baseline(NPS)
