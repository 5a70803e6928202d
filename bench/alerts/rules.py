"""What others use: thresholds on a window, z-scores, burn rates; and the optimum for a drop that is known.

Each takes counts by minute, series and category and says, by minute and series, whether it is firing.
"""

import math

import numpy as np

from bench.alerts.answers import NORMAL, Counts, Floats, Shares, divergence
from bench.alerts.esr import Flags

_VARIANCE = 0.61
_MEAN = 0.3


class Sums:
    """Sums over the last minutes, for windows of any length."""

    def __init__(self, counts: Counts) -> None:
        """Of these counts."""
        self._answers = _running(counts.sum(axis=2))
        self._net = _running(counts[..., 0] - counts[..., 2])
        self._bad = _running(counts[..., 2])

    def window(self, minutes: int) -> tuple[Floats, Floats]:
        """Answers, and promoters less detractors, in the window that ends with each minute."""
        return _last(self._answers, minutes), _last(self._net, minutes)

    def detractors(self, minutes: int) -> Floats:
        """Their share in the window, 0 without answers."""
        return _last(self._bad, minutes) / np.maximum(_last(self._answers, minutes), 1)


def _running(each: np.ndarray[tuple[int, ...], np.dtype[np.int32]]) -> Floats:
    return np.vstack([np.zeros((1, each.shape[1])), np.cumsum(each, axis=0, dtype=np.float64)])


def _last(running: Floats, minutes: int) -> Floats:
    minutes = min(minutes, len(running) - 1)
    out = running[1:].copy()
    out[minutes:] -= running[1:-minutes]
    return out


def held(below: Flags, minutes: int) -> Flags:
    """`for:` a condition must have held for so many minutes before."""
    running = np.vstack([np.zeros((1, below.shape[1]), dtype=np.int64), np.cumsum(below, axis=0)])
    out = np.zeros_like(below)
    out[minutes:] = running[minutes + 1 :] - running[: -minutes - 1] == minutes + 1
    return out


def threshold(sums: Sums, hours: int, points: float) -> Flags:
    """``NPS[hours] < points for 10m``."""
    answers, net = sums.window(60 * hours)
    return held((answers > 0) & (net < points / 100 * answers), 10)


def z_scan(sums: Sums, limit: float = 3.95, every: int = 5) -> Flags:
    """The score of any window from 1 h to 64 h lies so many standard errors below the normal one.

    `every`: minutes from one look to the next. Each look is one more chance to be wrong: once a minute
    instead of every five makes twice as many false alarms.
    """
    worst: Floats | None = None
    for hours in (1, 2, 4, 8, 16, 32, 64):
        answers, net = sums.window(60 * hours)
        z = (_MEAN * answers - net) / np.sqrt(_VARIANCE * np.maximum(answers, 1))
        z[answers < 30] = 0  # cx_low_confidence
        worst = z if worst is None else np.maximum(worst, z)
    assert worst is not None
    looks = np.arange(len(worst)) // every * every
    return (worst > limit)[looks]


def z_score(sums: Sums, limit: float = 3.0) -> Flags:
    """The score of the last hour lies so many standard errors below the mean of the last seven days."""
    answers, net = sums.window(60)
    many, much = sums.window(7 * 1_440)
    z = (much / np.maximum(many, 1) * answers - net) / np.sqrt(_VARIANCE * np.maximum(answers, 1))
    return z > limit


def burn_rate(sums: Sums) -> Flags:
    """More than 14.4 (1 h and 5 min) or 6 times (6 h and 30 min) the allowed 25 % of detractors."""
    fast = np.minimum(sums.detractors(60), sums.detractors(5)) > 14.4 * 0.25
    slow = np.minimum(sums.detractors(360), sums.detractors(30)) > 6 * 0.25
    return np.asarray(fast | slow)


def gain(after: Shares) -> Floats:
    """The log-likelihood ratio of one answer of each category."""
    return np.array([math.log(a / b) for a, b in zip(after, NORMAL, strict=True)])


def height(kl: float, arl: float) -> float:
    """The height at which the optimal CUSUM lets so many answers pass between false alarms."""
    wanted, low, high = arl * kl, 0.0, 60.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if math.expm1(middle) - middle < wanted else (low, middle)
    return low


def optimum(kl: float, arl: float) -> float:
    """D*: answers that the optimal CUSUM needs (Moustakides 1986), from nothing, within one per cent."""
    h = height(kl, arl)
    return (h - 1 + math.exp(-h)) / kl


def cusum(counts: Counts, after: Shares, arl: float) -> Flags:
    """The optimal CUSUM for a known drop; it begins anew after each alarm."""
    won, h = counts @ gain(after), height(divergence(after), arl)
    out = np.zeros(won.shape, dtype=bool)
    climb = np.zeros(won.shape[1])
    for minute, each in enumerate(won):
        climb = np.maximum(0, climb + each)
        out[minute] = climb >= h
        climb[out[minute]] = 0
    return out
