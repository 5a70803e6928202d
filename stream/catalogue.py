"""Every metric family that the service exports, once, as data.

`/metrics`, docs/metrics.md, the dashboards and their tests are made from `FAMILIES`; its order is that of
export. A family's `name` is the name its samples carry (`cx_records_total`, not `cx_records`).

Label order is part of the contract: first the labels of the series (`SERIES_LABELS`), then the family's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Kind(StrEnum):
    """The metric types of the Prometheus exposition formats that are used here."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"
    INFO = "info"


SERIES_LABELS: Final = ("tenant", "level", "by", "channel", "touchpoint", "segment", "window")

_BUILT: Final = (3, 6, 7)  # the issues whose families are all exported

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
        """The name in the header lines of OpenMetrics, which leaves `_total` and `_info` to the samples."""
        suffix = {Kind.COUNTER: "_total", Kind.INFO: "_info"}.get(self.kind, "")
        return self.name.removesuffix(suffix)

    @property
    def openmetrics_unit(self) -> str:
        """The base unit where the family's name ends in it, as OpenMetrics demands, else ""."""
        return next((unit for unit in _BASE_UNITS if self.openmetrics_name.endswith(f"_{unit}")), "")


def _kpi(
    name: str, unit: str, own: str, help_: str, *, since: int = 3, kind: Kind = Kind.GAUGE
) -> MetricFamily:
    """A family of series; those of later issues are listed but not yet available."""
    return MetricFamily(
        name, kind, unit, help_, SERIES_LABELS + tuple(own.split()), since, available=since in _BUILT
    )


def _scored(name: str, unit: str, own: str, help_: str, *, since: int = 3) -> tuple[MetricFamily, ...]:
    """A score and the two ends of its 95 % interval."""
    what = help_.split(":", maxsplit=1)[0]
    return (
        _kpi(name, unit, own, help_, since=since),
        _kpi(f"{name}_lower", unit, own, f"{what}: lower end of the 95 % interval.", since=since),
        _kpi(f"{name}_upper", unit, own, f"{what}: upper end of the 95 % interval.", since=since),
    )


def _service(kind: Kind, name: str, unit: str, labels: str, help_: str, *, since: int = 3) -> MetricFamily:
    """A family of the service itself."""
    buckets = EVENT_AGE_BUCKETS_S if kind is Kind.HISTOGRAM else ()
    return MetricFamily(name, kind, unit, help_, tuple(labels.split()), since, since in _BUILT, buckets)


# The catalogue: name, unit, own labels, help. One line a family reads best: the formatter stays away.
# fmt: off
_SURVEYS: Final = (
    _kpi("cx_survey_responses", "answers", "metric category", "Survey answers in the window."),
    _kpi("cx_interactions", "interactions", "valence", "Interactions in the window that carry a valence."),
    _kpi("cx_surveys_sent", "invitations", "", "Survey invitations sent in the window."),
    *_scored("cx_nps_score", "points", "", "Net Promoter Score: 100 x (promoters - detractors) / n."),
    *_scored("cx_csat_ratio", "ratio", "", "Customer satisfaction, top two boxes: share of 4 and 5."),
    *_scored("cx_csat_mean", "1-5", "", "Customer satisfaction, mean: mean answer, 1 to 5."),
    *_scored("cx_ces_mean", "1-7", "", "Customer effort score: mean answer, 1 to 7, higher is easier."),
    *_scored("cx_ces_easy_ratio", "ratio", "", "Customer effort score, easy: share of answers 5 to 7."),
    *_scored("cx_positive_ratio", "ratio", "", "Positive experience: positive / (positive + negative)."),
    *_scored("cx_survey_response_ratio", "ratio", "", "Survey response rate: answered / sent, one cohort."),
    *_scored("cx_satisfaction_index", "0-100", "", "Satisfaction index: three answers, weighted.", since=6),
    *_scored("cx_pyramid_score", "points", "dimension", "CX pyramid: share 4-5 less share 1-2.", since=6),
    _kpi("cx_low_confidence", "", "metric", "1 while the window has fewer than CX_MIN_RESPONSES answers."),
)

