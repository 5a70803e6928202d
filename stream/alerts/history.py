"""The last 28 days of a series, by day: how many answers it has, and what is normal for it."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from msgspec import Struct, field

from stream.alerts.bets import DAY_MS, LEAST_PER_MONTH, MONTH_MS
from stream.alerts.scale import Scale
from stream.scoring.families import Tally

DAYS: Final = 28
_HOUR_MS = 3_600_000
_NOT_LEARNED_DAYS = 2
"""The last two days are not learned from: a drop that is not yet found would hide itself."""
_LEAST_DAYS = 14
_LEAST_ANSWERS = 100
"""Fewer say too little about the variance."""


class Day(Struct, array_like=True):
    """`number` counts days (UTC) since 1970. `counts` leave out what came while an alarm stood."""

    number: int
    answers: int
    counts: Tally


class Baseline(NamedTuple):
    """The score that a learned series is held to, None before there are 14 days; the answers' variance."""

    normal: float | None
    variance: float | None


class History(Struct, array_like=True):
    """Today and the 28 days before it, oldest first; `total` adds up their counts."""

    total: Tally
    days: list[Day] = field(default_factory=list)
    first_ms: int = -1

    def roll(self, at_ms: int) -> bool:
        """Let the day of the pane that ends at `at_ms` be today; whether it is another than before."""
        today = _day(at_ms)
        if self.days and self.days[-1].number >= today:
            return False
        if self.first_ms < 0:
            self.first_ms = at_ms
        self.days = [day for day in self.days if day.number >= today - DAYS]
        self.days.append(Day(today, 0, (0,) * len(self.total)))
        self.total = _sum([day.counts for day in self.days])
        return True

    def add(self, counts: Sequence[int], answers: int, *, learn: bool) -> None:
        """Take a pane's counts, after `roll`. `learn`: whether they are normal, as far as one knows."""
        today = self.days[-1]
        today.answers += answers
        if learn:
            today.counts = _sum([today.counts, counts])
            self.total = _sum([self.total, counts])

    def answers_per_month(self, at_ms: int) -> float:
        """How many there would be in 30 days as busy as these; at least 720."""
        oldest_ms = max(self.first_ms, (_day(at_ms) - DAYS) * DAY_MS)
        passed_ms = max(at_ms - oldest_ms, _HOUR_MS)
        return max(LEAST_PER_MONTH, sum(day.answers for day in self.days) * MONTH_MS / passed_ms)

    def baseline(self, scale: Scale) -> Baseline:
        """What the days before the last two say; the learned score is one standard error below the mean."""
        today = self.days[-1].number
        learned = [day.counts for day in self.days if day.number < today - _NOT_LEARNED_DAYS]
        counts = _sum([(0,) * len(self.total), *learned])
        answers = scale.answers(counts)
        if answers < _LEAST_ANSWERS:
            return Baseline(None, None)
        variance = scale.variance(counts)
        known_days = today - max(_day(self.first_ms), today - DAYS)
        if known_days < _LEAST_DAYS:
            return Baseline(None, variance)
        return Baseline(scale.mean(counts) - math.sqrt(variance / answers), variance)


def _day(at_ms: int) -> int:
    """The day of a pane by its end: half-open, so a pane that ends at midnight belongs to the day before."""
    return (at_ms - 1) // DAY_MS


def _sum(tallies: Sequence[Sequence[int]]) -> Tally:
    return tuple(map(sum, zip(*tallies, strict=True)))
