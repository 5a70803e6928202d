"""Which records count, a slice at a time: by their times, and by the ids that were seen before.

record ─┬─▶ rejected (reason)
├─▶ test
├─▶ duplicate      seen among the last CX_DEDUP_RECORDS records
└─▶ admitted
"""

from collections.abc import Callable, Sequence
from operator import and_
from typing import Any

from stream.intake.checkpoint import Counts
from stream.intake.clocks import Clocks
from stream.intake.columns import Columns
from stream.intake.homes import Homes
from stream.intake.recent import RecentIds
from stream.intake.record import Record
from stream.intake.rejection import Rejection
from stream.intake.rules import Rules


class Admission:
    """Admits the records of one source partition."""

    def __init__(
        self,
        rules: Rules,
        clocks: Clocks,
        recent: RecentIds,
        homes: Homes,
        reject: Callable[[Record, Rejection], None],
    ) -> None:
        """`reject` is told of each rejected record, in order."""
        self._rules = rules
        self._keep_ms = rules.keep_ms
        self._clocks = clocks
        self._recent = recent
        self._homes = homes
        self._reject = reject

    def is_level(self, columns: Columns) -> bool:
        """Whether what is admitted of these does not depend on which of those before are.

        By the event clock each may raise its tenant's, and make a later one too late.
        """
        if not self._clocks.by_event_time:
            return True
        times_ms = columns.times_ms
        latest_ms = max(times_ms)
        first_ms = max(self._clocks.mark_ms, latest_ms) - self._keep_ms
        if min(times_ms) >= first_ms:
            return True
        both = zip(columns.events, times_ms, strict=True)
        return all(at_ms >= first_ms for event, at_ms in both if event.__class__ is not Rejection)

    def admit(self, columns: Columns, counts: Counts) -> Columns:
        """Those of a level slice that count; the others are counted as what they are."""
        records, events = columns.records, columns.events
        self._check_times(columns)
        sure = all(columns.combinations)
        can = [True] * len(events)
        if not sure:
            can = [event.__class__ is not Rejection and not event.data.test for event in events]
        fresh = self._recent.add_all(
            [record.offset for record in records],
            identities(events, can),
        )
        customers = events if sure else [event for event in events if event.__class__ is not Rejection]
        counts.misplaced += self._homes.misplaced(
            [event.tenantid for event in customers], [event.subject for event in customers]
        )
        if all(can) and all(fresh):
            return columns
        self._count(records, events, can, fresh, counts)
        return columns.only(list(map(and_, can, fresh)))

    def _check_times(self, columns: Columns) -> None:
        """Put rejections in the place of events that are ahead of their records, or too late."""
        events, times_ms, nows_ms = columns.events, columns.times_ms, columns.nows_ms
        skew_ms, keep_ms, clocks = self._rules.max_skew_ms, self._keep_ms, self._clocks
        latest_ms = clocks.mark_ms if clocks.by_event_time else max(nows_ms)
        if max(times_ms) <= min(nows_ms) + skew_ms and min(times_ms) >= latest_ms - keep_ms:
            return
        for i, (event, at_ms, now_ms) in enumerate(zip(events, times_ms, nows_ms, strict=True)):
            if event.__class__ is Rejection:
                continue
            clock_ms = clocks.of(event.tenantid) if clocks.by_event_time else now_ms
            if at_ms > now_ms + skew_ms or at_ms < clock_ms - keep_ms:
                events[i] = self._rules.out_of_time(at_ms, now_ms, clock_ms)
                columns.combinations[i] = None

    def _count(
        self,
        records: Sequence[Record],
        events: Sequence[Any],
        can: Sequence[bool],
        fresh: Sequence[bool],
        counts: Counts,
    ) -> None:
        """Count what is not admitted."""
        for record, event, able, is_fresh in zip(records, events, can, fresh, strict=True):
            if event.__class__ is Rejection:
                self._reject(record, event)
            elif not able:
                counts.outcomes["test"] += 1
            elif not is_fresh:
                counts.outcomes["duplicate"] += 1


def identities(events: Sequence[Any], leaving: Sequence[bool]) -> list[int]:
    """What tells events apart in this process; 0 for one that leaves no id, and only for such."""
    return [
        hash((event.source, event.id)) or 1 if leaves else 0
        for event, leaves in zip(events, leaving, strict=True)
    ]
