"""Every metric family that the service exports, once, as data.

`/metrics`, docs/metrics.md, the dashboards and their tests are all made from `FAMILIES`; its order is the order
of export. A family's `name` is the name its samples carry (`cx_records_total`, not `cx_records`).

Label order is part of the contract: first the labels of the series (`SERIES_LABELS`), then the family's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kind(StrEnum):
    """The metric types of the Prometheus exposition formats that are used here."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"
    INFO = "info"


SERIES_LABELS: Final = ("tenant", "level", "by", "channel", "touchpoint", "segment", "window")

_BUILT: Final = 3  # the last issue whose families are all exported

_BASE_UNITS: Final = (
    "seconds",
    "ratio",
    "points",
)  # a count of things is no unit in the sense of OpenMetrics

# Event age runs from "counted at once" to "came with the nightly file".
EVENT_AGE_BUCKETS_S: Final = (
    *(0.05, 0.1, 0.15, 0.25, 0.4, 0.6, 1.0, 2.5, 5.0, 10.0, 30.0),
    *(60.0, 300.0, 900.0, 3600.0, 21600.0, 86400.0),
)


@dataclass(frozen=True, slots=True)
class MetricFamily:
    """One family: what it is called, what it counts, and the labels of its samples in order.

    `unit` is for people and dashboards (`ratio`, `points`, `seconds`, `answers`, `1-7`, ... or "").
    `since` is the issue that brings the family; `available` says whether the service exports it today.
    """

    name: str
    kind: Kind
    unit: str
    help: str
    labels: tuple[str, ...] = ()
    since: int = 3
    available: bool = True
    buckets: tuple[float, ...] = ()

    @property
    def of_series(self) -> bool:
        """Whether samples belong to a series and window, as opposed to the service itself."""
        return self.labels[: len(SERIES_LABELS)] == SERIES_LABELS

    @property
    def own_labels(self) -> tuple[str, ...]:
        """The labels that follow those of the series."""
        return self.labels[len(SERIES_LABELS) :] if self.of_series else self.labels

    @property
    def openmetrics_name(self) -> str:
        """The name in `# HELP` and `# TYPE` of OpenMetrics, which leaves `_total` and `_info` to the samples."""
        suffix = {Kind.COUNTER: "_total", Kind.INFO: "_info"}.get(self.kind, "")
        return self.name.removesuffix(suffix)

    @property
    def openmetrics_unit(self) -> str:
        """The base unit where the family's name ends in it, as OpenMetrics demands, else ""."""
        return next((unit for unit in _BASE_UNITS if self.openmetrics_name.endswith(f"_{unit}")), "")


def _series(  # noqa: PLR0913 - one argument a column of the catalogue
    name: str, unit: str, help_: str, *own: str, kind: Kind = Kind.GAUGE, since: int = 3
) -> MetricFamily:
    """A family of series; those of later issues are listed but not yet available."""
    return MetricFamily(name, kind, unit, help_, SERIES_LABELS + own, since, available=since <= _BUILT)


def _scored(name: str, unit: str, help_: str, *own: str, since: int = 3) -> tuple[MetricFamily, ...]:
    """A score and the two ends of its 95 % interval."""
    what = help_.split(":", maxsplit=1)[0]
    return (
        _series(name, unit, help_, *own, since=since),
        _series(f"{name}_lower", unit, f"{what}: lower end of the 95 % interval.", *own, since=since),
        _series(f"{name}_upper", unit, f"{what}: upper end of the 95 % interval.", *own, since=since),
    )


def _service(name: str, kind: Kind, unit: str, help_: str, *labels: str) -> MetricFamily:
    """A family of the service itself."""
    buckets = EVENT_AGE_BUCKETS_S if kind is Kind.HISTOGRAM else ()
    return MetricFamily(name, kind, unit, help_, labels, buckets=buckets)