_OTHER_KPIS: Final = (
    _kpi("cx_first_response_seconds", "seconds", "quantile clock", "First human response.", since=6),
    _kpi("cx_tickets_waiting", "tickets", "", "Open tickets without a first response.", since=6),
    _kpi("cx_oldest_waiting_seconds", "seconds", "", "Age of the oldest waiting ticket.", since=6),
    *_scored("cx_churn_ratio", "ratio", "kind", "Churn: customers lost / active at the start.", since=6),
    _kpi("cx_customers_active", "customers", "kind", "Customers active at the window's start.", since=6),
    _kpi("cx_customers_lost", "customers", "kind", "Customers of these lost at its end.", since=6),
    *_scored("cx_one_time_buyer_ratio", "ratio", "", "One-time buyers: who never bought again.", since=6),
    _kpi("cx_retention_ratio", "ratio", "kind", "Retention: customers kept / active at the start.", since=6),
    _kpi("cx_clv_mean", "money", "method currency", "Customer lifetime value: mean of new ones.", since=6),
    *_scored("cx_journey_achieved_ratio", "ratio", "", "Journey success: achieved / ended.", since=6),
    _kpi("cx_journey_duration_seconds", "seconds", "quantile", "Duration of ended journeys.", since=6),
)

_DROPS: Final = (
    _kpi("cx_drop_evidence_ratio", "ratio", "metric", "Evidence of a drop; 1 raises the alarm.", since=7),
    _kpi("cx_drop_active", "", "metric", "1 while the drop alarm of the series stands.", since=7),
    _kpi("cx_drop_points", "points", "metric", "Size of the drop: score after less score before.", since=7),
    _kpi("cx_drop_since_timestamp_seconds", "seconds", "metric", "When the drop began.", since=7),
    _kpi("cx_drop_contribution_points", "points", "metric view value part", "Part of the drop.", since=7),
    _kpi("cx_drop_late_answers_total", "answers", "metric", "Answers too late for the detector.",
            since=7, kind=Kind.COUNTER),
    _service(Kind.GAUGE, "cx_drop_false_alarms_per_month", "alarms", "", "The service's budget.", since=7),
)

_SERVICE: Final = (
    _service(Kind.COUNTER, "cx_records_total", "records", "topic outcome", "Source records, once durable."),
    _service(Kind.COUNTER, "cx_rejected_total", "records", "topic reason", "Records rejected, by reason."),
    _service(Kind.COUNTER, "cx_corrections_total", "corrections", "kind", "Changes to what was counted."),
    _service(Kind.HISTOGRAM, "cx_event_age_seconds", "seconds", "", "Age of events when they were counted."),
    _service(Kind.GAUGE, "cx_watermark_timestamp_seconds", "seconds", "topic", "Event time reached."),
    _service(Kind.GAUGE, "cx_consumer_lag_records", "records", "topic", "Source records not yet processed."),
    _service(Kind.GAUGE, "cx_state_ready", "", "", "1 while the worker's own partitions are recovered."),
    _service(Kind.COUNTER, "cx_labels_overflowed_total", "values", "label", "Values counted as other."),
    _service(Kind.COUNTER, "cx_misplaced_records_total", "records", "topic", "Records in a wrong partition."),
    _service(Kind.GAUGE, "cx_recovery_seconds", "seconds", "", "Duration of the last recovery."),
    _service(Kind.INFO, "cx_build_info", "", "version python", "The version that is running; always 1."),
)
# fmt: on

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
        "metric": "`nps`, `csat`, `ces`, `needs`, `ease`, `enjoyment`, `pyramid`, `index`, `positive`, "
        "`response`, `journey`, `journey_duration`, `first_response`, `first_response_business`, "
        "`churn_subscription`, `churn_purchase`, `buyers`, `value`: the KPI meant",
        "category": "nps `promoter` `passive` `detractor`; csat `satisfied` `neutral` `dissatisfied`; "
        "ces `easy` `neutral` `difficult`",
        "valence": "`positive`, `neutral`, `negative`",
        "dimension": "`needs`, `ease`, `enjoyment`, `overall`",
        "quantile": "`0.5`, `0.9`, `0.95`",
        "clock": "`wall` or `business` seconds",
        "kind": "churn and retention: `subscription`, `purchase`; corrections: `revision`, `retraction`, "
        "`late`, `late_invitation`, `latest_per_customer`",
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
