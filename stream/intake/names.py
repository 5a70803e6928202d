"""Which series of a tenant have a name of their own, at most CX_MAX_SERIES at a time; the rest is `other`.

    a new series ──▶ is there room? ──▶ it has a name until the longest window has passed its last event
                                        │
         panes of the longest window:   ├──┼──┼ … ┼──┼──┤  first ≤ last: it lives
                                         first       the clock

A name whose last pane has passed takes no room, whether it was freed by then or not: so what gets a name
follows from the records up to there, and not from when checkpoints were taken or a worker ended.
"""

from collections.abc import Callable

import orjson

from stream.scoring.panes import Ladder
from stream.scoring.written import written

_DELETES = 20_000

SeriesLabels = tuple[str, str, str, str, str]
"""level, by, channel, touchpoint, segment: a series without its tenant."""


class _Tenant:
    """A tenant's names."""

    __slots__ = ("last", "least")

    def __init__(self) -> None:
        self.last: dict[SeriesLabels, int] = {}
        """By series, the last pane it counts in."""
        self.least = 2**63
        """No last pane is lower."""


class Names:
    """The names of one source partition."""

    def __init__(self, most: int, longest: Ladder, clock_of: Callable[[str], int]) -> None:
        """At most `most` names a tenant. `clock_of`: where the tenant's windows end, in ms."""
        self.most = most
        self._longest = longest
        self._clock_of = clock_of
        self._tenants: dict[str, _Tenant] = {}
        self._changed: set[tuple[str, SeriesLabels]] = set()
        self._gone: dict[tuple[str, SeriesLabels], None] = {}
        self._looked_at = -1

    def pane(self, at_ms: int) -> int:
        """The pane of an event's time."""
        return self._longest.pane(at_ms)

    def end_ms(self, pane: int) -> int:
        """The first time behind a pane."""
        return (pane + 1) * self._longest.width_ms

    def use(self, tenant: str, series: SeriesLabels, pane: int) -> bool:
        """Whether a series in which an event of this pane is to count has a name, or gets one.

        Names that take no room any more must be freed before.
        """
        names = self._tenants.get(tenant)
        if names is None:
            names = self._tenants[tenant] = _Tenant()
        former = names.last.get(series)
        if former is None and len(names.last) >= self.most:
            return False
        if former is None or former < pane:
            self._put(names, series, pane)
            self._gone.pop((tenant, series), None)
            self._changed.add((tenant, series))
        return True

    def _put(self, names: _Tenant, series: SeriesLabels, pane: int) -> None:
        names.last[series] = pane
        names.least = min(names.least, pane)

    def free(self, tenant: str) -> bool:
        """Take the names that no window holds; whether there were any."""
        names = self._tenants.get(tenant)
        if names is None:
            return False
        first = self._longest.first(self._clock_of(tenant))
        if names.least >= first:
            return False
        passed = [series for series, last in names.last.items() if last < first]
        for series in passed:
            del names.last[series]
            self._changed.discard((tenant, series))
            self._gone[tenant, series] = None
        names.least = min(names.last.values(), default=2**63)
        if not names.last:
            del self._tenants[tenant]
        return bool(passed)

    def expire(self, clock_ms: int) -> bool:
        """Free also those of tenants of whom nothing comes any more; whether there were any.

        A look a pane is enough.
        """
        if self.pane(clock_ms) <= self._looked_at:
            return False
        self._looked_at = self.pane(clock_ms)
        freed = [self.free(tenant) for tenant in list(self._tenants)]
        return any(freed)

    @property
    def pending(self) -> int:
        """How many records `changes` would give."""
        return len(self._changed) + min(len(self._gone), _DELETES)

    def changes(self) -> list[tuple[bytes, bytes | None]]:
        """Changelog records of what changed since the last call.

        Deletes are no part of the state and are spread over several calls.
        """
        records: list[tuple[bytes, bytes | None]] = [
            (_key(tenant, series), written(self._tenants[tenant].last[series]))
            for tenant, series in self._changed
        ]
        gone = list(self._gone)[:_DELETES]
        records += [(_key(tenant, series), None) for tenant, series in gone]
        for each in gone:
            del self._gone[each]
        self._changed.clear()
        return records

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take back a changelog record; `key` begins with ``n``."""
        tenant, *series = orjson.loads(key[1:])
        if value is not None:
            self._put(self._tenants.setdefault(tenant, _Tenant()), tuple(series), orjson.loads(value))
        elif tenant in self._tenants:
            self._tenants[tenant].last.pop(tuple(series), None)


def _key(tenant: str, series: SeriesLabels) -> bytes:
    return b"n" + written((tenant, *series))
