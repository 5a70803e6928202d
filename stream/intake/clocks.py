"""What time it is for a tenant: the wall clock's, or that of the events.

    wall clock     now: the highest time at which a record was stored
    event clock    the highest event time accepted of the tenant

Both follow from the records alone.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate

import orjson

from stream.intake.columns import Columns
from stream.intake.record import Record
from stream.intake.tally import Change
from stream.scoring.written import written


class Clocks:
    """The clocks of one source partition; times in milliseconds, -1: none yet."""

    def __init__(self, *, by_event_time: bool) -> None:
        """`by_event_time`: a tenant's clock is the highest event time accepted, else the wall's."""
        self.by_event_time = by_event_time
        self.stored_ms = -1
        """The highest time at which a record was stored, as far as records took effect."""
        self.mark_ms = -1
        """The highest event time accepted."""
        self._highest_ms: dict[str, int] = {}
        """By tenant, with the event clock alone."""
        self._raised: set[str] = set()

    def of(self, tenant: str) -> int:
        """What has passed by then, nothing waits for any more."""
        return self._highest_ms.get(tenant, -1) if self.by_event_time else self.stored_ms

    def latest(self) -> int:
        """No tenant's clock is ahead of this."""
        return self.mark_ms if self.by_event_time else self.stored_ms

    def accept(self, tenant: str, at_ms: int) -> int:
        """With the event clock: an event of that time was accepted. Returns the tenant's clock since."""
        clock_ms = self._highest_ms.get(tenant, -1)
        if at_ms <= clock_ms:
            return clock_ms
        self._highest_ms[tenant] = at_ms
        self._raised.add(tenant)
        return at_ms

    def take(self, admitted: Columns, begin: int, end: int) -> int:
        """Go on as events from `begin` up to, not with, `end` are accepted, in their order; returns `end`."""
        if begin == end:
            return end
        self.stored_ms = admitted.stored_ms[end - 1]
        if self.by_event_time:
            times_ms = admitted.times_ms[begin:end]
            each = zip([event.tenantid for event in admitted.events[begin:end]], times_ms, strict=True)
            last = dict(each).items() if times_ms == sorted(times_ms) else each
            for tenant, at_ms in last:
                self.accept(tenant, at_ms)
        return end

    def stored(self, records: Sequence[Record], wall_ms: int) -> tuple[list[int], list[int]]:
        """When records were stored, but not later than `wall_ms`; and the highest so far with each."""
        nows_ms = [record.timestamp for record in records]
        if min(nows_ms) < 0 or max(nows_ms) > wall_ms:
            nows_ms = [now_ms if 0 <= now_ms <= wall_ms else wall_ms for now_ms in nows_ms]
        if nows_ms[0] >= self.stored_ms and nows_ms == sorted(nows_ms):
            return nows_ms, nows_ms
        _, *highest_ms = accumulate(nows_ms, max, initial=self.stored_ms)
        return nows_ms, highest_ms

    def note(self, times_ms: list[int]) -> None:
        """Events of these times were accepted."""
        self.mark_ms = max(self.mark_ms, max(times_ms, default=-1))

    @property
    def highest_ms(self) -> tuple[int, int]:
        """The highest event time accepted, and the highest time at which a record was stored."""
        return self.mark_ms, self.stored_ms

    @highest_ms.setter
    def highest_ms(self, highest_ms: Iterable[int]) -> None:
        self.mark_ms, self.stored_ms = highest_ms

    def changes(self) -> list[Change]:
        """Changelog records of the tenants whose clock was raised since the last call."""
        raised, self._raised = self._raised, set()
        return [(b"t" + tenant.encode(), written(self._highest_ms[tenant])) for tenant in raised]

    def load(self, key: bytes, value: bytes) -> None:
        """Take back a changelog record; `key` begins with ``t``."""
        self._highest_ms[key[1:].decode()] = orjson.loads(value)
