"""What a worker exports, as cells that can be compared with the oracle's."""

from collections import Counter
from collections.abc import Iterable, Mapping

from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families

from tests.support.recount.model import Cell, Labels

SCORED = (
    "cx_survey_responses",
    "cx_interactions",
    "cx_surveys_sent",
    "cx_nps_score",
    "cx_csat_ratio",
    "cx_csat_mean",
    "cx_ces_mean",
    "cx_ces_easy_ratio",
    "cx_positive_ratio",
    "cx_survey_response_ratio",
    "cx_satisfaction_index",
    "cx_pyramid_score",
    "cx_journey_achieved_ratio",
    "cx_journey_duration_seconds",
    "cx_first_response_seconds",
    "cx_tickets_waiting",
    "cx_churn_ratio",
    "cx_retention_ratio",
    "cx_customers_active",
    "cx_customers_lost",
    "cx_one_time_buyer_ratio",
    "cx_clv_mean",
    "cx_low_confidence",
)
"""The families that the oracle recounts; their intervals end in `_lower` and `_upper`."""
AGEING = ("cx_oldest_waiting_seconds",)
"""Those that grow while one looks at them: comparable where the clock stands still."""
CLOSE = 1e-9
"""Relative to the larger of the value and 1: the oracle has its own formulas for intervals."""


def parse(text: str) -> dict[Cell, float]:
    """All samples of Prometheus text by name and labels; a sample that stands twice is an error."""
    return _samples(text_string_to_metric_families(text))


def parse_openmetrics(text: str) -> dict[Cell, float]:
    """The same of OpenMetrics text."""
    return _samples(openmetrics_families(text))  # type: ignore[no-untyped-call]


def _samples(families: Iterable[Metric]) -> dict[Cell, float]:
    found: dict[Cell, float] = {}
    for family in families:
        for sample in family.samples:
            cell = (sample.name, tuple(sorted(sample.labels.items())))
            if cell in found:
                raise ValueError(f"twice: {cell}")
            found[cell] = sample.value
    return found


def scores(
    samples: Mapping[Cell, float], windows: Iterable[str] | None = None, *, still: bool = False
) -> dict[Cell, float]:
    """The cells of scores and counts, of these windows or all; `still`: also those that grow with time."""
    scored = SCORED + AGEING if still else SCORED
    wanted = None if windows is None else set(windows)
    return {
        (name, labels): value
        for (name, labels), value in samples.items()
        if name.removesuffix("_lower").removesuffix("_upper") in scored
        and (wanted is None or dict(labels)["window"] in wanted)
    }


def counters(samples: Mapping[Cell, float], name: str, *labels: str) -> Counter[tuple[str, ...]]:
    """The counters of a family that are not 0, by the values of these labels."""
    found: Counter[tuple[str, ...]] = Counter()
    for (family, own), value in samples.items():
        if family == name and value:
            found[tuple(dict(own)[label] for label in labels)] += int(value)
    return found


def differences(expected: Mapping[Cell, float], got: Mapping[Cell, float]) -> list[str]:
    """Every cell that is missing, too many or has another value, as text."""
    return [
        f"{name}{_spelled(labels)}: expected {expected.get((name, labels))}, got {got.get((name, labels))}"
        for name, labels in sorted({*expected, *got})
        if not _same(expected.get((name, labels)), got.get((name, labels)))
    ]


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return False
    return abs(one - other) <= CLOSE * max(1.0, abs(one))


def _spelled(labels: Labels) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels if value) + "}"
