"""What the source partitions contribute, merged into the windows of every series. Pure.

    message of one source partition ──▶ group (tenant, family) ──▶ cells by (source, window, pane, series)
       absolute counts, so the difference to the former value moves the sums:

           window sums[series] = Σ panes first … last      future panes wait until the end reaches them
                                 └── rolled: what leaves is subtracted, what enters is added

A message re-sent, or sent late by a former owner, changes nothing: one below the highest position seen of its
source is passed over, one at it says the same again.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import orjson

from stream.scoring.families import FAMILIES, Row, Series, Tally
from stream.scoring.panes import Ladder

SourceName = str
"""`topic-partition` of a source partition."""
Labels = tuple[str, str, str, str, str]
Cells = dict[Labels, Tally]


class Message(NamedTuple):
    """What one source partition sends of one tenant and family, as absolute counts at its position."""

    source: SourceName
    position: int
    tenant: str
    family: str
    high_ms: int
    rows: Sequence[tuple[int, int, Labels, Sequence[int]]]
    """window index, pane, series, counts."""


class Group:
    """The windows of one tenant and KPI family."""

    __slots__ = ("_empty", "_rungs", "cells", "ends", "family", "highs", "sums", "tenant", "touched")

    def __init__(self, tenant: str, family: str, rungs: Sequence[Ladder]) -> None:
        self.tenant = tenant
        self.family = family
        self.highs: dict[SourceName, int] = {}
        self.cells: list[dict[int, dict[SourceName, Cells]]] = [{} for _ in rungs]
        """By window, pane, source partition and series."""
        self.sums: list[dict[Labels, Tally]] = [{} for _ in rungs]
        self.ends = [-1] * len(rungs)
        """By window, the pane that holds its end."""
        self.touched: set[Labels] = set()
        """Series whose sums changed since this was last emptied."""
        self._rungs = rungs
        self._empty = FAMILIES[family].empty

    @property
    def high_ms(self) -> int:
        """The highest event time ever counted; -1: none."""
        return max(self.highs.values(), default=-1)

    def put(self, source: SourceName, window: int, pane: int, series: Labels, counts: Tally) -> bool:
        """Set a source partition's counts in a pane; False when the window has passed that pane."""
        last = self.ends[window]
        if pane <= last - self._rungs[window].panes:
            return False
        cells = self.cells[window].setdefault(pane, {}).setdefault(source, {})
        former = cells.get(series)
        cells[series] = counts
        if pane <= last and counts != former:
            self._move(window, series, counts, former or self._empty)
        return True

    def _move(self, window: int, series: Labels, plus: Tally, minus: Tally) -> None:
        sums = self.sums[window]
        sums[series] = tuple(
            [a + b - c for a, b, c in zip(sums.get(series, self._empty), plus, minus, strict=True)]
        )
        self.touched.add(series)

    def advance(self, end_ms: int) -> Iterator[tuple[int, int, SourceName, Labels]]:
        """Let the windows end at `end_ms`, never earlier than before; yields the cells that are forgotten."""
        for window, rung in enumerate(self._rungs):
            last, former = rung.pane(end_ms), self.ends[window]
            if last <= former:
                continue
            self.ends[window] = last
            panes = self.cells[window]
            for pane in [each for each in panes if former < each <= last]:
                for cells in panes[pane].values():
                    for series, counts in cells.items():
                        self._move(window, series, counts, self._empty)
            for pane in [each for each in panes if each <= last - rung.panes]:
                for source, cells in panes.pop(pane).items():
                    for series, counts in cells.items():
                        self._move(window, series, self._empty, counts)
                        yield window, pane, source, series
            for series in [series for series, counts in self.sums[window].items() if not any(counts)]:
                del self.sums[window][series]

    def take_touched(self) -> Iterator[Row]:
        """The rows of the series that changed since the last call."""
        touched, self.touched = self.touched, set()
        for series in touched:
            yield from self._rows(series)

    def rows(self) -> Iterator[Row]:
        """One row for each window of every series that counts anything in some window."""
        alive = {series for sums in list(self.sums) for series, counts in list(sums.items()) if any(counts)}
        for series in alive:
            yield from self._rows(series)

    def _rows(self, series: Labels) -> Iterator[Row]:
        name = Series(self.tenant, *series)
        for rung, sums in zip(self._rungs, self.sums, strict=True):
            yield Row(name, self.family, rung.label, sums.get(series, self._empty))


