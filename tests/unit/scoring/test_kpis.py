"""One suite over all KPI families: the published vectors, privacy, absence, and merging."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream import catalogue
from stream.scoring.estimates import Limits, Sample
from stream.scoring.families import FAMILIES, Tally
from stream.scoring.kpis import assess, samples
from tests.support.tallies import any_of, of_n

LIMITS = Limits(min_privacy=5, min_responses=30)

# A tally of each family, its n, and everything that is exported for it.
VECTORS: tuple[tuple[str, Tally, int, dict[str, float]], ...] = (
    ("nps", (10, 0, 0), 10, {"cx_nps_score": 100, "cx_nps_score_lower": 47.50, "cx_nps_score_upper": 100}),
    ("nps", (5, 3, 2), 10, {"cx_nps_score": 30, "cx_nps_score_lower": -19.05, "cx_nps_score_upper": 65.20}),
    (
        "nps",
        (50, 30, 20),
        100,
        {"cx_nps_score": 30, "cx_nps_score_lower": 14.05, "cx_nps_score_upper": 44.20},
    ),
    (
        "nps",
        (250, 675, 75),
        1_000,
        {"cx_nps_score": 17.5, "cx_nps_score_lower": 14.09, "cx_nps_score_upper": 20.81},
    ),
    (
        "csat",
        (5, 5, 30, 40, 20),
        100,
        {
            "cx_csat_ratio": 0.60,
            "cx_csat_ratio_lower": 0.502,
            "cx_csat_ratio_upper": 0.691,
            "cx_csat_mean": 3.65,
            "cx_csat_mean_lower": 3.448,
            "cx_csat_mean_upper": 3.852,
        },
    ),
    (
        "ces",
        (80, 210, 140, 110, 160, 180, 120),
        1_000,
        {
            "cx_ces_mean": 4.08,
            "cx_ces_mean_lower": 3.961,
            "cx_ces_mean_upper": 4.199,
            "cx_ces_easy_ratio": 0.46,
            "cx_ces_easy_ratio_lower": 0.429,
            "cx_ces_easy_ratio_upper": 0.491,
        },
    ),
    (
        "ease",
        (50, 30, 20),
        100,
        {"cx_pyramid_score": 30, "cx_pyramid_score_lower": 14.05, "cx_pyramid_score_upper": 44.20},
    ),
    (
        "positive",
        (8, 90, 2),
        10,
        {"cx_positive_ratio": 0.8, "cx_positive_ratio_lower": 0.4902, "cx_positive_ratio_upper": 0.9433},
    ),
    (
        "response",
        (100, 80),
        100,
        {
            "cx_survey_response_ratio": 0.8,
            "cx_survey_response_ratio_lower": 0.7112,
            "cx_survey_response_ratio_upper": 0.8666,
        },
    ),
)
_CUSTOMERS = ("cx_customers_active", "cx_customers_lost")
_COUNTED = {"cx_survey_responses", "cx_interactions", "cx_surveys_sent", "cx_tickets_waiting", *_CUSTOMERS}
ESTIMATED = [family for family in FAMILIES if not FAMILIES[family].standing]
WITHOUT_COUNTS = {
    *("needs", "ease", "enjoyment", "pyramid", "index", "journey", "journey_duration"),
    *("first_response", "first_response_business", "buyers", "value"),
}
CATEGORIES = (
    ("nps", (5, 3, 2), {"promoter": 5, "passive": 3, "detractor": 2}),
    ("csat", (1, 2, 4, 8, 16), {"satisfied": 24, "neutral": 4, "dissatisfied": 3}),
    ("ces", (1, 2, 4, 8, 16, 32, 64), {"easy": 112, "neutral": 8, "difficult": 7}),
    ("positive", (8, 9, 2), {"positive": 8, "neutral": 9, "negative": 2}),
    ("response", (10, 8), {"": 10}),
)


def _scores(found: tuple[Sample, ...]) -> dict[str, float]:
    """Scores and ends of intervals by metric family."""
    return {
        s.metric_family: s.value for s in found if s.metric_family not in (*_COUNTED, "cx_low_confidence")
    }


def _counts(found: tuple[Sample, ...]) -> dict[str, float]:
    """Counts by category; those of customers by metric family."""

    def name(sample: Sample) -> str:
        if sample.metric_family in _CUSTOMERS:
            return sample.metric_family
        return sample.labels[-1][1] if sample.labels else ""

    return {name(sample): sample.value for sample in found if sample.metric_family in _COUNTED}


@pytest.mark.parametrize(("family", "tally", "n", "scores"), VECTORS)
def test_scores_and_intervals_meet_the_vectors_of_the_definition(
    family: str, tally: Tally, n: int, scores: dict[str, float]
) -> None:
    """The figures of the published papers and of the definition."""
    found = _scores(samples(family, tally, LIMITS))
    assert scores.keys() == found.keys()
    for name, value in scores.items():
        assert value == pytest.approx(found[name], abs=0.005 if abs(value) > 1 else 0.0005), name
    assert n == assess(family, tally, LIMITS).n


@pytest.mark.parametrize(("family", "tally", "counts"), CATEGORIES)
def test_categories_are_counted(family: str, tally: Tally, counts: dict[str, int]) -> None:
    """Each category is the sum of its answers' cells, by value."""
    assert counts == _counts(samples(family, tally, LIMITS))


