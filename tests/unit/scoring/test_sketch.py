"""Durations in buckets: every one near the middle of its own, quantiles near those of the durations."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.scoring.sketch import RELATIVE_ERROR, bucket, middle_ms, quantile_ms
from stream.scoring.sparse import merged, pairs, total

_DURATIONS = st.one_of(st.integers(0, 300), st.integers(0, 400 * 86_400_000))
_FLAT = st.dictionaries(st.integers(0, 50), st.integers(-3, 3).filter(bool), max_size=6).map(
    lambda found: tuple(each for item in sorted(found.items()) for each in item)
)


def sketched(durations: list[int]) -> list[int]:
    """The sparse tally of durations."""
    counts: list[int] = []
    for each in durations:
        counts = merged(counts, (bucket(each), 1))
    return counts


@given(_DURATIONS)
def test_a_bucket_stands_for_what_is_in_it_within_the_error(duration: int) -> None:
    """At most 1/128 of it."""
    assert abs(middle_ms(bucket(duration)) - duration) <= duration * RELATIVE_ERROR


def test_buckets_follow_one_another_without_gaps() -> None:
    """Each next duration is in the same bucket or the next one."""
    for exponent in range(40):
        for duration in range((1 << exponent) - 2, (1 << exponent) + 3):
            if duration > 0:
                assert bucket(duration) - bucket(duration - 1) in (0, 1)


@pytest.mark.parametrize(("duration", "number"), [(0, 0), (127, 127), (128, 128), (129, 128), (255, 191)])
def test_the_edges(duration: int, number: int) -> None:
    """One for each millisecond below 128, then two wide."""
    assert number == bucket(duration)


@given(st.lists(_DURATIONS, min_size=1, max_size=40), st.sampled_from([50, 90, 95]))
def test_a_quantile_is_that_of_the_durations_within_the_error(durations: list[int], percent: int) -> None:
    """The one at the place ⌈q·n⌉ in order."""
    exact = sorted(durations)[math.ceil(percent * len(durations) / 100) - 1]
    found = quantile_ms(sketched(durations), percent, 100)
    assert abs(found - exact) <= exact * RELATIVE_ERROR


def test_ten_times_nine_tenths_is_nine() -> None:
    """Not ten, as the product of floats would have it where it is a little more."""
    assert 9.0 == quantile_ms(sketched(list(range(1, 11))), 90, 100)


@given(_FLAT, _FLAT, _FLAT)
def test_sparse_counts_add_up_and_can_be_taken_back(
    one: tuple[int, ...], other: tuple[int, ...], third: tuple[int, ...]
) -> None:
    """In any order, and without a trace."""
    assert merged(one, other) == merged(other, one)
    assert merged(merged(one, other), third) == merged(one, merged(other, third))
    assert list(one) == merged(merged(one, other), other, -1)
    assert total(one) + total(other) == total(merged(one, other))
    assert all(count for _, count in pairs(merged(one, other)))
