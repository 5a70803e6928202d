"""Odds and threshold: the published formulas, on every scale."""

import math

import pytest

from stream.alerts.bets import odds, threshold
from stream.alerts.scale import SCALES


def test_rates_and_odds_of_nps_at_30_are_those_of_the_formula() -> None:
    """In shares: m = 0.30, v = 0.61, rate = min(0.95/(1 - m), d/(v + d²))."""
    found = odds(SCALES["nps"], 30, 0, 6100)
    rates = [min(0.95 / 0.7, d / (0.61 + d * d)) for d in (0.05, 0.1, 0.15, 0.25, 0.4, 0.6)]

    assert 30 == found.bar
    assert rates == pytest.approx([100 * each for each in found.rates])
    for rate, logs in zip(rates, found.logs, strict=True):
        assert [math.log(1 + rate * (0.3 - x)) for x in (1, 0, -1)] == pytest.approx(logs)


def test_what_is_tolerated_lowers_the_bar() -> None:
    """A score of 26 is as good as one of 30."""
    assert 25 == odds(SCALES["nps"], 30, 5, 6100).bar


@pytest.mark.parametrize("metric", SCALES)
def test_the_worst_stake_leaves_something(metric: str) -> None:
    """However good the answer: the logarithm of what is left is finite."""
    scale = SCALES[metric]
    for share in (0.02, 0.3, 0.6, 0.95, 1.0):
        normal = scale.low + share * (scale.high - scale.low)
        found = odds(scale, normal, 0, scale.usual_variance(normal))
        assert all(math.isfinite(log) for logs in found.logs for log in logs)


@pytest.mark.parametrize(("normal", "tolerate"), [(-95, 5), (-100, 0), (101, 0)])
def test_a_bar_that_no_answers_could_be_below_is_refused(normal: float, tolerate: float) -> None:
    """Or that lies above all answers."""
    with pytest.raises(ValueError, match="above -100 and at most 100"):
        odds(SCALES["nps"], normal, tolerate, 1)


@pytest.mark.parametrize(
    ("answers", "budget", "expected"), [(72_000, 1, 72_000), (72_000, 0.25, 288_000), (600, 1, 720)]
)
def test_threshold_is_the_answers_between_two_false_alarms(
    answers: float, budget: float, expected: float
) -> None:
    """A share of a budget, or a busier series, makes it higher; it is 720 at least for a whole alarm."""
    assert expected == threshold(answers, budget)


def test_neutral_interactions_are_no_answers() -> None:
    """The share positive is of positive and negative ones."""
    scale = SCALES["positive"]
    assert 10 == scale.answers((8, 90, 2))
    assert 0.8 == scale.mean((8, 90, 2))
    assert {0.0} == {logs[1] for logs in odds(scale, 0.8, 0.05, 0.16).logs}


@pytest.mark.parametrize(
    ("metric", "counts", "score", "interval"),
    [
        ("nps", (50, 30, 20), 30, (14.05, 44.20)),
        ("csat", (5, 5, 30, 40, 20), 0.6, (0.502, 0.691)),
        ("ces", (80, 210, 140, 110, 160, 180, 120), 4.08, (3.962, 4.198)),
        ("positive", (8, 4, 2), 0.8, (0.4902, 0.9433)),
    ],
)
def test_scores_and_intervals_are_those_of_the_kpis(
    metric: str, counts: tuple[int, ...], score: float, interval: tuple[float, float]
) -> None:
    """The page of an alarm and the live page must not differ."""
    scale = SCALES[metric]
    assert score == scale.mean(counts)
    assert interval == pytest.approx(scale.interval(counts), abs=0.005)


def test_variance_is_that_of_the_answers() -> None:
    """Shares .5, .3, .2: 0.7 - 0.09 in squared shares."""
    assert pytest.approx(6100) == SCALES["nps"].variance((50, 30, 20))
