"""The scores as the dashboard shows them: which family, on which axis, from how many answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from grafana.generate import promql
from stream.catalogue import BY_NAME


class Axis(NamedTuple):
    """How Grafana draws a unit of the catalogue: its own unit, decimals, and the ends of the scale."""

    unit: str
    decimals: int
    low: float
    high: float


_AXES = {
    "points": Axis("none", 1, -100, 100),
    "ratio": Axis("percentunit", 1, 0, 1),
    "0-100": Axis("none", 1, 0, 100),
    "1-5": Axis("none", 2, 1, 5),
    "1-7": Axis("none", 2, 1, 7),
}


@dataclass(frozen=True, slots=True)
class Kpi:
    """A score with interval. `metric` is its name in `cx_low_confidence`."""

    title: str
    family: str
    metric: str

    @property
    def description(self) -> str:
        """What the catalogue says, for the panel's tooltip."""
        return BY_NAME[self.family].help

    @property
    def axis(self) -> Axis:
        """The axis of the unit that the catalogue names."""
        return _AXES[BY_NAME[self.family].unit]

    def value(self, end: str = "", **labels: str) -> str:
        """PromQL of the score, or with `end` "_lower" or "_upper" of one end of its interval."""
        base = promql.INTERACTIONS if self.metric == "positive" else promql.SERIES
        return promql.gauge(self.family + end, **(base | labels))

    def n(self, **labels: str) -> str:
        """PromQL of the number of answers (invitations, interactions) that the score rests on."""
        if self.metric == "positive":
            return promql.valued_interactions(**labels)
        if self.metric == "response":
            return promql.gauge("cx_surveys_sent", **(promql.SERIES | labels))
        return promql.answers(self.metric, **labels)


NPS = Kpi("NPS", "cx_nps_score", "nps")
CSAT = Kpi("CSAT", "cx_csat_ratio", "csat")
CES = Kpi("CES", "cx_ces_mean", "ces")
EASY = Kpi("CES easy", "cx_ces_easy_ratio", "ces")
POSITIVE = Kpi("Positive experience", "cx_positive_ratio", "positive")
RESPONSE = Kpi("Response rate", "cx_survey_response_ratio", "response")
INDEX = Kpi("Satisfaction index", "cx_satisfaction_index", "index")
JOURNEYS = Kpi("Journeys achieved", "cx_journey_achieved_ratio", "journey")
CHURN = Kpi("Churn", "cx_churn_ratio", "churn_subscription")
ONCE = Kpi("One-time buyers", "cx_one_time_buyer_ratio", "buyers")
PYRAMID = Kpi("CX pyramid", "cx_pyramid_score", "pyramid")

ALL = (NPS, CSAT, CES, EASY, POSITIVE, RESPONSE)
