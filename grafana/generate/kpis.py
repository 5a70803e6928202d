"""The scores as the dashboard shows them: which family, on which axis, from how many answers."""

from __future__ import annotations

from dataclasses import dataclass

from grafana.generate import promql
from stream.catalogue import BY_NAME


@dataclass(frozen=True, slots=True)
class Kpi:
    """A score with interval. `metric`: its name in `cx_low_confidence`; `low`, `high`: ends of its scale."""

    title: str
    family: str
    metric: str
    unit: str
    decimals: int
    low: float
    high: float

    @property
    def description(self) -> str:
        """What the catalogue says, for the panel's tooltip."""
        return BY_NAME[self.family].help

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


NPS = Kpi("NPS", "cx_nps_score", "nps", "none", 1, -100, 100)
CSAT = Kpi("CSAT", "cx_csat_ratio", "csat", "percentunit", 1, 0, 1)
CES = Kpi("CES", "cx_ces_mean", "ces", "none", 2, 1, 7)
EASY = Kpi("CES easy", "cx_ces_easy_ratio", "ces", "percentunit", 1, 0, 1)
POSITIVE = Kpi("Positive experience", "cx_positive_ratio", "positive", "percentunit", 1, 0, 1)
RESPONSE = Kpi("Response rate", "cx_survey_response_ratio", "response", "percentunit", 1, 0, 1)

ALL = (NPS, CSAT, CES, EASY, POSITIVE, RESPONSE)