class Merger:
    """The state of one partition of the tallies topic."""

    def __init__(self, rungs: Sequence[Ladder], *, by_event_time: bool) -> None:
        """`by_event_time`: windows end at the highest event time of their family, else now."""
        self.position = -1
        """Offset of the last message that took effect; -1: none."""
        self.groups: dict[tuple[str, str], Group] = {}
        self._rungs = tuple(rungs)
        self._by_event_time = by_event_time
        self._positions: dict[SourceName, int] = {}
        self._dirty: set[tuple[str, str, int, int, SourceName, Labels]] = set()
        self._moved: set[tuple[str, str, SourceName]] = set()
        self._seen: set[SourceName] = set()

    def fold(self, offset: int, message: Message | None) -> None:
        """Take the message at an offset; None: not one of ours."""
        if offset <= self.position:
            return
        self.position = offset
        if message is None or message.position < self._positions.get(message.source, -1):
            return
        self._positions[message.source] = message.position
        self._seen.add(message.source)
        group = self._group(message.tenant, message.family)
        if message.high_ms > group.highs.get(message.source, -1):
            group.highs[message.source] = message.high_ms
            self._moved.add((message.tenant, message.family, message.source))
            if self._by_event_time:
                self._advance(group, group.high_ms)
        for window, pane, series, counts in message.rows:
            if group.put(message.source, window, pane, series, tuple(counts)):
                self._dirty.add((message.tenant, message.family, window, pane, message.source, series))

    def _group(self, tenant: str, family: str) -> Group:
        group = self.groups.get((tenant, family))
        if group is None:
            group = self.groups[tenant, family] = Group(tenant, family, self._rungs)
        return group

    def advance(self, now_ms: int) -> None:
        """By the wall clock, let every window end now. By event time nothing happens: messages move it."""
        if not self._by_event_time:
            for group in list(self.groups.values()):
                self._advance(group, now_ms)

    def _advance(self, group: Group, end_ms: int) -> None:
        for window, pane, source, series in group.advance(end_ms):
            self._dirty.add((group.tenant, group.family, window, pane, source, series))

    def rows(self) -> list[Row]:
        """Every series and window. Safe to call from another thread."""
        return [row for group in list(self.groups.values()) for row in group.rows()]

    @property
    def pending(self) -> int:
        """How many cells changed since the last checkpoint."""
        return len(self._dirty)

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._dirty or self._seen or self._moved)

    def changes(self) -> list[tuple[bytes, bytes | None]]:
        """Changelog records of what changed since the last call; the state is at `position`."""
        records: list[tuple[bytes, bytes | None]] = []
        for tenant, family, window, pane, source, series in self._dirty:
            counts = self.groups[tenant, family].cells[window].get(pane, {}).get(source, {}).get(series)
            key = b"c" + orjson.dumps((tenant, family, window, pane, source, *series))
            records.append((key, None if counts is None else orjson.dumps(counts)))
        for tenant, family, source in self._moved:
            high = self.groups[tenant, family].highs[source]
            records.append((b"g" + orjson.dumps((tenant, family, source)), orjson.dumps(high)))
        records += [(b"s" + source.encode(), orjson.dumps(self._positions[source])) for source in self._seen]
        records.append((b"p", orjson.dumps(self.position)))
        self._dirty, self._moved, self._seen = set(), set(), set()
        return records

    def load(self, key: bytes, value: bytes) -> None:
        """Take back a changelog record; each key once, in any order."""
        held = orjson.loads(value)
        match key[:1]:
            case b"p":
                self.position = held
            case b"s":
                self._positions[key[1:].decode()] = held
            case b"g":
                tenant, family, source = orjson.loads(key[1:])
                self._group(tenant, family).highs[source] = held
            case b"c":
                tenant, family, window, pane, source, *series = orjson.loads(key[1:])
                self._group(tenant, family).put(source, window, pane, tuple(series), tuple(held))

    def begin(self, now_ms: int) -> None:
        """All is loaded: the windows end at `now_ms`, or with the event clock at the families' times."""
        for group in self.groups.values():
            self._advance(group, group.high_ms if self._by_event_time else now_ms)


def encode(app_id: str, message: Message) -> bytes:
    """A message as stored in the tallies topic; the application id keeps a rebuild beside us apart."""
    return orjson.dumps([app_id, *message])


def decode(app_id: str, value: bytes | None) -> Message | None:
    """The message, or None when it is another application's, or none at all."""
    if value is None:
        return None
    owner, source, position, tenant, family, high_ms, rows = orjson.loads(value)
    if owner != app_id:
        return None
    return Message(
        source, position, tenant, family, high_ms, [(w, p, tuple(s), tuple(c)) for w, p, s, c in rows]
    )
