"""How many answers a drop takes, against the least that any detector can do with."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from bench.alerts import esr, rules
from bench.alerts.answers import KINDS, NORMAL, Floats, Shares, divergence, least_divergence
from bench.alerts.esr import Bank

POINTS = (5, 10, 15, 25, 40)
ARLS = (10_000, 100_000)
_SETTLE = 5_000
_LONGEST = 30
"""In units of the optimum; later: missed."""


class Efficiency(NamedTuple):
    """Delays in answers: of a drop by `points` of one kind, with `arl` answers between false alarms."""

    kind: str
    points: int
    arl: int
    kl: float
    optimum: float
    """D*, of a detector that knows the normal mix and the mix after the drop."""
    score_optimum: float
    """D*, of one that knows the normal score and the mix after the drop, but not the mix before."""
    mean: float
    standard_error: float
    p90: float
    missed: float
    fresh: float
    """The mean delay of a drop at the very start, with no evidence yet: what D* is of."""
    cusum: float
    """Of the optimal CUSUM in steady state."""

    @property
    def efficiency(self) -> float:
        """D* as a share of our delay in steady state."""
        return self.optimum / self.mean

    @property
    def score_efficiency(self) -> float:
        """The same, against what can be known of a score."""
        return self.score_optimum / self.mean


def efficiencies(seed: int, paths: int) -> Iterator[Efficiency]:
    """For every kind of drop that the normal shares allow."""
    for arl in ARLS:
        rng = np.random.default_rng([seed, arl])
        settled = _settled(rng, paths, arl)
        for kind, shape in KINDS.items():
            for points in POINTS:
                after = shape(points)
                if after is not None:
                    yield _measured(rng, kind, points, arl, after, settled)


def _settled(rng: np.random.Generator, paths: int, arl: float) -> Bank:
    """The state after many unchanged answers, of the paths that have raised nothing."""
    bank, table = Bank.empty(paths), esr.logs(30, 0)
    raised = np.zeros(paths, dtype=bool)
    one = np.ones(paths, dtype=np.int64)
    for _ in range(_SETTLE):
        bank.take(table.T[rng.choice(3, paths, p=NORMAL)], one, arl)
        raised |= bank.active
    return _only(bank, ~raised)


def _only(bank: Bank, chosen: esr.Flags) -> Bank:
    return Bank(bank.capital[chosen], bank.climb[chosen], bank.since[chosen], bank.active[chosen])


def _measured(
    rng: np.random.Generator, kind: str, points: int, arl: int, after: Shares, settled: Bank
) -> Efficiency:
    kl = divergence(after)
    optimum = rules.optimum(kl, arl)
    longest = int(_LONGEST * rules.optimum(least_divergence(after), arl))
    delays = _ours(rng, after, arl, settled, longest)
    hit = delays[np.isfinite(delays)]
    return Efficiency(
        kind,
        points,
        arl,
        kl,
        optimum,
        rules.optimum(least_divergence(after), arl),
        float(hit.mean()),
        float(hit.std() / math.sqrt(hit.size)),
        float(np.quantile(delays, 0.9)),
        float(1 - hit.size / delays.size),
        float(_ours(rng, after, arl, Bank.empty(delays.size), 2 * longest).mean()),
        _optimal(rng, after, arl, delays.size, longest),
    )


def _ours(rng: np.random.Generator, after: Shares, arl: float, settled: Bank, longest: int) -> Floats:
    bank, table = settled.copy(), esr.logs(30, 0)
    delays = np.full(len(bank.active), np.inf)
    waiting = np.arange(len(delays))
    for answer in range(1, longest + 1):
        won = table.T[rng.choice(3, waiting.size, p=after)]
        bank.take(won, np.ones(waiting.size, dtype=np.int64), arl)
        if bank.active.any():
            delays[waiting[bank.active]] = answer
            waiting, bank = waiting[~bank.active], _only(bank, ~bank.active)
            if not waiting.size:
                break
    return delays


def _optimal(rng: np.random.Generator, after: Shares, arl: float, paths: int, longest: int) -> float:
    """The mean delay of the optimal CUSUM, from the steady state it settles in."""
    won, height = rules.gain(after), rules.height(divergence(after), arl)
    climb, delays = np.zeros(paths), np.full(paths, np.nan)
    for _ in range(_SETTLE):
        climb = np.maximum(0, climb + won[rng.choice(3, paths, p=NORMAL)])
        climb[climb >= height] = 0
    for answer in range(1, longest + 1):
        climb = np.maximum(0, climb + won[rng.choice(3, paths, p=after)])
        delays[np.isnan(delays) & (climb >= height)] = answer
        if not np.isnan(delays).any():
            break
    return float(np.nanmean(delays))
