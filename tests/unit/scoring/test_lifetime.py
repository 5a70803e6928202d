"""What a customer will be worth: the published figures, and what must hold whatever the parameters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.scoring.lifetime import Frequency, Spend, alive, purchases, spent

CDNOW = Frequency(r=0.243, alpha=4.414, a=0.793, b=2.426)
SPEND = Spend(p=6.25, q=3.74, v=15.44)


def test_purchases_to_come_meet_the_published_figure() -> None:
    """Customer 0001 of CDNOW, in weeks."""
    assert 1.226 == pytest.approx(purchases(CDNOW, 2, 30.43, 38.86, 39), abs=0.0005)
    assert 0.7266 == pytest.approx(alive(CDNOW, 2, 30.43, 38.86), abs=0.0001)


@pytest.mark.parametrize(
    ("mean", "x", "expected"), [(22.35, 2, 24.65), (11.77, 1, 18.91), (0, 0, 35.17), (73.74, 7, 71.46)]
)
def test_mean_purchases_meet_the_published_figures(mean: float, x: int, expected: float) -> None:
    """Within what the printed parameters leave open."""
    assert expected == pytest.approx(spent(SPEND, x, x * mean), rel=0.002)


def test_who_never_bought_again_is_alive() -> None:
    """The model lets nobody drop out before a second purchase."""
    assert 1.0 == alive(CDNOW, 0, 0, 100)


def test_parameters_that_add_up_to_one_are_like_their_neighbours() -> None:
    """For who never bought again the formula then divides by nothing."""
    at, beside = (Frequency(r=0.5, alpha=2, a=0.4, b=b) for b in (0.6, 0.6 + 1e-9))
    assert 0 < purchases(at, 0, 0, 30, 10) == pytest.approx(purchases(beside, 0, 0, 30, 10), rel=1e-6)


def test_customers_alike_add_up() -> None:
    """The sum over two is that of both."""
    assert spent(SPEND, 2, 50.0) + spent(SPEND, 2, 10.0) == pytest.approx(spent(SPEND, 2, 60.0, 2))


@given(
    st.builds(
        Frequency,
        *[st.floats(0.1, 5)] * 2,
        st.floats(0.1, 5).filter(lambda a: abs(a - 1) > 0.01),
        st.floats(0.5, 5),
    ),
    st.integers(0, 20),
    st.floats(0, 1),
    st.floats(0.1, 100),
    st.floats(0.1, 60),
)
def test_whoever_looks_further_ahead_expects_more(
    model: Frequency, x: int, part: float, t: float, ahead: float
) -> None:
    """And never less than nothing."""
    soon, later = (purchases(model, x, part * t, t, each) for each in (ahead, 2 * ahead))
    assert 0 <= soon <= later


@given(st.integers(1, 8), st.floats(0, 1), st.floats(1, 60))
def test_a_little_time_brings_what_the_rate_says(x: int, part: float, t: float) -> None:
    """For a short time ahead: alive times the mean rate, (r + x)/(alpha + T) of who is alive."""
    ahead = 1e-5
    rate = (CDNOW.r + x) / (CDNOW.alpha + t)
    expected = alive(CDNOW, x, part * t, t) * rate * ahead
    assert expected == pytest.approx(purchases(CDNOW, x, part * t, t, ahead), rel=1e-3)
