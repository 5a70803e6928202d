"""What to expect of an alert before it is turned on: the drop is tried out, seeded, on the detector's odds.

The answers are as mixed as answers usually are, tilted to the normal score; the drop changes that mix as
little as it can. Another mix makes other delays: by a fifth or so for NPS.
"""

import math
import random
from collections.abc import Iterator
from statistics import fmean
from typing import Final, NamedTuple

from stream.alerts.bets import BETS, odds, threshold
from stream.alerts.evidence import RAISE_AT
from stream.alerts.scale import SCALES, Scale

USUAL: Final = {
    "nps": (0.5, 0.3, 0.2),
    "csat": (0.04, 0.06, 0.15, 0.40, 0.35),
    "ces": (0.03, 0.05, 0.07, 0.12, 0.20, 0.28, 0.25),
    "positive": (0.8, 0.0, 0.2),
}
"""Shares by cell of answers as they usually are."""
LONGEST_DAYS: Final = 90
_TRIES, _WORK, _SETTLE, _APART = 400, 1_000_000, 2_000, 40

Shares = tuple[float, ...]


class Plan(NamedTuple):
    """A watched series, and the drop to try: scores in the metric's exported unit, answers a day.

    `budget`: false alarms a month of the service; `series`: how many share it.
    """

    metric: str
    normal: float
    drop: float
    per_day: float
    budget: float
    tolerate: float
    series: int
    min_answers: int = 30


class Outlook(NamedTuple):
    """Days until the drop is raised: `mean` of those raised within 90, `most` of nine in ten; None: later.

    `false_alarms_per_month`: at most so many, on average. `optimum`: days that the best detector takes that
    knows the drop, with as many false alarms.
    """

    threshold: float
    false_alarms_per_month: float
    mean: float | None
    most: float | None
    missed: float
    optimum: float


def outlook(plan: Plan, seed: int = 1) -> Outlook:
    """Try the drop. The normal score and the one after it must lie within the scale, not at its ends."""
    scale = SCALES[plan.metric]
    limit = threshold(plan.per_day * 30, plan.budget / plan.series)
    before = tilted(scale, USUAL[plan.metric], plan.normal)
    after = tilted(scale, before, plan.normal - plan.drop)
    best = _optimum(sum(a * math.log(a / b) for a, b in zip(after, before, strict=True) if a), limit)
    rng = random.Random(seed)  # noqa: S311 - seeded, not secret
    days = [delay / plan.per_day for delay in _delays(plan, before, after, limit, best, rng)]
    raised = [each for each in days if each <= LONGEST_DAYS]
    nine_in_ten = sorted(days)[math.ceil(0.9 * len(days)) - 1]
    return Outlook(
        limit,
        plan.per_day * 30 / limit,
        fmean(raised) if raised else None,
        nine_in_ten if nine_in_ten <= LONGEST_DAYS else None,
        1 - len(raised) / len(days),
        best / plan.per_day,
    )


def _delays(
    plan: Plan, before: Shares, after: Shares, limit: float, best: float, rng: random.Random
) -> list[float]:
    """Answers until the drop is raised, in as many tries as take a second or two."""
    scale, most = SCALES[plan.metric], LONGEST_DAYS * plan.per_day
    tries = round(min(_TRIES, max(50, _WORK / min(most, 3 * best))))
    table = odds(scale, plan.normal, plan.tolerate, scale.usual_variance(plan.normal)).logs
    factors = [tuple(math.exp(logs[cell]) for logs in table) for cell in range(len(scale.worth))]
    return [
        max(_delay(rng, after, factors, start, limit, most), plan.min_answers)
        for start in _settled(rng, before, factors, limit, tries)
    ]


def tilted(scale: Scale, shares: Shares, score: float) -> Shares:
    """The shares nearest to these (in Kullback-Leibler divergence) that make the score."""
    width = scale.high - scale.low
    low, high = -100.0 / width, 100.0 / width
    for _ in range(100):
        middle = (low + high) / 2
        found = _tilt(scale, shares, middle)
        mean = sum(share * (worth or 0.0) for share, worth in zip(found, scale.worth, strict=True))
        low, high = (middle, high) if mean < score else (low, middle)
    return _tilt(scale, shares, low)


def _tilt(scale: Scale, shares: Shares, by: float) -> Shares:
    weights = [
        0.0 if worth is None else share * math.exp(by * (worth - scale.high if by > 0 else worth - scale.low))
        for share, worth in zip(shares, scale.worth, strict=True)
    ]
    return tuple(weight / sum(weights) for weight in weights)


def _settled(
    rng: random.Random, shares: Shares, factors: list[tuple[float, ...]], limit: float, tries: int
) -> Iterator[list[float]]:
    """Capital as it is at times in a long unchanged stretch."""
    capital = [0.0] * BETS
    for number, cell in enumerate(rng.choices(factors, shares, k=_SETTLE + tries * _APART)):
        capital = [(each + 1 / BETS) * factor for each, factor in zip(capital, cell, strict=True)]
        if sum(capital) >= RAISE_AT * limit:
            capital = [0.0] * BETS
        if number >= _SETTLE and number % _APART == 0:
            yield capital


def _delay(
    rng: random.Random,
    shares: Shares,
    factors: list[tuple[float, ...]],
    capital: list[float],
    limit: float,
    most: float,
) -> float:
    """Answers until the evidence suffices; infinite beyond `most`."""
    taken = 0
    while taken < most:
        for cell in rng.choices(factors, shares, k=100):
            taken += 1
            capital = [(each + 1 / BETS) * factor for each, factor in zip(capital, cell, strict=True)]
            if sum(capital) >= RAISE_AT * limit:
                return taken
    return math.inf


def _optimum(kl: float, arl: float) -> float:
    """Answers that the optimal CUSUM takes (Moustakides 1986).

    ``(h - 1 + e^-h)/KL`` with ``e^h - h - 1 = ARL·KL``.
    """
    low, high = 0.0, 60.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if math.expm1(middle) - middle < arl * kl else (low, middle)
    return (low - 1 + math.exp(-low)) / kl
