"""Three answers of a response: the published index, and the spread of scores that go together."""

import math
import random
from statistics import mean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.scoring import trio
from stream.scoring.estimates import Limits
from stream.scoring.families import INDEX_METRICS, PYRAMID_METRICS
from stream.scoring.intervals import Z
from stream.scoring.kpis import assess
from stream.scoring.parameters import Parameters, parameters
from tests.support.tallies import of_responses

ACSI = parameters(
    {"index_weights": {"satisfaction": 0.3885, "expectations": 0.3190, "ideal": 0.2925}}
).index_weights
_RESPONSES = st.lists(
    st.dictionaries(st.sampled_from(INDEX_METRICS), st.integers(1, 10), min_size=1), min_size=1, max_size=12
)


def responses(*columns: tuple[int, ...]) -> list[dict[str, int]]:
    """One response a row of the three columns."""
    return [dict(zip(INDEX_METRICS, row, strict=True)) for row in zip(*columns, strict=True)]


def test_the_index_with_the_weights_of_the_acsi() -> None:
    """Means of 8, 7.5 and 7 make 72.756."""
    tally = of_responses("index", responses((8, 8), (7, 8), (7, 7)))
    (estimate,) = assess("index", tally, Limits(0, 0, Parameters(ACSI))).estimates
    assert 72.756 == pytest.approx(estimate.value, abs=0.0005)


def test_equal_weights_are_the_default() -> None:
    """(7 + 6.5 + 6) / 27 of 100."""
    tally = of_responses("index", responses((8, 8), (7, 8), (7, 7)))
    (estimate,) = assess("index", tally, Limits(0, 0)).estimates
    assert 100 * 19.5 / 27 == pytest.approx(estimate.value)


def test_of_whole_responses_the_interval_is_that_of_the_mean_of_their_scores() -> None:
    """The answers of one person go together; variances of three means added up would be another."""
    rng = random.Random(6)
    given = [dict.fromkeys(INDEX_METRICS, rng.randint(1, 10)) for _ in range(40)]
    scores = [(each["ideal"] - 1) / 9 * 100 for each in given]
    (estimate,) = assess("index", of_responses("index", given), Limits(0, 0)).estimates
    half = Z * stdev(scores) / math.sqrt(40)
    assert estimate.interval == pytest.approx((mean(scores) - half, mean(scores) + half))


@given(_RESPONSES)
def test_the_variance_is_that_of_the_linearised_responses(given: list[dict[str, int]]) -> None:
    """Also where responses leave answers out: each answer's distance from its mean, over its count."""
    columns = [[each[m] for each in given if m in each] for m in INDEX_METRICS]
    if not all(columns) or len(given) < 2:
        return
    moved = [
        sum(
            w * (each[m] - mean(column)) / len(column)
            for m, w, column in zip(INDEX_METRICS, ACSI, columns, strict=True)
            if m in each
        )
        for each in given
    ]
    found = trio.weighted_mean(of_responses("index", given), ACSI)
    expected = sum(each * each for each in moved) * len(given) / (len(given) - 1)
    assert found.variance == pytest.approx(expected, abs=1e-9)
    assert found.value == pytest.approx(sum(w * mean(c) for w, c in zip(ACSI, columns, strict=True)))


@given(_RESPONSES, _RESPONSES)
def test_tallies_of_responses_add_up(one: list[dict[str, int]], other: list[dict[str, int]]) -> None:
    """What was added can be taken away, and parts make the whole."""
    parts = [of_responses("index", each) for each in (one, other)]
    assert of_responses("index", one + other) == tuple(map(sum, zip(*parts, strict=True)))


def test_one_response_has_no_interval() -> None:
    """It says nothing about the spread."""
    (estimate,) = assess("index", of_responses("index", responses((8,), (7,), (7,))), Limits(0, 0)).estimates
    assert estimate.interval is None


def test_the_least_of_the_three_decides_what_is_shown() -> None:
    """Ten answers to two questions and four to the third: too few."""
    given = [{"satisfaction": 8, "expectations": 7}] * 6 + responses((8,) * 4, (7,) * 4, (7,) * 4)
    found = assess("index", of_responses("index", given), Limits(5, 30))
    assert (4, True) == (found.n, found.hidden)


def test_the_pyramid_is_the_mean_of_its_dimensions() -> None:
    """Of four: needs +50, ease 0, enjoyment -100."""
    rows = zip((5, 4, 3, 3), (5, 3, 3, 1), (1, 2, 1, 2), strict=True)
    given = [dict(zip(PYRAMID_METRICS, row, strict=True)) for row in rows]
    (overall,) = assess("pyramid", of_responses("pyramid", given), Limits(0, 0)).estimates
    own = [assess(m, of_responses(m, given), Limits(0, 0)).estimates[0] for m in PYRAMID_METRICS]
    assert [50, 0, -100] == [each.value for each in own]
    assert -50 / 3 == pytest.approx(overall.value)
    assert [(("dimension", m),) for m in (*PYRAMID_METRICS, "overall")] == [e.labels for e in (*own, overall)]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"index_weight": {}}, "index_weights instead of index_weight"),
        ({"index_weights": [1, 1, 1]}, "a table as index_weights"),
        ({"index_weights": {"satisfaction": 1}}, "a number from 0 up"),
        ({"index_weights": {"satisfaction": 1, "expectations": True, "ideal": 1}}, "not expectations"),
        ({"index_weights": {"satisfaction": 0, "expectations": 0, "ideal": 0}}, "a sum above 0"),
    ],
)
def test_a_bad_table_says_what_would_be_right(table: object, said: str) -> None:
    """It is told to a person before the worker starts."""
    with pytest.raises(ValueError, match=said):
        parameters(table)
