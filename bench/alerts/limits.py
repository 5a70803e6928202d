"""What the bound does not cover: a wrong `normal`, a truth that wanders, a baseline that is learned."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from bench.alerts import esr
from bench.alerts.answers import DAY, NORMAL, Counts, Floats, drawn, tilted
from bench.alerts.cells import MONTH, Size
from bench.alerts.esr import NPS, Bank
from stream.alerts.bets import DAY_MS, odds, threshold
from stream.alerts.history import History

_VOLUME = 100
_WANDER = 3.0


class Limit(NamedTuple):
    """False alarms a month of one series, in one situation."""

    situation: str
    tolerate: float
    false_alarms: int
    series_months: int

    @property
    def per_month(self) -> float:
        """The budget is one."""
        return self.false_alarms / self.series_months


def limits(seed: int, size: Size) -> Iterator[Limit]:
    """All of them, at 100 answers an hour, always as busy."""
    minutes = (1 + size.months) * MONTH
    for number, wanders in enumerate((False, True)):
        rng = np.random.default_rng([seed, 77, number])
        counts = _answers(rng, minutes, size.series, wanders=wanders)
        truth = f"truth wanders (sd {_WANDER:g} points a day)" if wanders else "truth is constant"
        for off, told in ((0, "`normal` is right"), (1, "`normal` is one point too high")):
            if off and wanders:
                continue
            for tolerate in (0.0, 5.0):
                active = esr.run(counts, esr.logs(30 + off, tolerate), threshold(_VOLUME * 720, 1))
                yield Limit(f"{truth}, {told}", tolerate, _raised(active), size.series * size.months)
        for tolerate in (0.0, 5.0):
            active = _learned(counts, tolerate)
            yield Limit(f"{truth}, `normal` is learned", tolerate, _raised(active), size.series * size.months)


def _raised(active: esr.Flags) -> int:
    later = active[MONTH - 1 :]
    return int((later[1:] & ~later[:-1]).sum())


def _answers(rng: np.random.Generator, minutes: int, series: int, *, wanders: bool) -> Counts:
    """Day by day; the score of each day is drawn anew about the normal one when it wanders."""
    counts = np.empty((minutes, series, 3), dtype=np.int32)
    for start in range(0, minutes, DAY):
        shares = np.array(
            [tilted(30 + _WANDER * rng.standard_normal()) if wanders else NORMAL for _ in range(series)]
        )
        counts[start : start + DAY] = drawn(rng, np.full((DAY, series), _VOLUME / 60), shares)
    return counts


def _learned(counts: Counts, tolerate: float) -> esr.Flags:
    """The product's history, baseline and odds, once a day and series; vectorised within a day."""
    minutes, series, _ = counts.shape
    bank, active = Bank.empty(series), np.zeros((minutes, series), dtype=bool)
    histories = [History((0, 0, 0)) for _ in range(series)]
    tables, limit = np.zeros((series, len(bank.capital[0]), 3)), np.ones(series)
    known = False
    for start in range(0, minutes, DAY):
        now_ms = start // DAY * DAY_MS + 60_000
        for each, history in enumerate(histories):
            history.roll(now_ms)
            baseline = history.baseline(NPS)
            if baseline.normal is not None and not bank.active[each]:
                known = True
                tables[each] = _odds(baseline.normal, tolerate, baseline.variance)
            limit[each] = threshold(history.answers_per_month(now_ms), 1)
        day = counts[start : start + DAY]
        if known:
            won, answers = np.einsum("mrc,rkc->mrk", day, tables), day.sum(axis=2, dtype=np.int64)
            for minute in range(len(day)):
                bank.take(won[minute], answers[minute], limit)
                active[start + minute] = bank.active
        learn = ~active[start : start + DAY, :, None]
        for each, history in enumerate(histories):
            normal = tuple(map(int, (day * learn)[:, each].sum(axis=0)))
            history.add(normal, int(day[:, each].sum()), learn=True)
    return active


def _odds(normal: float, tolerate: float, variance: float | None) -> Floats:
    assert variance is not None
    return np.array(odds(NPS, normal, tolerate, variance).logs)
