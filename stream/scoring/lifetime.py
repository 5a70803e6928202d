"""What a customer will be worth, in closed form, with given parameters: nothing is fitted here. Pure.

How often: BG/NBD (Fader, Hardie, Lee, "Counting your customers" the easy way, Marketing Science 24, 2005).
How much: Gamma-Gamma (Fader and Hardie, The Gamma-Gamma model of monetary value, 2013). Times are in the unit
in which `r` and `alpha` were fitted.
"""

import math
from functools import lru_cache
from typing import Final, NamedTuple

_TERMS: Final = 10_000
_ENOUGH: Final = 1e-15


class Frequency(NamedTuple):
    """BG/NBD: purchases while alive are Gamma(r, alpha) distributed, dropping out Beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float


class Spend(NamedTuple):
    """Gamma-Gamma: a customer's mean purchase; money in units of the currency that it was fitted in."""

    p: float
    q: float
    v: float


@lru_cache(maxsize=65_536)
def purchases(model: Frequency, x: int, t_x: float, t: float, ahead: float) -> float:
    """Return how often a customer will buy within `ahead` who bought `x` times again, the last at `t_x`.

    `t`: the time since the first purchase. Formula 10 of the paper, after Euler's transformation: the factor
    in front of the hypergeometric function goes into it, and its terms shrink however long one looks ahead.
    """
    r, alpha, a, b = model
    z = ahead / (alpha + t + ahead)
    below = a + b + x - 1
    series = _times_hypergeometric(below, a + b - 1 - r, a - 1, z)
    bought = (below - math.pow(1 - z, a - 1) * series) / (a - 1)
    return bought * alive(model, x, t_x, t)


def alive(model: Frequency, x: int, t_x: float, t: float) -> float:
    """Return the probability that the customer has not dropped out; 1 for who never bought again."""
    r, alpha, a, b = model
    if not x:
        return 1.0
    return 1 / (1 + a / (b + x - 1) * math.pow((alpha + t) / (alpha + t_x), r + x))


def spent(model: Spend, x: int, again: float, customers: int = 1) -> float:
    """Return the sum of the mean purchases to be expected of customers who all bought `x` times again.

    `again`: what they paid on these occasions, all together. The expectation of one, with a mean of m,
    is p·(v + x·m)/(p·x + q - 1): linear in what was paid, so customers add up.
    """
    return model.p * (customers * model.v + again) / (model.p * x + model.q - 1)


def _times_hypergeometric(below: float, one: float, other: float, z: float) -> float:
    """`below` times Gauss's series 2F1(one, other; below; z), 0 <= z < 1: of any `below` > -1, also of 0."""
    total, term = below, one * other * z
    for n in range(1, _TERMS):
        total += term
        if abs(term) <= _ENOUGH * abs(total):
            break
        term *= (one + n) * (other + n) / (below + n) / (n + 1) * z
    return total
