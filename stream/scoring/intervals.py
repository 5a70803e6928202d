"""95 % intervals from whole counts.

Every function takes exact integers and returns ``(lower, upper)`` as floats, clipped to the score's scale, or
None where the data say nothing about the spread. The same counts give the same floats, whoever asks.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final, TypeAlias

Interval: TypeAlias = tuple[float, float]

Z: Final = 1.959964
"""The 97.5 % quantile of the normal distribution, with the digits of the definition."""

_Z_FULL: Final = 1.959963984540054
_TAIL_LEVEL: Final = 0.95
_SUMMED_UP_TO_DF: Final = 200
_NEWTON_STEPS: Final = 4


def net_share(up: int, down: int, n: int) -> Interval:
    """Return the adjusted Wald interval of ``100*(up - down)/n``, in points from -100 to 100.

    Rocks (2016), arXiv 1601.07235: three imagined answers, of them 3/4 up and 3/4 down, keep the interval
    honest for few or unanimous answers, where the plain Wald interval shrinks to nothing. The shares of one
    multinomial are not independent; their covariance is in the formula. `n` must be at least 1.
    """
    adjusted = n + 3
    net = (up - down) / adjusted
    both = (up + down + 1.5) / adjusted
    half = Z * math.sqrt((both - net * net) / adjusted)
    return max(-100.0, 100.0 * (net - half)), min(100.0, 100.0 * (net + half))


def share(hits: int, n: int) -> Interval:
    """Return the Wilson score interval of ``hits/n``, from 0 to 1.

    Wilson (1927), J. Am. Stat. Assoc. 22, 209. `n` must be at least 1.
    """
    middle = hits + Z * Z / 2
    half = Z * math.sqrt(hits * (n - hits) / n + Z * Z / 4)
    whole = n + Z * Z
    # The ends are exact by algebra; in floats they would miss 0 and 1 by a rounding error.
    lower = 0.0 if hits == 0 else (middle - half) / whole
    upper = 1.0 if hits == n else (middle + half) / whole
    return lower, upper


def mean(total: int, squares: int, n: int, *, lowest: int, highest: int) -> Interval | None:
    """Return Student's t interval of a mean, clipped to the scale; None for fewer than two answers.

    `total` is the sum of the answers, `squares` the sum of their squares. The spread is taken from integers
    (``n*squares - total**2``), so it loses no digits however many answers there are.
    """
    if n < 2:
        return None
    spread = (n * squares - total * total) / (n * n * (n - 1))
    half = t_quantile(n - 1) * math.sqrt(spread)
    middle = total / n
    return max(float(lowest), middle - half), min(float(highest), middle + half)


def scaled(
    value: float, variance: float | None, *, low: float, high: float, onto: tuple[float, float]
) -> tuple[float, Interval | None]:
    """Return a mean from the scale `low`-`high` on another scale, and its normal interval, clipped to that.

    `variance` is that of the mean, as the delta method gives it; None: there is no interval.
    """
    bottom, top = onto
    factor = (top - bottom) / (high - low)
    score = bottom + (value - low) * factor
    if variance is None:
        return score, None
    half = Z * factor * math.sqrt(variance)
    return score, (max(float(bottom), score - half), min(float(top), score + half))


@lru_cache(maxsize=65_536)
def t_quantile(df: int) -> float:
    """Return the 97.5 % quantile of Student's t distribution with `df` >= 1 degrees of freedom.

    An expansion in 1/df (Abramowitz and Stegun 26.7.5) is right to ten digits for many degrees of freedom;
    for few it is the start of a Newton iteration on the finite sum of the distribution function (26.7.3,
    26.7.4).
    """
    guess = _expansion(df)
    if df > _SUMMED_UP_TO_DF:
        return guess
    for _ in range(_NEWTON_STEPS if df > 2 else 4 * _NEWTON_STEPS):
        guess -= (_within(guess, df) - _TAIL_LEVEL) / (2 * _density(guess, df))
    return guess


def _expansion(df: int) -> float:
    z = _Z_FULL
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92_160,
    )
    return z + sum(term / float(df) ** power for power, term in enumerate(terms, start=1))


def _within(t: float, df: int) -> float:
    """Return P(|T| < t): a sum of df/2 terms in the cosine of atan(t/sqrt(df))."""
    theta = math.atan(t / math.sqrt(df))
    cosine_squared = math.cos(theta) ** 2
    odd = df % 2
    term = math.cos(theta) if odd else 1.0
    total = term if df > 1 else 0.0
    for k in range(2 + odd, df, 2):
        term *= cosine_squared * (k - 1) / k
        total += term
    total *= math.sin(theta)
    return (theta + total) * 2 / math.pi if odd else total


def _density(t: float, df: int) -> float:
    log_scale = math.lgamma((df + 1) / 2) - math.lgamma(df / 2) - math.log(df * math.pi) / 2
    return math.exp(log_scale - (df + 1) / 2 * math.log1p(t * t / df))
