"""Cells of the protocol, by volume and pattern: false alarms of an unchanged score, delay of a real drop."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from bench.alerts import esr, rules
from bench.alerts.answers import DAY, NORMAL, PATTERNS, VOLUMES, Counts, Shares, drawn, tilted
from bench.alerts.esr import Flags
from bench.alerts.rules import Sums
from stream.alerts.bets import threshold

MONTH = 30 * DAY
AFTER = tilted(15)
"""The drop whose delay is measured: from +30 to +15."""
_BLOCK = 10


class Size(NamedTuple):
    """How much is simulated."""

    series: int
    months: int
    drops: int
    alarms: int
    """False alarms of ours that a cell needs."""


FULL = Size(series=60, months=4, drops=400, alarms=100)
QUICK = Size(series=6, months=1, drops=20, alarms=0)
OURS = "e-SR (ours)"


class Cell(NamedTuple):
    """What became of one rule in one cell. Delays are in hours; `missed`: share of drops never raised."""

    rule: str
    volume: int
    pattern: str
    false_alarms: int
    series_months: int
    delay_h: float
    delay_p90_h: float
    missed: float

    @property
    def per_month(self) -> float:
        """False alarms a month of one series; the budget is one."""
        return self.false_alarms / self.series_months


Rule = Callable[[Counts, Sums, float], Flags]
RULES: dict[str, Rule] = {
    "NPS[1h] < 15 for 10m": lambda _c, sums, _a: rules.threshold(sums, 1, 15),
    "NPS[4h] < 17 for 10m": lambda _c, sums, _a: rules.threshold(sums, 4, 17),
    "burn rate, 25 % detractors": lambda _c, sums, _a: rules.burn_rate(sums),
    "z > 3, 1h against 7d": lambda _c, sums, _a: rules.z_score(sums),
    "z-scan > 3.95, 1h to 64h": lambda _c, sums, _a: rules.z_scan(sums),
    OURS: lambda counts, _s, limit: esr.run(counts, esr.logs(30, 0), limit),
    "CUSUM that knows the drop": lambda counts, _s, limit: rules.cusum(counts, AFTER, limit),
}
_AHEAD_DAYS = {10: 14, 100: 4, 1_000: 2}
"""For how long a drop may go unnoticed before it counts as missed."""
_BEFORE_DAYS = 14


def cells(seed: int, size: Size) -> Iterator[Cell]:
    """Every rule in every cell; each cell has its own seed."""
    for number, (volume, pattern) in enumerate((v, p) for v in VOLUMES for p in PATTERNS):
        limit = threshold(volume * 720, 1)
        alarms, months = _enough(seed, number, volume, pattern, limit, size)
        delays = _delays(np.random.default_rng([seed, number, 1]), volume, pattern, limit, size)
        for rule in RULES:
            found = delays[rule]
            hit = found[np.isfinite(found)]
            yield Cell(
                rule,
                volume,
                pattern,
                alarms[rule],
                months,
                float(hit.mean()) if hit.size else float("nan"),
                float(np.quantile(hit, 0.9)) if hit.size else float("nan"),
                float(1 - hit.size / found.size) if found.size else float("nan"),
            )


def _enough(
    seed: int, number: int, volume: int, pattern: str, limit: float, size: Size
) -> tuple[Counter[str], int]:
    """False alarms by rule, and series-months: as many rounds as give ours enough of them, three at most."""
    alarms: Counter[str] = Counter()
    for rounds in (1, 2, 3):
        rng = np.random.default_rng([seed, number, 0] if rounds == 1 else [seed, number, 0, rounds])
        alarms.update(_false_alarms(rng, volume, pattern, limit, size))
        if alarms[OURS] >= size.alarms:
            break
    return alarms, rounds * size.series * size.months


def answers(
    rng: np.random.Generator, volume: int, pattern: str, minutes: int, series: int, shares: Shares = NORMAL
) -> Counts:
    """Counts of so many series, made in blocks to save memory."""
    counts = np.empty((minutes, series, 3), dtype=np.int32)
    for start in range(0, series, _BLOCK):
        n = min(_BLOCK, series - start)
        busy = PATTERNS[pattern](rng, minutes, n)
        counts[:, start : start + n] = drawn(rng, busy * volume / 60, shares)
    return counts


def _false_alarms(
    rng: np.random.Generator, volume: int, pattern: str, limit: float, size: Size
) -> dict[str, int]:
    """Rising edges in the months after the first, in which the rules settle."""
    counts = answers(rng, volume, pattern, (1 + size.months) * MONTH, size.series)
    sums, found = Sums(counts), {}
    for name, rule in RULES.items():
        active = rule(counts, sums, limit)[MONTH - 1 :]
        found[name] = int((active[1:] & ~active[:-1]).sum())
    return found


def _delays(
    rng: np.random.Generator, volume: int, pattern: str, limit: float, size: Size
) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    """Hours from a drop, at a random time of day, to the alarm; infinite: missed.

    Series that were raised before it are left out.
    """
    minutes = (_BEFORE_DAYS + 1 + _AHEAD_DAYS[volume]) * DAY
    counts = answers(rng, volume, pattern, minutes, size.drops)
    at = _BEFORE_DAYS * DAY + rng.integers(0, DAY, size.drops)
    worse = answers(rng, volume, pattern, (1 + _AHEAD_DAYS[volume]) * DAY, size.drops, AFTER)
    dropped = np.arange(minutes)[:, None] >= at
    tail = slice(_BEFORE_DAYS * DAY, None)
    counts[tail] = np.where(dropped[tail, :, None], worse, counts[tail])
    sums, found = Sums(counts), {}
    for name, rule in RULES.items():
        active = rule(counts, sums, limit)
        quiet = ~active[at - 1, np.arange(size.drops)]
        raised = active & dropped
        first = np.where(raised.any(axis=0), raised.argmax(axis=0) - at + 1, np.inf) / 60
        found[name] = first[quiet & (first <= 24 * _AHEAD_DAYS[volume])]
        missed = int((quiet & (first > 24 * _AHEAD_DAYS[volume])).sum())
        found[name] = np.append(found[name], np.full(missed, np.inf))
    return found
