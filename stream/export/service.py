"""The families that tell about the service itself: records, rejections, lag, readiness.

Names, kinds, help and labels come from the catalogue. The values stand in plain dicts: counting costs an
addition on the event loop, and everything else happens when somebody scrapes.
"""

from __future__ import annotations

import platform
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate, product
from typing import Final, TypeAlias

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from stream import __version__, catalogue
from stream.export.numbers import number_text
from stream.intake.rejection import Reason

TOPICS: Final = ("surveys", "interactions", "relationships")
OUTCOMES: Final = ("counted", "duplicate", "rejected", "test", "retracted", "replayed")
CORRECTIONS: Final = ("revision", "retraction", "late", "late_invitation", "latest_per_customer")

SERVICE_FAMILIES: Final = tuple(f for f in catalogue.FAMILIES if f.available and not f.of_series)
"""The metric families rendered here, in the order of export."""

_Values: TypeAlias = dict[tuple[str, ...], float]


class ServiceMetrics(Collector):
    """The service's own figures: one collector on `registry`.

    Written by one thread (the event loop's), read by whichever renders. Counters whose label values are known
    beforehand start at 0, since Prometheus cannot see the first increase of a counter that was not there.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        """Register on `registry`, or on a new one."""
        self.registry = CollectorRegistry() if registry is None else registry
        self.ages = AgeHistogram(catalogue.EVENT_AGE_BUCKETS_S)
        self._values: dict[str, _Values] = {family.name: {} for family in SERVICE_FAMILIES}
        for name, sets in _KNOWN.items():
            self._values[name] = dict.fromkeys(product(*sets), 0.0)
        self._set("cx_build_info", 1, __version__, platform.python_version())
        self.ready(is_ready=False)
        self.registry.register(self)

    def records(self, topic: str, outcome: str, n: int = 1) -> None:
        """Add source records of `topic` (without prefix) whose effect is durable."""
        self._add("cx_records_total", n, topic, outcome)

    def rejected(self, topic: str, reason: Reason, n: int = 1) -> None:
        """Add rejected records, both to their outcome and to their reason."""
        self._add("cx_records_total", n, topic, "rejected")
        self._add("cx_rejected_total", n, topic, reason.value)

    def corrected(self, kind: str, n: int = 1) -> None:
        """Add changes to what had been counted."""
        self._add("cx_corrections_total", n, kind)

    def misplaced(self, topic: str, n: int = 1) -> None:
        """Add records that lay in another partition than their key's."""
        self._add("cx_misplaced_records_total", n, topic)

    def overflowed(self, label: str, n: int = 1) -> None:
        """Add label values that became ``other``."""
        self._add("cx_labels_overflowed_total", n, label)

    def watermark(self, topic: str, time_ms: int | None) -> None:
        """Set the highest event time accepted; None where this worker has no partition of the topic."""
        self._set("cx_watermark_timestamp_seconds", None if time_ms is None else time_ms / 1000, topic)

    def lag(self, topic: str, records: int | None) -> None:
        """Set the records waiting in this worker's partitions; None where it has none."""
        self._set("cx_consumer_lag_records", records, topic)

    def budget(self, false_alarms_per_month: float) -> None:
        """Set how many false alarms of drops a month are accepted, of all that is watched."""
        self._set("cx_drop_false_alarms_per_month", false_alarms_per_month)

    def ready(self, *, is_ready: bool) -> None:
        """Set whether this worker's own partitions are recovered."""
        self._set("cx_state_ready", float(is_ready))

    def recovered(self, seconds: float) -> None:
        """Set how long the last recovery took."""
        self._set("cx_recovery_seconds", seconds)

    def collect(self) -> Iterator[Metric]:
        """Yield the families in catalogue order (what the registry calls)."""
        for family in SERVICE_FAMILIES:
            metric = Metric(family.openmetrics_name, family.help, family.kind, family.openmetrics_unit)
            if family.buckets:
                self.ages.add_samples(metric)
            # A copy is made in one step; the dict itself may grow while it is read here.
            for values, value in sorted(self._values[family.name].copy().items()):
                metric.add_sample(family.name, dict(zip(family.labels, values, strict=True)), value)
            yield metric

    def _add(self, name: str, n: int, *labels: str) -> None:
        values = self._values[name]
        values[labels] = values.get(labels, 0.0) + n

    def _set(self, name: str, value: float | None, *labels: str) -> None:
        if value is None:
            self._values[name].pop(labels, None)
        else:
            self._values[name][labels] = value


class AgeHistogram:
    """How old events were when they were counted, in buckets of whole milliseconds."""

    def __init__(self, bounds_s: Iterable[float]) -> None:
        """Take the upper bounds of the buckets, in seconds, ascending; the one without end is added."""
        self._bounds_ms = [round(bound * 1000) for bound in bounds_s]
        self._counts = [0] * (len(self._bounds_ms) + 1)
        self._total_ms = 0

    def observe(self, age_ms: int, n: int = 1) -> None:
        """Add `n` events of one age. Events ahead of the clock have age 0: a sum must never go down."""
        age_ms = max(0, age_ms)
        self._counts[bisect_left(self._bounds_ms, age_ms)] += n
        self._total_ms += age_ms * n

    def observe_all(self, ages_ms: Iterable[int]) -> None:
        """Add events, each with its age: sorted once, so that a bucket costs one search."""
        ordered = sorted(ages_ms)
        ahead = bisect_left(ordered, 0)
        counted = 0
        for bucket, bound_ms in enumerate(self._bounds_ms):
            below = bisect_right(ordered, bound_ms)
            self._counts[bucket] += below - counted
            counted = below
        self._counts[-1] += len(ordered) - counted
        self._total_ms += sum(ordered[ahead:])

    def add_samples(self, metric: Metric) -> None:
        """Write buckets, count and sum (in seconds) into a family."""
        bounds = [*(number_text(bound / 1000) for bound in self._bounds_ms), "+Inf"]
        total_ms, running = self._total_ms, list(accumulate(self._counts.copy()))
        for bound, count in zip(bounds, running, strict=True):
            metric.add_sample(f"{metric.name}_bucket", {"le": bound}, count)
        metric.add_sample(f"{metric.name}_count", {}, running[-1])
        metric.add_sample(f"{metric.name}_sum", {}, total_ms / 1000)


_KNOWN: Final[dict[str, tuple[Iterable[str], ...]]] = {
    "cx_records_total": (TOPICS, OUTCOMES),
    "cx_rejected_total": (TOPICS, tuple(reason.value for reason in Reason)),
    "cx_corrections_total": (CORRECTIONS,),
    "cx_misplaced_records_total": (TOPICS,),
    "cx_labels_overflowed_total": (("channel", "touchpoint", "segment"),),
}
