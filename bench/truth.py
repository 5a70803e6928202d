"""The counts that must come out, kept while the events are made. Shares no code with the service.

add((tenant, family, channel, touchpoint, plan, kind), at_ms)    once an event; -1 for what an edit replaces
cells(windows, views)                                          {(metric family, sorted labels): count}
"""

from collections import Counter
from collections.abc import Collection, Iterator
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
VIEWS = ("total", "channel", "touchpoint")
"""Those of a worker as it comes."""

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
    plan: str
    """A segment; empty: it has none."""
    kind: Kind


class Truth:
    """Counts of events by slot of time; all events have the level `interaction`."""

    def __init__(self) -> None:
        self._counts: dict[int, Counter[_Event]] = {}
        self._highest_ms: dict[tuple[str, str], int] = {}

    def add(self, event: tuple[str, str, str, str, str, Kind], at_ms: int, delta: int = 1) -> None:
        """Count an event of (tenant, KPI family, channel, touchpoint, plan, kind)."""
        slot = at_ms // SLOT_MS
        counts = self._counts.get(slot)
        if counts is None:
            counts = self._counts[slot] = Counter()
        counts[event] += delta  # type: ignore[index]  # a plain tuple equals the named one
        if at_ms > self._highest_ms.get(event[:2], -1):
            self._highest_ms[event[:2]] = at_ms

    def cells(
        self, windows: Collection[str] = tuple(WINDOWS_MS), views: Collection[str] = VIEWS
    ) -> dict[Cell, float]:
        """Every count that a worker with these windows and views shows with the event clock."""
        found: Counter[Cell] = Counter()
        for slot, counts in self._counts.items():
            for item, count in counts.items():
                event = _Event(*item)
                for window in self._windows(event, slot * SLOT_MS, windows):
                    for labels in _series(event, window, views):
                        found[event.kind.name, labels] += count
        return dict(found)

    def totals(self) -> dict[tuple[str, ...], int]:
        """Counts over all time, by tenant, channel, touchpoint and the values of the kind's labels."""
        found: Counter[tuple[str, ...]] = Counter()
        for counts in self._counts.values():
            for item, count in counts.items():
                tenant, _, channel, touchpoint, _, kind = item
                found[tenant, channel, touchpoint, *[value for _, value in kind.labels]] += count
        return dict(found)

    def _windows(self, event: _Event, at_ms: int, windows: Collection[str]) -> Iterator[str]:
        highest_ms = self._highest_ms[event.tenant, event.kpi]
        for label in windows:
            width_ms = WINDOWS_MS[label] // PANES
            if at_ms // width_ms > highest_ms // width_ms - PANES:
                yield label


def _series(event: _Event, window: str, views: Collection[str]) -> Iterator[Labels]:
    for view in views:
        keys = view.split("+")
        labels = {
            "tenant": event.tenant,
            "level": "interaction",
            "by": view,
            "channel": event.channel if "channel" in keys else "",
            "touchpoint": event.touchpoint if "touchpoint" in keys else "",
            "segment": event.plan if "plan" in keys else "",
            "window": window,
        }
        yield tuple(sorted([*labels.items(), *event.kind.labels]))
