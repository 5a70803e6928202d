"""What is simulated: shares of promoters, passives and detractors, and how many answers come when."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Shares = tuple[float, float, float]
Floats = NDArray[np.float64]
Counts = NDArray[np.int32]
"""By minute, series and category."""

NORMAL: Shares = (0.5, 0.3, 0.2)
"""An NPS of +30."""
VOLUMES = (10, 100, 1_000)
"""Answers an hour, on average over a month."""
DAY = 1_440
"""Minutes."""


def tilted(points: float, shares: Shares = NORMAL) -> Shares:
    """The shares nearest to these (in Kullback-Leibler divergence) with a score of so many points."""
    low, high = -20.0, 20.0
    for _ in range(200):
        middle = (low + high) / 2
        promoters, _, detractors = _tilt(shares, middle)
        low, high = (middle, high) if 100 * (promoters - detractors) < points else (low, middle)
    return _tilt(shares, low)


def _tilt(shares: Shares, by: float) -> Shares:
    weights = [share * math.exp(by * x) for share, x in zip(shares, (1, 0, -1), strict=True)]
    total = sum(weights)
    return weights[0] / total, weights[1] / total, weights[2] / total


def moved(points: float, source: int, target: int) -> Shares | None:
    """The normal shares after a drop by so many points from one category to the next; None: too few there."""
    shares = list(NORMAL)
    shares[source] -= points / 100
    shares[target] += points / 100
    return (shares[0], shares[1], shares[2]) if shares[source] >= 0 else None


KINDS: dict[str, Callable[[float], Shares | None]] = {
    "even": lambda points: tilted(30 - points),
    "promoter→passive": lambda points: moved(points, 0, 1),
    "passive→detractor": lambda points: moved(points, 1, 2),
}


def divergence(after: Shares, before: Shares = NORMAL) -> float:
    """Kullback-Leibler divergence, in nats an answer."""
    return sum(a * math.log(a / b) for a, b in zip(after, before, strict=True) if a)


def least_divergence(after: Shares, normal: float = 0.3) -> float:
    """The divergence from the nearest shares whose score is normal: all that a drop of the *score* shows.

    It is the growth of the best single bet (Honda and Takemura 2010, arXiv 0905.2776).
    """
    low, high = 0.0, (1 - 1e-9) / (1 - normal)

    def growth(rate: float) -> float:
        return sum(p * math.log1p(rate * (normal - x)) for p, x in zip(after, (1, 0, -1), strict=True))

    for _ in range(200):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        low, high = (left, high) if growth(left) < growth(right) else (low, right)
    return growth(low)


def constant(_: np.random.Generator, minutes: int, series: int) -> Floats:
    """Always as busy."""
    return np.ones((minutes, series))


def day_night(_: np.random.Generator, minutes: int, series: int) -> Floats:
    """Nineteen times as busy at the height of the day as in the depth of the night."""
    wave = 1 - 0.9 * np.cos(2 * np.pi * np.arange(minutes) / DAY)
    return np.repeat(wave[:, None], series, axis=1)


def bursts(rng: np.random.Generator, minutes: int, series: int) -> Floats:
    """Half of the answers in half an hour a day on average, at any time."""
    starts = rng.random((minutes, series)) < 1 / DAY
    running = np.cumsum(starts, axis=0)
    before = np.vstack([np.zeros((min(30, minutes), series)), running[:-30]])
    return np.asarray(0.5 + 24 * (running - before))


def silence(rng: np.random.Generator, minutes: int, series: int) -> Floats:
    """Nothing at all for eight hours, every second day on average."""
    starts = rng.random((minutes, series)) < 1 / (2 * DAY)
    running = np.cumsum(starts, axis=0)
    before = np.vstack([np.zeros((min(480, minutes), series)), running[:-480]])
    return np.where(running - before > 0, 0.0, math.exp(1 / 6))


PATTERNS = {"constant": constant, "day-night": day_night, "bursts": bursts, "silence": silence}


def drawn(rng: np.random.Generator, per_minute: Floats, shares: Shares | Floats) -> Counts:
    """Poisson counts by category; `shares` for all, or by minute, series and category."""
    return np.asarray(rng.poisson(per_minute[..., None] * np.asarray(shares)), dtype=np.int32)
