"""What the source partitions contribute, merged into the windows of every series. Pure.

    message of one source partition ──▶ group (tenant, family) ──▶ cells by (window, pane, sheet, series)
       absolute counts, so the difference to the former value moves the sums:

           window sums[series] = Σ panes first … last      future panes wait until the end reaches them
                                 └── rolled: what leaves is subtracted, what enters is added

A message re-sent, or sent late by a former owner, changes nothing: one below the highest position seen of its
source is passed over, one at it says the same again.
"""

from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

import orjson

from stream.scoring.families import FAMILIES, Row, Rows
from stream.scoring.message import SHEET, Message, Sheet, SourceName
from stream.scoring.panes import Ladder
from stream.scoring.parted import Parted
from stream.scoring.rolling import Group
from stream.scoring.stepping import Steps
from stream.scoring.weight import of_numbers
from stream.scoring.written import written

At = tuple[str, str, int, int, Sheet]
"""tenant, family, window index, pane, sheet of a source partition: a record of the changelog."""
_SHEET_OF = itemgetter(0, 1, 2)
"""Of a row: window index, pane, sheet."""
_DELETES = 20_000
MAX_SERIES = 10_000


class Merger:
    """The state of one partition of the tallies topic."""

    def __init__(
        self,
        rungs: Sequence[Ladder],
        *,
        by_event_time: bool,
        max_series: int = MAX_SERIES,
        lock: AbstractContextManager[Any] | None = None,
    ) -> None:
        """`by_event_time`: windows end at the highest event time of their family, else now.

        `max_series`: of a tenant and family, how many are shown by name. `lock`: if another thread exports.
        """
        self.position = -1
        """Offset of the last message that took effect; -1: none."""
        self.groups: dict[tuple[str, str], Group] = {}
        self._rungs = tuple(rungs)
        self._by_event_time = by_event_time
        self._max_series = max_series
        self._positions: dict[SourceName, int] = {}
        self._dirty: set[At] = set()
        self._weight = 0
        """At most how much the changed sheets are to write, in records."""
        self._gone: list[At] = []
        self._moved: set[tuple[str, str, SourceName]] = set()
        self._dropped: set[tuple[str, str, SourceName]] = set()
        self._seen: set[SourceName] = set()
        self._lock = nullcontext() if lock is None else lock
        """Held while a message takes effect: who exports sees all of it or nothing."""

    def fold(self, offset: int, message: Message | None) -> None:
        """Take the message at an offset; None: not one of ours."""
        if offset <= self.position:
            return
        self.position = offset
        if message is None or message.position < self._positions.get(message.source, -1):
            return
        self._positions[message.source] = message.position
        self._seen.add(message.source)
        with self._lock:
            self._take(message)

    def _take(self, message: Message) -> None:
        group = self._group(message.tenant, message.family)
        if message.high_ms > group.highs.get(message.source, -1):
            group.highs[message.source] = message.high_ms
            self._moved.add((message.tenant, message.family, message.source))
            if self._by_event_time:
                self._advance(group, group.high_ms)
        for (window, pane, number), rows in groupby(message.rows, _SHEET_OF):
            sheet, told = (message.source, number), [(series, tuple(counts)) for *_, series, counts in rows]
            if group.put(sheet, window, pane, told):
                at = message.tenant, message.family, window, pane, sheet
                if not (group.shares and at in self._dirty):
                    largest = max(len(counts) for _, counts in told)
                    self._weight += of_numbers(largest) * (SHEET if group.shares else 1)
                    self._dirty.add(at)

    def _group(self, tenant: str, family: str) -> Group:
        group = self.groups.get((tenant, family))
        if group is None:
            layout = FAMILIES[family]
            kind = Steps if layout.steps else Parted if layout.part else Group
            group = self.groups[tenant, family] = kind(tenant, family, self._rungs, self._max_series)
        return group

    def advance(self, now_ms: int) -> None:
        """By the wall clock, let every window end now. By event time nothing happens: messages move it."""
        if not self._by_event_time:
            for pair, group in list(self.groups.items()):
                with self._lock:
                    self._advance(group, now_ms)
                if group.is_over:
                    del self.groups[pair]
                    highs = {(*pair, source) for source in group.highs}
                    self._moved -= highs
                    self._dropped |= highs

    def _advance(self, group: Group, end_ms: int) -> None:
        for place in group.advance(end_ms):
            at = group.tenant, group.family, *place
            self._dirty.discard(at)
            self._gone.append(at)

    def series(self) -> list[Rows]:
        """Every series by KPI family: the same object as before where nothing changed.

        For one thread at a time, which may be another than the one that folds.
        """
        return [rows for group in list(self.groups.values()) for rows in group.series(self._lock)]

    def rows(self) -> list[Row]:
        """Every series and window, row by row."""
        return [row for rows in self.series() for row in rows]

    def overflowed(self) -> Counter[str]:
        """By label, how many series have gone to `other` since the last call."""
        found: Counter[str] = Counter()
        for group in self.groups.values():
            if group.bound.overflowed:
                found += group.bound.overflowed
                group.bound.overflowed.clear()
        return found

    @property
    def pending(self) -> int:
        """At most how much the next checkpoint is to write, in records."""
        return self._weight + min(len(self._gone), _DELETES)

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._dirty or self._gone or self._seen or self._moved or self._dropped)

    def changes(self) -> list[tuple[bytes, bytes | None]]:
        """Changelog records of what changed since the last call; the state is at `position`.

        Deletes of passed panes are no part of the state (`begin` passes them over) and are spread over
        several calls: after a night down there are more than one batch holds.
        """
        gone, self._gone = self._gone[:_DELETES], self._gone[_DELETES:]
        records: list[tuple[bytes, bytes | None]] = [(_key(at), None) for at in gone]
        records += [(b"g" + written(each), None) for each in self._dropped]
        for at in self._dirty:
            tenant, family, window, pane, sheet = at
            cells = self.groups[tenant, family].cells[window][pane][sheet]
            records.append((_key(at), written(list(chain.from_iterable(cells.items())))))
        for tenant, family, source in self._moved:
            high = self.groups[tenant, family].highs[source]
            records.append((b"g" + written((tenant, family, source)), written(high)))
        records += [(b"s" + source.encode(), written(self._positions[source])) for source in self._seen]
        records.append((b"p", written(self.position)))
        self._dirty, self._moved, self._dropped, self._seen = set(), set(), set(), set()
        self._weight = 0
        return records

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take back a changelog record; a later one of the same key supersedes it, None deletes."""
        if value is None:
            self._unload(key)
            return
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
                tenant, family, window, pane, *sheet = orjson.loads(key[1:])
                group = self._group(tenant, family)
                told = zip(map(tuple, held[::2]), map(tuple, held[1::2]), strict=True)
                group.put(tuple(sheet), window, pane, told)

    def _unload(self, key: bytes) -> None:
        if key[:1] == b"c":
            tenant, family, window, pane, *sheet = orjson.loads(key[1:])
            self._group(tenant, family).drop(tuple(sheet), window, pane)
        elif key[:1] == b"g":
            tenant, family, source = orjson.loads(key[1:])
            self._group(tenant, family).highs.pop(source, None)

    def begin(self, now_ms: int) -> None:
        """All is loaded: the windows end at `now_ms`, or with the event clock at the families' times."""
        for group in self.groups.values():
            group.settle()
            self._advance(group, group.high_ms if self._by_event_time else now_ms)


def _key(at: At) -> bytes:
    return b"c" + written((*at[:-1], *at[-1]))
