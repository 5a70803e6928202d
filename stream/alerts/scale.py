"""What one answer is worth to the detector, in the unit that its score is exported in.

A score that is watched is the mean of its answers' worth: NPS of +100, 0 and -100, a share of 1 and 0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from stream.scoring import intervals
from stream.scoring.families import Tally
from stream.scoring.intervals import Interval


@dataclass(frozen=True, slots=True)
class Scale:
    """The answers of one metric.

    `worth` is by cell of the family's tallies, None for what is no answer to this score. `tolerate`: how
    much of a drop is not worth a page unless told otherwise. `spread`: the variance that answers usually
    have, as a share of the largest that their mean allows.
    """

    metric: str
    worth: tuple[float | None, ...]
    tolerate: float
    spread: float

    @property
    def low(self) -> float:
        """The worst answer's worth."""
        return min(each for each in self.worth if each is not None)

    @property
    def high(self) -> float:
        """The best answer's worth."""
        return max(each for each in self.worth if each is not None)

    def answers(self, counts: Sequence[int]) -> int:
        """How many answers of a tally make the score."""
        return sum(n for n, worth in zip(counts, self.worth, strict=True) if worth is not None)

    def mean(self, counts: Sequence[int]) -> float:
        """The score of a tally with at least one answer."""
        total = sum(n * worth for n, worth in zip(counts, self.worth, strict=True) if worth is not None)
        return total / self.answers(counts)

    def variance(self, counts: Sequence[int]) -> float:
        """The variance of the answers of a tally with at least one."""
        mean = self.mean(counts)
        squares = (
            n * (worth - mean) ** 2 for n, worth in zip(counts, self.worth, strict=True) if worth is not None
        )
        return sum(squares) / self.answers(counts)

    def usual_variance(self, mean: float) -> float:
        """The variance to reckon with where there are no answers yet to learn it from."""
        return self.spread * (mean - self.low) * (self.high - mean)

    def interval(self, counts: Tally) -> Interval:
        """The 95 % interval of the score of a tally with at least one answer, as the scores have it."""
        n = self.answers(counts)
        if self.metric == "nps":
            return intervals.net_share(counts[0], counts[2], n)
        if self.metric == "ces":
            total = sum(value * count for value, count in enumerate(counts, start=1))
            squares = sum(value * value * count for value, count in enumerate(counts, start=1))
            found = intervals.mean(total, squares, n, lowest=1, highest=len(counts))
            return (self.low, self.high) if found is None else found
        hits = sum(count for count, worth in zip(counts, self.worth, strict=True) if worth == 1)
        return intervals.share(hits, n)


SCALES: Final[Mapping[str, Scale]] = MappingProxyType(
    {
        scale.metric: scale
        for scale in (
            Scale("nps", (100.0, 0.0, -100.0), tolerate=5.0, spread=0.67),
            Scale("csat", (0.0, 0.0, 0.0, 1.0, 1.0), tolerate=0.05, spread=1.0),
            Scale("ces", tuple(map(float, range(1, 8))), tolerate=0.2, spread=0.4),
            Scale("positive", (1.0, None, 0.0), tolerate=0.05, spread=1.0),
        )
    }
)
"""By KPI family, the scores that can be watched."""
