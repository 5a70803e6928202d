"""Calibration: from what the operator wants to the odds of each bet, and to what the evidence must reach.

The null hypothesis is that an answer is worth at least ``bar = normal - tolerate`` on average, whatever came
before it. Bet k multiplies its capital by ``1 + rate_k*(bar - worth)`` at each answer: on average by at most
1 under the null. The rate that grows fastest after a drop by d below the bar is near ``d/(variance + d**2)``;
which d it will be is not known, so six are bet on. (Shin, Ramdas, Rinaldo 2023, arXiv 2203.03532.)
"""

import math
from typing import Final, NamedTuple

from stream.alerts.scale import Scale

STEPS: Final = (1, 2, 3, 5, 8, 12)
"""The drops that are bet on, in units of the scale's usual tolerance: 5, 10, 15, 25, 40, 60 points of NPS."""
BETS: Final = len(STEPS)
DAY_MS: Final = 86_400_000
MONTH_MS: Final = 30 * DAY_MS
LEAST_PER_MONTH: Final = 720
"""A series with fewer answers a month is reckoned to have as many: one an hour."""
_MOST_STAKED = 0.95


class Odds(NamedTuple):
    """`rates` by bet; `logs` by bet and cell: what one answer adds to the logarithm of a bet's capital."""

    bar: float
    rates: tuple[float, ...]
    logs: tuple[tuple[float, ...], ...]


def odds(scale: Scale, normal: float, tolerate: float, variance: float) -> Odds:
    """The bets against a score of at least `normal - tolerate`; all in the scale's unit, `variance` squared.

    Raises ValueError unless the bar lies above the worst answer and not above the best: otherwise no answers
    could ever show a drop.
    """
    bar = normal - tolerate
    if not scale.low < bar <= scale.high:
        raise ValueError(f"above {scale.low:g} and at most {scale.high:g} after `tolerate` is taken off")
    most = _MOST_STAKED / (scale.high - bar) if scale.high > bar else math.inf
    drops = [step * scale.tolerate for step in STEPS]
    rates = tuple(min(most, drop / (variance + drop * drop)) for drop in drops)
    logs = tuple(
        tuple(0.0 if worth is None else math.log1p(rate * (bar - worth)) for worth in scale.worth)
        for rate in rates
    )
    return Odds(bar, rates, logs)


def threshold(answers_per_month: float, false_alarms_per_month: float) -> float:
    """How many answers pass, on average and at least, between false alarms of a series with this budget."""
    return max(answers_per_month, LEAST_PER_MONTH) / false_alarms_per_month