_SURVEYS: Final = (
    _series(
        "cx_survey_responses",
        "answers",
        "Survey answers in the window, by metric and category.",
        "metric",
        "category",
    ),
    _series("cx_interactions", "interactions", "Interactions in the window that carry a valence.", "valence"),
    _series("cx_surveys_sent", "invitations", "Survey invitations sent in the window."),
    *_scored(
        "cx_nps_score", "points", "Net Promoter Score: 100 x (promoters - detractors) / answers, -100 to 100."
    ),
    *_scored(
        "cx_csat_ratio", "ratio", "Customer satisfaction, top two boxes: share of answers 4 and 5, 0 to 1."
    ),
    *_scored("cx_csat_mean", "1-5", "Customer satisfaction, mean answer: 1 to 5."),
    *_scored("cx_ces_mean", "1-7", "Customer effort score, mean answer: 1 to 7, higher is easier."),
    *_scored("cx_ces_easy_ratio", "ratio", "Customer effort score, easy: share of answers 5 to 7, 0 to 1."),
    *_scored(
        "cx_positive_ratio", "ratio", "Positive experience: positive / (positive + negative) interactions."
    ),
    *_scored(
        "cx_survey_response_ratio",
        "ratio",
        "Survey response rate: share of the invitations sent in the window that have an answer.",
    ),
    *_scored(
        "cx_satisfaction_index",
        "0-100",
        "Satisfaction index: weighted from three answers, 0 to 100.",
        since=6,
    ),
    *_scored(
        "cx_pyramid_score",
        "points",
        "CX pyramid: share 4 to 5 less share 1 to 2, -100 to 100.",
        "dimension",
        since=6,
    ),
    _series(
        "cx_low_confidence", "", "1 while fewer than CX_MIN_RESPONSES answers are in the window.", "metric"
    ),
)

_OTHER_KPIS: Final = (
    _series(
        "cx_first_response_seconds",
        "seconds",
        "Time to the first public human response, quantile.",
        "quantile",
        "clock",
        since=6,
    ),
    _series("cx_tickets_waiting", "tickets", "Open tickets without a first response.", since=6),
    _series("cx_oldest_waiting_seconds", "seconds", "Age of the oldest waiting ticket.", since=6),
    *_scored(
        "cx_churn_ratio", "ratio", "Churn: customers lost / customers active at the start.", "kind", since=6
    ),
    _series("cx_customers_active", "customers", "Customers active at the window's start.", "kind", since=6),
    _series(
        "cx_customers_lost", "customers", "Customers of these lost at the window's end.", "kind", since=6
    ),
    _series(
        "cx_one_time_buyer_ratio", "ratio", "Share of customers who never bought a second time.", since=6
    ),
    _series(
        "cx_retention_ratio", "ratio", "Customers kept / customers active at the start.", "kind", since=6
    ),
    _series(
        "cx_clv_mean", "money", "Customer lifetime value, mean per customer.", "method", "currency", since=6
    ),
    _series("cx_journey_achieved_ratio", "ratio", "Journeys achieved / journeys ended.", since=6),
    _series(
        "cx_journey_duration_seconds", "seconds", "Duration of ended journeys, quantile.", "quantile", since=6
    ),
)

_DROPS: Final = (
    _series(
        "cx_drop_evidence_ratio", "ratio", "Evidence of a score drop; 1 raises the alarm.", "metric", since=7
    ),
    _series("cx_drop_active", "", "1 while the drop alarm of the series stands.", "metric", since=7),
    _series(
        "cx_drop_points", "points", "Size of the drop: score after less score before.", "metric", since=7
    ),
    _series("cx_drop_since_timestamp_seconds", "seconds", "When the drop began.", "metric", since=7),
    _series(
        "cx_drop_contribution_points",
        "points",
        "Part of the drop from one value of a view, by mix or by rate.",
        *("metric", "view", "value", "part"),
        since=7,
    ),
    _series(
        "cx_drop_late_answers_total",
        "answers",
        "Answers that came after their pane was closed for the detector.",
        "metric",
        kind=Kind.COUNTER,
        since=7,
    ),
    MetricFamily(
        "cx_drop_false_alarms_per_month",
        Kind.GAUGE,
        "alarms",
        "The budget of false alarms of the whole service.",
        since=7,
        available=_BUILT >= 7,  # noqa: PLR2004 - the issue's number
    ),
)

