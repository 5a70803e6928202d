"""What comes out of a tally: samples, and scores with their intervals. Pure."""

from typing import NamedTuple, TypeAlias

from stream.scoring.intervals import Interval
from stream.scoring.parameters import Parameters

Labels: TypeAlias = tuple[tuple[str, str], ...]


class Limits(NamedTuple):
    """Answers needed before anything is shown, and before a score is relied upon; parameters of scores."""

    min_privacy: int
    min_responses: int
    parameters: Parameters = Parameters()


class Sample(NamedTuple):
    """One exported value. `labels` are the metric family's own, after those of series and window."""

    metric_family: str
    labels: Labels
    value: float


class Estimate(NamedTuple):
    """A score in its exported unit, with its 95 % interval where there is one.

    `labels` are the metric family's own.
    """

    metric_family: str
    value: float
    interval: Interval | None
    labels: Labels = ()

    def samples(self) -> tuple[Sample, ...]:
        """Return the score and, where it has an interval, the two ends."""
        score = Sample(self.metric_family, self.labels, self.value)
        if self.interval is None:
            return (score,)
        lower, upper = self.interval
        return (
            score,
            Sample(f"{self.metric_family}_lower", self.labels, lower),
            Sample(f"{self.metric_family}_upper", self.labels, upper),
        )
