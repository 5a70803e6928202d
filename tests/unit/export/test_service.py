"""The service's own families."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from stream import catalogue
from stream.catalogue import Kind
from stream.export.service import OUTCOMES, SERVICE_FAMILIES, TOPICS, ServiceMetrics
from stream.intake.rejection import Reason


@pytest.fixture
def metrics() -> ServiceMetrics:
    """Fresh metrics on a registry of their own."""
    return ServiceMetrics()


def value(metrics: ServiceMetrics, name: str, **labels: str) -> float | None:
    """What a scrape would read; None where the sample is absent."""
    return metrics.registry.get_sample_value(name, labels)


def test_families_stand_in_the_order_of_the_catalogue(metrics: ServiceMetrics) -> None:
    """Names, kinds and help come from there, and nothing else is exported."""
    lines = generate_latest(metrics.registry).decode().splitlines()
    expected = [
        f"# TYPE {family.name} {'gauge' if family.kind is Kind.INFO else family.kind}"
        for family in SERVICE_FAMILIES
    ]
    assert expected == [line for line in lines if line.startswith("# TYPE")]


def test_every_sample_has_the_labels_of_the_catalogue(metrics: ServiceMetrics) -> None:
    """In the strict reading of the OpenMetrics parser."""
    metrics.overflowed("channel")
    metrics.watermark("surveys", 1_000)
    metrics.lag("surveys", 3)
    metrics.recovered(1.5)
    metrics.budget(1)
    metrics.ages.observe(12)
    seen = set()
    for family in text_string_to_metric_families(generate_openmetrics(metrics.registry).decode()):  # type: ignore[no-untyped-call]
        for sample in family.samples:
            name = sample.name.removesuffix("_bucket").removesuffix("_count").removesuffix("_sum")
            assert set(catalogue.BY_NAME[name].labels) == set(sample.labels) - {"le"}
            seen.add(name)
    assert {family.name for family in SERVICE_FAMILIES} == seen


@pytest.mark.parametrize("topic", TOPICS)
def test_counters_begin_at_0(metrics: ServiceMetrics, topic: str) -> None:
    """Prometheus cannot see the first increase of a counter that was not there."""
    assert [0.0] * len(OUTCOMES) == [
        value(metrics, "cx_records_total", topic=topic, outcome=outcome) for outcome in OUTCOMES
    ]
    assert [0.0] * len(Reason) == [
        value(metrics, "cx_rejected_total", topic=topic, reason=reason) for reason in Reason
    ]


def test_a_rejected_record_counts_in_its_outcome_and_in_its_reason(metrics: ServiceMetrics) -> None:
    """The sum over reasons is the outcome `rejected`."""
    metrics.rejected("surveys", Reason.TOO_BIG, 3)
    assert value(metrics, "cx_records_total", topic="surveys", outcome="rejected") == 3
    assert value(metrics, "cx_rejected_total", topic="surveys", reason="too_big") == 3


def test_counters_add_up(metrics: ServiceMetrics) -> None:
    """Batches add their own counts."""
    metrics.records("interactions", "counted", 1_000)
    metrics.records("interactions", "counted")
    metrics.corrected("revision", 2)
    metrics.misplaced("interactions")
    metrics.overflowed("channel")
    assert value(metrics, "cx_records_total", topic="interactions", outcome="counted") == 1_001
    assert value(metrics, "cx_corrections_total", kind="revision") == 2
    assert value(metrics, "cx_misplaced_records_total", topic="interactions") == 1
    assert value(metrics, "cx_labels_overflowed_total", label="channel") == 1


def test_gauges_of_a_topic_that_moved_away_are_absent(metrics: ServiceMetrics) -> None:
    """A lag of 0 would say that somebody looks after it."""
    metrics.lag("surveys", 5)
    metrics.watermark("surveys", 1_746_350_130_123)
    assert value(metrics, "cx_consumer_lag_records", topic="surveys") == 5
    assert value(metrics, "cx_watermark_timestamp_seconds", topic="surveys") == 1_746_350_130.123
    metrics.lag("surveys", None)
    metrics.watermark("surveys", None)
    assert value(metrics, "cx_consumer_lag_records", topic="surveys") is None
    assert value(metrics, "cx_watermark_timestamp_seconds", topic="surveys") is None


def test_readiness_and_recovery_are_told(metrics: ServiceMetrics) -> None:
    """Not ready until said so."""
    assert value(metrics, "cx_state_ready") == 0
    assert value(metrics, "cx_recovery_seconds") is None
    metrics.ready(is_ready=True)
    metrics.recovered(2.5)
    assert value(metrics, "cx_state_ready") == 1
    assert value(metrics, "cx_recovery_seconds") == 2.5


def test_ages_fall_into_cumulative_buckets(metrics: ServiceMetrics) -> None:
    """A bound belongs to its bucket; an event from the future has age 0."""
    metrics.ages.observe_all([50, 51, -300_000])
    metrics.ages.observe(10**9, 2)
    assert value(metrics, "cx_event_age_seconds_bucket", le="0.05") == 2
    assert value(metrics, "cx_event_age_seconds_bucket", le="0.1") == 3
    assert value(metrics, "cx_event_age_seconds_bucket", le="86400.0") == 3
    assert value(metrics, "cx_event_age_seconds_bucket", le="+Inf") == 5
    assert value(metrics, "cx_event_age_seconds_count") == 5
    assert value(metrics, "cx_event_age_seconds_sum") == 0.101 + 2 * 10**6


def test_a_registry_may_be_given() -> None:
    """Tests and programs that have one of their own."""
    registry = CollectorRegistry()
    assert registry is ServiceMetrics(registry).registry
    assert registry.get_sample_value("cx_state_ready") == 0
