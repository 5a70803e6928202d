"""What decides what counts where."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from stream.intake.rejection import Reason, Rejection
from stream.intake.schedule import Schedule
from stream.values import View, Window


class Rules(NamedTuple):
    """What an intake needs to know of the settings; times in milliseconds."""

    windows: tuple[Window, ...]
    views: tuple[View, ...]
    segment_keys: tuple[str, ...]
    by_event_time: bool
    """Whether windows end at the highest event time of their family, else now."""
    max_skew_ms: int
    max_lateness_ms: int
    grace_ms: int
    max_series: int
    dedup_records: int
    tenants: frozenset[str]
    partitions: int
    hash_key: bytes
    schedules: Mapping[str, Schedule] = MappingProxyType({})
    """Business hours by channel."""
    inactivity_ms: int = 90 * 86_400_000
    """A customer who has bought nothing for so long is lost."""
    latest_per_customer: bool = False
    """Whether only a customer's latest answer of each metric and level counts."""
    watched: frozenset[tuple[str, str]] = frozenset()
    """Tenant (or `EVERY_TENANT`) and KPI family of what is watched for drops."""

    @property
    def keep_ms(self) -> int:
        """How long after its time an event is accepted, and may matter."""
        return max(window.size_ms for window in self.windows) + self.max_lateness_ms

    def out_of_time(self, at_ms: int, now_ms: int, clock_ms: int) -> Rejection:
        """Say why an event is not accepted that is ahead of its record, or else behind its tenant's clock."""
        ahead = at_ms - now_ms
        if ahead > self.max_skew_ms:
            return Rejection(
                Reason.FUTURE,
                f"time is {ahead} ms ahead of the record's; CX_MAX_SKEW allows {self.max_skew_ms}",
            )
        return Rejection(
            Reason.TOO_LATE,
            f"time is {clock_ms - at_ms} ms behind; the longest window and CX_MAX_LATENESS allow "
            f"{self.keep_ms}",
        )