@pytest.mark.parametrize("family", FAMILIES)
def test_an_empty_window_has_counts_of_0_and_no_score(family: str) -> None:
    """No data is not an NPS of 0."""
    found = samples(family, FAMILIES[family].empty, LIMITS)
    assert {} == _scores(found)
    assert (set() if family in WITHOUT_COUNTS else {0}) == set(_counts(found).values())
    assert family not in ESTIMATED or Sample("cx_low_confidence", (("metric", family),), 1.0) in found


@pytest.mark.parametrize("family", ESTIMATED)
@pytest.mark.parametrize("n", [1, 4])
def test_below_the_privacy_limit_only_low_confidence_is_shown(family: str, n: int) -> None:
    """Neither scores nor counts, so that no person shows through."""
    found = samples(family, of_n(family, n), LIMITS)
    assert (Sample("cx_low_confidence", (("metric", family),), 1.0),) == found
    assert assess(family, of_n(family, n), LIMITS).hidden


@pytest.mark.parametrize("family", FAMILIES)
def test_at_the_privacy_limit_counts_and_scores_are_shown(family: str) -> None:
    """Five answers are enough for a limit of five."""
    found = samples(family, of_n(family, 5), LIMITS)
    assert _scores(found)
    assert family in WITHOUT_COUNTS or 5 in _counts(found).values()


@pytest.mark.parametrize("family", ESTIMATED)
@pytest.mark.parametrize(("expected", "n"), [(1.0, 29), (0.0, 30)])
def test_confidence_is_low_below_the_limit_of_responses(family: str, expected: float, n: int) -> None:
    """Exactly at the limit it is no longer low."""
    found = samples(family, of_n(family, n), LIMITS)
    assert Sample("cx_low_confidence", (("metric", family),), expected) == found[-1]


def test_neutral_interactions_are_no_answers_of_the_positive_share() -> None:
    """A hundred neutral ones and four others: too few; n is positive plus negative."""
    found = assess("positive", (2, 100, 2), LIMITS)
    assert (4, True) == (found.n, found.hidden)


def test_neutral_interactions_alone_are_hidden_too() -> None:
    """The limit looks at positive plus negative; the window is not empty, so its counts are not 0."""
    assert (Sample("cx_low_confidence", (("metric", "positive"),), 1.0),) == samples(
        "positive", (0, 100, 0), LIMITS
    )


def test_without_a_privacy_limit_neutral_interactions_alone_have_counts_and_no_score() -> None:
    """There is nothing to divide by."""
    found = samples("positive", (0, 100, 0), Limits(0, 0))
    assert {} == _scores(found)
    assert {"positive": 0, "neutral": 100, "negative": 0} == _counts(found)


def test_an_nps_of_0_and_a_csat_of_0_are_scores() -> None:
    """They are real, alarming values, and must not be taken for absence."""
    assert 0.0 == _scores(samples("nps", (10, 5, 10), LIMITS))["cx_nps_score"]
    assert 0.0 == _scores(samples("csat", (10, 0, 0, 0, 0), LIMITS))["cx_csat_ratio"]


def test_a_single_answer_has_a_mean_without_an_interval() -> None:
    """Its ends are absent, not equal to the mean."""
    found = _scores(samples("ces", (0, 0, 0, 0, 1, 0, 0), Limits(0, 0)))
    assert 5.0 == found["cx_ces_mean"]
    assert "cx_ces_mean_lower" not in found


def test_scores_come_from_added_counts_and_not_from_averaged_scores() -> None:
    """A channel of 10 at +100 and one of 90 at 0 make +10, not +50."""
    small, large = (10, 0, 0), (0, 90, 0)
    merged = tuple(a + b for a, b in zip(small, large, strict=True))
    assert 10.0 == _scores(samples("nps", merged, LIMITS))["cx_nps_score"]


@given(st.integers(0, 500).flatmap(lambda sent: st.tuples(st.just(sent), st.integers(0, sent))))
def test_a_response_rate_is_never_above_1(tally: Tally) -> None:
    """Both counts are of the same cohort, and the interval is clipped."""
    assert all(0 <= value <= 1 for value in _scores(samples("response", tally, LIMITS)).values())


@given(st.sampled_from(sorted(FAMILIES)), st.data())
def test_every_sample_is_in_the_catalogue_with_its_labels(family: str, data: st.DataObject) -> None:
    """Names and labels stand once, as data; nothing else may be exported."""
    tally = data.draw(any_of(family, st.integers(0, 50)))
    for sample in samples(family, tally, LIMITS):
        assert catalogue.BY_NAME[sample.metric_family].own_labels == tuple(name for name, _ in sample.labels)
        assert catalogue.BY_NAME[sample.metric_family].available


def test_who_waits_is_told_however_few_they_are() -> None:
    """It is work that is to be done, and no answer; a state has no confidence."""
    assert (
        Sample("cx_tickets_waiting", (), 1.0),
        Sample("cx_oldest_waiting_seconds", (), 60.0),
    ) == samples("waiting", (1, 60_000), LIMITS)
