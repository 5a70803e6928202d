"""The capital of the bets, and since when the best of them has been winning.

Each answer brings every bet 1/6 of fresh capital, which is then staked with the rest:

    capital_k ← (capital_k + n/6) · Π_cells exp(log_k[cell] · count[cell])
    evidence  = Σ capital / threshold

Under the null ``Σ capital - answers`` is a supermartingale, so at least `threshold` answers pass on average
before the evidence reaches 1: for any mix of answers, any volume and any cut into panes.
"""

import math
from collections.abc import Sequence
from typing import Final

from msgspec import Struct, field

from stream.alerts.bets import BETS, Odds

RAISE_AT: Final = 1.0
CLEAR_BELOW: Final = 0.1
_CAP = 10.0
"""Capital beyond ten thresholds would only make the alarm stand longer after the recovery."""
_NOTHING = -700.0
"""The logarithm of no capital, as a number that every format can hold."""


class Evidence(Struct, array_like=True):
    """By bet: the logarithm of its capital, and its winnings since they were last nothing (a CUSUM)."""

    capital: list[float] = field(default_factory=lambda: [_NOTHING] * BETS)
    climb: list[float] = field(default_factory=lambda: [0.0] * BETS)

    def take(self, odds: Odds, counts: Sequence[int], answers: int, threshold: float) -> None:
        """Take the counts of a pane with `answers` > 0 answers to the score."""
        fresh, cap = math.log(answers / BETS), math.log(_CAP * threshold)
        for bet, logs in enumerate(odds.logs):
            won = sum(n * log for n, log in zip(counts, logs, strict=True))
            self.capital[bet] = min(_log_sum(self.capital[bet], fresh) + won, cap)
            self.climb[bet] = max(0.0, self.climb[bet] + won)

    def ratio(self, threshold: float) -> float:
        """The evidence, as a share of what raises the alarm."""
        return sum(math.exp(each - math.log(threshold)) for each in self.capital)

    @property
    def best(self) -> int:
        """The bet that has won most since its winnings were last nothing."""
        return max(range(BETS), key=self.climb.__getitem__)


def _log_sum(a: float, b: float) -> float:
    """The logarithm of ``exp(a) + exp(b)``."""
    return max(a, b) + math.log1p(math.exp(-abs(a - b)))
