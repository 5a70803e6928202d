"""The definitions of scores of customers: churn, retention, one-time buyers, lifetime value. Pure."""

import math
from collections.abc import Callable
from typing import Final

from stream.scoring import intervals, lifetime
from stream.scoring.estimates import Estimate, Limits, Sample
from stream.scoring.families import Tally
from stream.scoring.parameters import Prediction
from stream.scoring.worth import SCALE, Worth, worth

_DAY_MS: Final = 86_400_000


def churn(kind: str) -> Callable[[Tally], tuple[Estimate, ...]]:
    """Define the share of the customers active at a window's start who are not at its end; and who are."""
    labels = (("kind", kind),)

    def estimates(tally: Tally) -> tuple[Estimate, ...]:
        active, lost = tally
        return (
            Estimate("cx_churn_ratio", lost / active, intervals.share(lost, active), labels),
            Estimate("cx_retention_ratio", (active - lost) / active, None, labels),
        )

    return estimates


def customers(kind: str) -> Callable[[Tally], tuple[Sample, ...]]:
    """Define the counts behind it."""
    labels = (("kind", kind),)

    def counts(tally: Tally) -> tuple[Sample, ...]:
        names = ("cx_customers_active", "cx_customers_lost")
        return tuple(Sample(name, labels, count) for name, count in zip(names, tally, strict=True))

    return counts


def buyers(tally: Tally) -> tuple[Estimate, ...]:
    """Return the share of the customers who first bought in the window and have not bought again."""
    once, n = tally[0], sum(tally)
    return (Estimate("cx_one_time_buyer_ratio", once / n, intervals.share(once, n)),)


def worth_of(tally: Tally, limits: Limits) -> tuple[Estimate, ...]:
    """Return by currency what a customer who first bought in the window has brought in, and what one will.

    `tally`: the day on which the window ends, then a sparse tally (``worth.py``).
    """
    found: list[Estimate] = []
    prediction = limits.parameters.prediction
    for currency, each in sorted(worth(tally[1:]).items()):
        if each.customers < max(limits.min_privacy, 1):
            continue
        past = each.total / (each.customers * SCALE)
        found.append(_clv("historical", currency, past))
        if prediction is not None and currency in prediction.spend:
            found.append(_clv("predicted", currency, _predicted(each, tally[0], prediction, currency)))
    return tuple(found)


def _clv(method: str, currency: str, mean: float) -> Estimate:
    return Estimate("cx_clv_mean", mean, None, (("method", method), ("currency", currency)))


def _predicted(of: Worth, day: int, by: Prediction, currency: str) -> float:
    """The mean over customers of purchases within the horizon times mean purchase."""
    unit, ahead = by.unit_ms / _DAY_MS, by.horizon_ms / by.unit_ms
    parts = []
    for alike in of.groups:
        age = alike.last_day - alike.first_day
        known = max(day - alike.first_day, age)
        often = lifetime.purchases(by.frequency, alike.again, age / unit, known / unit, ahead)
        again = alike.later / SCALE
        parts.append(often * lifetime.spent(by.spend[currency], alike.again, again, alike.customers))
    return math.fsum(parts) / of.customers


def valued(tally: Tally) -> int:
    """Return how many customers there are, of the currency with the most."""
    return max((each.customers for each in worth(tally[1:]).values()), default=0)
