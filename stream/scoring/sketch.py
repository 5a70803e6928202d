"""Quantiles of durations from counts in fixed buckets: mergeable, and exact to take back. Pure.

Up to 127 ms a bucket for each millisecond; above, 64 buckets of equal width for each power of two::

    128 ├┬┬┬ 64 of 2 ms ┬┬┬┤ 256 ├── 64 of 4 ms ──┤ 512 ├── 64 of 8 ms ──┤ 1024 …

A bucket stands for its middle, which is at most 1/128 (0.79 %) from whatever is in it. The edges are whole
numbers, found by shifting bits: no logarithm decides, so every machine puts a duration into the same bucket
and finds it there again. This is the layout of HdrHistogram (Tene); DDSketch (Masson et al., VLDB 2019) has
the same guarantee with logarithms.
"""

from collections.abc import Sequence
from typing import Final

from stream.scoring.sparse import pairs, total

_BITS: Final = 6
_SINGLE: Final = 2 << _BITS
RELATIVE_ERROR: Final = 1 / _SINGLE


def bucket(duration_ms: int) -> int:
    """Return the bucket of a duration of 0 ms or more."""
    if duration_ms < _SINGLE:
        return duration_ms
    shift = duration_ms.bit_length() - _BITS - 1
    return (shift << _BITS) + (duration_ms >> shift)


def middle_ms(number: int) -> float:
    """Return the duration that a bucket stands for."""
    if number < _SINGLE:
        return float(number)
    shift = (number >> _BITS) - 1
    lowest = (number - (shift << _BITS)) << shift
    return lowest + ((1 << shift) - 1) / 2


def quantile_ms(counts: Sequence[int], numerator: int, denominator: int) -> float:
    """Return a quantile of the durations in a sparse tally by bucket, within `RELATIVE_ERROR`.

    The smallest duration that at least `numerator/denominator` of all are not longer than: of an even number
    the median is the lower one of the two in the middle. `counts` must not be empty.
    """
    # Whole numbers: ten times 0.9 must be nine, whatever floats make of it.
    left = -(-total(counts) * numerator // denominator)
    for number, count in pairs(counts):
        left -= count
        if left <= 0:
            return middle_ms(number)
    raise ValueError("a quantile of nothing")
