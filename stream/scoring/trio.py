"""Three answers of one response that make one score: sums from which mean and variance follow. Pure.

The answers of one person go together, so the variance of a weighted mean of three means needs, beside each
metric's own sums, those of the responses that answered two of them::

    for each metric i      n  Σx  Σx²          over the responses that answered i
    for each pair i, j     n  Σxᵢ  Σxⱼ  Σxᵢxⱼ   over those that answered both
    responses              how many answered any of the three

All are whole numbers, so a response is taken back by subtracting what it added. The weights come in when the
score is computed, not here: other weights need no other counts.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Final, NamedTuple

PAIRS: Final = tuple(combinations(range(3), 2))
RESPONSES: Final = 9 + 4 * len(PAIRS)
"""The cell of the responses, the last one."""


class Mean(NamedTuple):
    """A weighted mean of three means; `variance` None: one response says nothing about the spread."""

    value: float
    variance: float | None


def cells(metrics: Sequence[str]) -> tuple[str, ...]:
    """The names of the cells of a tally, in order."""
    own = [f"{metric} {what}" for metric in metrics for what in ("n", "sum", "squares")]
    both = [
        f"{metrics[i]} {metrics[j]} {what}" for i, j in PAIRS for what in ("n", "first", "second", "products")
    ]
    return (*own, *both, "responses")


def tally_of(values: Sequence[int | None]) -> list[int]:
    """What a response adds, by its three values; None: not answered. At least one is answered."""
    found: list[int] = []
    for value in values:
        found += (0, 0, 0) if value is None else (1, value, value * value)
    for i, j in PAIRS:
        one, other = values[i], values[j]
        found += (0, 0, 0, 0) if one is None or other is None else (1, one, other, one * other)
    return [*found, 1]


def least(tally: Sequence[int]) -> int:
    """The fewest answers that one of the three metrics has."""
    return min(tally[0], tally[3], tally[6])


def weighted_mean(tally: Sequence[int], weights: Sequence[float]) -> Mean:
    """Return the weighted mean of the three means, and its variance by the delta method.

    Each mean is a ratio of two sums over responses. To first order the weighted mean moves with response r by
    u(r) = Σᵢ wᵢ·(xᵢ(r) - x̄ᵢ)/nᵢ over what r answered, and its variance is N/(N-1)·Σ u(r)²: the variance of a
    ratio estimator (Cochran, Sampling Techniques, 3rd ed., 6.3). Where every response answers all three it is
    the variance of the mean of N per-response scores. `tally` needs at least one answer of each metric.
    """
    n, total, responses = tally[0:9:3], tally[1:9:3], tally[RESPONSES]
    value = sum(w * s / count for w, s, count in zip(weights, total, n, strict=True))
    if responses < 2:
        return Mean(value, None)
    squares = sum(weights[i] ** 2 * (n[i] * tally[3 * i + 2] - total[i] ** 2) / n[i] ** 3 for i in range(3))
    for place, (i, j) in enumerate(PAIRS):
        both, one, other, products = tally[9 + 4 * place : 13 + 4 * place]
        # Whole numbers up to the division: nothing cancels badly however many answers there are.
        common = (
            n[i] * n[j] * products
            - n[i] * total[j] * one
            - n[j] * total[i] * other
            + total[i] * total[j] * both
        )
        squares += 2 * weights[i] * weights[j] * common / (n[i] * n[j]) ** 2
    return Mean(value, max(0.0, squares) * responses / (responses - 1))
