"""The product's detector, vectorised over series: the same odds, thresholds and rules."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.alerts.answers import Counts, Floats
from stream.alerts.bets import BETS, odds
from stream.alerts.evidence import CLEAR_BELOW, RAISE_AT
from stream.alerts.scale import SCALES

NPS = SCALES["nps"]
MIN_ANSWERS = 30
_CAP = 10.0
Flags = NDArray[np.bool_]


def logs(normal: float, tolerate: float) -> Floats:
    """By bet and category: what one answer adds to the logarithm of the capital."""
    return np.array(odds(NPS, normal, tolerate, NPS.usual_variance(normal)).logs)


@dataclass
class Bank:
    """The state of so many series: capital and winnings by series and bet."""

    capital: Floats
    climb: Floats
    since: NDArray[np.int64]
    active: Flags

    @classmethod
    def empty(cls, series: int) -> "Bank":
        """As of a series that was never seen."""
        shape = series, BETS
        return cls(
            np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=np.int64), np.zeros(series, dtype=bool)
        )

    def copy(self) -> "Bank":
        """The same state, to go on from in another way."""
        return Bank(self.capital.copy(), self.climb.copy(), self.since.copy(), self.active.copy())

    def ratio(self, threshold: float | Floats) -> Floats:
        """The evidence by series."""
        return np.asarray(self.capital.sum(axis=1) / threshold)

    def take(self, won: Floats, answers: NDArray[np.int64], threshold: float | Floats) -> None:
        """Take one pane. `won`: logarithms by series and bet; `answers`, `threshold`: by series."""
        self.capital += (answers / BETS)[:, None]
        self.capital *= np.exp(won)
        np.minimum(self.capital, _CAP * np.asarray(threshold)[..., None], out=self.capital)
        self.climb += won
        np.maximum(self.climb, 0, out=self.climb)
        self.since += answers[:, None]
        self.since[self.climb == 0] = 0
        evidence = self.ratio(threshold)
        if self.active.any():
            cleared = self.active & (evidence < CLEAR_BELOW)
            self.active &= ~cleared
            self.capital[cleared] = 0
            self.climb[cleared] = 0
            self.since[cleared] = 0
        high = np.flatnonzero(~self.active & (evidence >= RAISE_AT))
        if high.size:
            best = self.climb[high].argmax(axis=1)
            self.active[high[self.since[high, best] >= MIN_ANSWERS]] = True


def run(counts: Counts, table: Floats, threshold: float, bank: Bank | None = None) -> Flags:
    """Whether the alarm stands, by minute and series."""
    minutes, series, _ = counts.shape
    bank = Bank.empty(series) if bank is None else bank
    active = np.zeros((minutes, series), dtype=bool)
    for start in range(0, minutes, 10_000):
        chunk = counts[start : start + 10_000]
        won, answers = chunk @ table.T, chunk.sum(axis=2, dtype=np.int64)
        for minute in range(len(chunk)):
            if answers[minute].any():
                bank.take(won[minute], answers[minute], threshold)
            active[start + minute] = bank.active
    return active
