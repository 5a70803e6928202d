"""Winnings since they were last nothing; the cap; the best bet."""

import math

import pytest

from stream.alerts.bets import odds
from stream.alerts.evidence import Evidence
from stream.alerts.scale import SCALES

NPS = SCALES["nps"]
BETS = odds(NPS, 30, 0, 6100)


def test_winnings_are_a_cusum_of_each_bet() -> None:
    """Never below nothing, whatever was lost before."""
    evidence, wanted = Evidence(), [0.0] * 6
    for counts in ((9, 1, 0), (1, 1, 3), (0, 2, 2), (1, 0, 0), (0, 0, 4)):
        evidence.take(BETS, counts, sum(counts), 72_000)
        won = [sum(n * log for n, log in zip(counts, logs, strict=True)) for logs in BETS.logs]
        wanted = [max(0.0, a + b) for a, b in zip(wanted, won, strict=True)]
    assert pytest.approx(wanted) == evidence.climb
    assert max(wanted) == pytest.approx(evidence.climb[evidence.best])


def test_capital_is_capped_at_ten_thresholds_a_bet() -> None:
    """A drop of a year must not take a year to clear."""
    evidence = Evidence()
    for _ in range(100):
        evidence.take(BETS, (0, 0, 100), 100, 72_000)
    assert 60 == pytest.approx(evidence.ratio(72_000))


def test_a_pane_of_any_size_is_finite() -> None:
    """A million answers at once, all of the best or all of the worst."""
    for counts in ((10**6, 0, 0), (0, 0, 10**6)):
        evidence = Evidence()
        evidence.take(BETS, counts, 10**6, 72_000)
        assert math.isfinite(evidence.ratio(72_000))
        assert all(map(math.isfinite, evidence.capital))