_SERVICE: Final = (
    _service(
        "cx_records_total",
        Kind.COUNTER,
        "records",
        "Source records whose effect is durable, by outcome.",
        *("topic", "outcome"),
    ),
    _service(
        "cx_rejected_total", Kind.COUNTER, "records", "Source records rejected, by reason.", "topic", "reason"
    ),
    _service(
        "cx_corrections_total",
        Kind.COUNTER,
        "corrections",
        "Changes to what had been counted already.",
        "kind",
    ),
    _service("cx_event_age_seconds", Kind.HISTOGRAM, "seconds", "Event time to counted."),
    _service(
        "cx_watermark_timestamp_seconds", Kind.GAUGE, "seconds", "Highest event time accepted.", "topic"
    ),
    _service("cx_consumer_lag_records", Kind.GAUGE, "records", "Source records not yet processed.", "topic"),
    _service("cx_state_ready", Kind.GAUGE, "", "1 while the worker's own partitions are recovered."),
    _service(
        "cx_labels_overflowed_total", Kind.COUNTER, "values", "New label values counted as other.", "label"
    ),
    _service(
        "cx_misplaced_records_total",
        Kind.COUNTER,
        "records",
        "Records in another partition than their key's.",
        "topic",
    ),
    _service("cx_recovery_seconds", Kind.GAUGE, "seconds", "Duration of the last recovery."),
    _service("cx_build_info", Kind.INFO, "", "The version that is running; always 1.", "version", "python"),
)

FAMILIES: Final = _SURVEYS + _OTHER_KPIS + _DROPS + _SERVICE

BY_NAME: Final[Mapping[str, MetricFamily]] = MappingProxyType({family.name: family for family in FAMILIES})

LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "tenant": "`tenantid` of the events",
        "level": "`interaction`, `journey`, `relationship`, or empty where a KPI has no level",
        "by": "the view, as spelled in `CX_VIEWS`; filter on it, never add over it",
        "channel": "channel, in views that use it, else empty",
        "touchpoint": "touchpoint, in views that use it, else empty",
        "segment": "value of the view's segment key (two joined by `+`), else empty",
        "window": "window, as spelled in `CX_WINDOWS`; empty for the drop families",
        "metric": "`nps`, `csat`, `ces`, `positive`, `response`, ...: the KPI meant",
        "category": "nps `promoter` `passive` `detractor`; csat `satisfied` `neutral` `dissatisfied`; "
        "ces `easy` `neutral` `difficult`",
        "valence": "`positive`, `neutral`, `negative`",
        "dimension": "`needs`, `ease`, `enjoyment`, `overall`",
        "quantile": "`0.5`, `0.9`, `0.95`",
        "clock": "`wall` or `business` seconds",
        "kind": "churn and retention: `subscription`, `purchase`; corrections: `revision`, `retraction`, `late`, "
        "`late_invitation`, `latest_per_customer`",
        "method": "`historical` or `predicted`",
        "currency": "ISO 4217 code",
        "view": "the view whose value contributes",
        "value": "the contributing value",
        "part": "`mix` or `rate`",
        "topic": "source topic without prefix: `surveys`, `interactions`, `relationships`",
        "outcome": "`counted`, `duplicate`, `rejected`, `test`, `retracted`, `replayed`",
        "reason": "why a record was rejected, one of a closed set",
        "label": "the label whose values overflowed",
        "version": "version of cx-stream",
        "python": "version of Python",
    }
)
