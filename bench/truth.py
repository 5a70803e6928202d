"""The counts that must come out, kept while the events are made. Shares no code with the service.

add(tenant, family, channel, touchpoint, category, at_ms)      once an event, or -1 for what an edit replaces
cells()      {(metric family, sorted labels): count} for every default view and window
"""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

SLOT_MS = 5_000
"""Divides the panes of every default window."""
WINDOWS_MS = {
    "5m": 300_000,
    "1h": 3_600_000,
    "24h": 86_400_000,
    "7d": 604_800_000,
    "30d": 2_592_000_000,
    "90d": 7_776_000_000,
}
PANES = 60

Labels = tuple[tuple[str, str], ...]
Cell = tuple[str, Labels]


class Kind(NamedTuple):
    """What is counted: an exported family and, of its own labels, those of this event."""

    name: str
    labels: Labels


class _Event(NamedTuple):
    tenant: str
    kpi: str
    channel: str
    touchpoint: str
    kind: Kind


class Truth:
    """Counts of events by slot of time; all events have the level `interaction`."""

    def __init__(self) -> None:
        self._counts: dict[int, Counter[_Event]] = {}
        self._highest_ms: dict[tuple[str, str], int] = {}

    def add(self, event: tuple[str, str, str, str, Kind], at_ms: int, delta: int = 1) -> None:
        """Count an event of (tenant, KPI family, channel, touchpoint, kind)."""
        slot = at_ms // SLOT_MS
        counts = self._counts.get(slot)
        if counts is None:
            counts = self._counts[slot] = Counter()
        counts[event] += delta  # type: ignore[index]  # a plain tuple equals the named one
        if at_ms > self._highest_ms.get(event[:2], -1):
            self._highest_ms[event[:2]] = at_ms

    def cells(self) -> dict[Cell, float]:
        """Every count that a worker shows with the event clock."""
        found: Counter[Cell] = Counter()
        for slot, counts in self._counts.items():
            for item, count in counts.items():
                event = _Event(*item)
                for window in self._windows(event, slot * SLOT_MS):
                    for labels in _series(event, window):
                        found[event.kind.name, labels] += count
        return dict(found)

    def totals(self) -> dict[tuple[str, ...], int]:
        """Counts over all time, by tenant, channel, touchpoint and the values of the kind's labels."""
        found: Counter[tuple[str, ...]] = Counter()
        for counts in self._counts.values():
            for item, count in counts.items():
                tenant, _, channel, touchpoint, kind = item
                found[tenant, channel, touchpoint, *[value for _, value in kind.labels]] += count
        return dict(found)

    def _windows(self, event: _Event, at_ms: int) -> Iterator[str]:
        highest_ms = self._highest_ms[event.tenant, event.kpi]
        for label, size_ms in WINDOWS_MS.items():
            width_ms = size_ms // PANES
            if at_ms // width_ms > highest_ms // width_ms - PANES:
                yield label


def _series(event: _Event, window: str) -> Iterator[Labels]:
    places = (
        ("total", "", ""),
        ("channel", event.channel, ""),
        ("touchpoint", "", event.touchpoint),
    )
    for by, channel, touchpoint in places:
        labels = {
            "tenant": event.tenant,
            "level": "interaction",
            "by": by,
            "channel": channel,
            "touchpoint": touchpoint,
            "segment": "",
            "window": window,
        }
        yield tuple(sorted([*labels.items(), *event.kind.labels]))
