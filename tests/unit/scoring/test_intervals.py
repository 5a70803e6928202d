"""Intervals against published figures, and what must hold for any counts."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.scoring import intervals

_COUNT = st.integers(0, 2_000)


@pytest.mark.parametrize(
    ("expected", "promoters", "passives", "detractors"),
    [
        ((47.5, 100.0), 10, 0, 0),
        ((-19.05, 65.20), 5, 3, 2),
        ((14.05, 44.20), 50, 30, 20),
        ((14.09, 20.81), 250, 675, 75),
    ],
)
def test_net_share_meets_the_published_adjusted_wald_intervals(
    expected: tuple[float, float], promoters: int, passives: int, detractors: int
) -> None:
    """Ten promoters of ten have an interval: the plain Wald one would have no width."""
    n = promoters + passives + detractors
    assert expected == pytest.approx(intervals.net_share(promoters, detractors, n), abs=0.005)


@pytest.mark.parametrize(
    ("expected", "hits", "n"),
    [
        ((0.4902, 0.9433), 8, 10),
        ((0.7112, 0.8666), 80, 100),
        ((0.7225, 1.0), 10, 10),
        ((0.0, 0.2775), 0, 10),
    ],
)
def test_share_meets_the_published_wilson_intervals(expected: tuple[float, float], hits: int, n: int) -> None:
    """No hits and nothing but hits still leave room for doubt."""
    assert expected == pytest.approx(intervals.share(hits, n), abs=0.00005)


@pytest.mark.parametrize(
    ("expected", "df"),
    [
        (12.706204736174707, 1),
        (4.302652729749464, 2),
        (3.182446305283710, 3),
        (2.776445105197793, 4),
        (2.570581835636315, 5),
        (2.228138851986274, 10),
        (2.045229642132703, 29),
        (1.983971518523552, 100),
        (1.971896223633909, 200),
        (1.971836506782102, 201),
        (1.964719837469721, 500),
        (1.962339080826409, 1_000),
        (1.959963986912325, 10**9),
    ],
)
def test_t_quantile_meets_reference_values_to_ten_digits(expected: float, df: int) -> None:
    """Computed with scipy.stats.t.ppf(0.975, df), on both sides of the change of method at 200."""
    assert expected == pytest.approx(intervals.t_quantile(df), rel=1e-11)


def test_t_quantile_falls_steadily_with_the_degrees_of_freedom() -> None:
    """No step where the finite sum hands over to the expansion."""
    quantiles = [intervals.t_quantile(df) for df in range(1, 400)]
    assert sorted(quantiles, reverse=True) == quantiles


def test_mean_is_the_t_interval_of_the_answers() -> None:
    """CSAT 3, 4, 4, 5, 5: mean 4.2, s = 0.8367, t(4) = 2.7764, so 4.2 ± 1.0389, cut at 5."""
    answers = [3, 4, 4, 5, 5]
    found = intervals.mean(sum(answers), sum(a * a for a in answers), 5, lowest=1, highest=5)
    assert (4.2 - 2.7764451051977934 * math.sqrt(0.7 / 5), 5.0) == pytest.approx(found, rel=1e-12)


def test_mean_of_one_answer_has_no_interval() -> None:
    """One answer says nothing about the spread."""
    assert intervals.mean(4, 16, 1, lowest=1, highest=5) is None


def test_mean_of_equal_answers_is_a_point() -> None:
    """The t interval of no spread has no width; many equal answers must not turn a root negative."""
    n = 10**9
    assert intervals.mean(7 * n, 49 * n, n, lowest=1, highest=7) == (7.0, 7.0)


@given(promoters=_COUNT, passives=_COUNT, detractors=_COUNT)
def test_net_share_stays_on_the_scale_and_mirrors(promoters: int, passives: int, detractors: int) -> None:
    """Exchanging promoters and detractors mirrors the interval at 0."""
    n = promoters + passives + detractors
    if n == 0:
        return
    lower, upper = intervals.net_share(promoters, detractors, n)
    assert -100 <= lower <= upper <= 100
    mirrored_lower, mirrored_upper = intervals.net_share(detractors, promoters, n)
    assert (-upper, -lower) == pytest.approx((mirrored_lower, mirrored_upper))


@given(hits=_COUNT, misses=_COUNT)
def test_share_holds_the_share_and_stays_between_0_and_1(hits: int, misses: int) -> None:
    """A share outside its own interval would be absurd on a dashboard."""
    n = hits + misses
    if n == 0:
        return
    lower, upper = intervals.share(hits, n)
    assert 0 <= lower <= hits / n <= upper <= 1


@given(st.lists(_COUNT, min_size=7, max_size=7))
def test_mean_holds_the_mean_and_stays_on_the_scale(counts: list[int]) -> None:
    """The same for means of 1 to 7."""
    n = sum(counts)
    total = sum(answer * count for answer, count in enumerate(counts, start=1))
    squares = sum(answer**2 * count for answer, count in enumerate(counts, start=1))
    if n < 2:
        return
    found = intervals.mean(total, squares, n, lowest=1, highest=7)
    assert found is not None
    assert 1 <= found[0] <= total / n <= found[1] <= 7
