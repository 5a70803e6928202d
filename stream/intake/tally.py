"""What one source partition contributes to series and panes: absolute counts.

    add(placement, family, cell, time, ±1)      pending deltas, by combination and time
        │ settle()                               once a checkpoint, not once an event
        ▼
    group (tenant, family) → pack (window, pane) → series → [stamp, sheet, count, count, …]

Deltas wait at the widest width that tells every window's panes apart, so windows and views cost by
combination and not by event. A stamp is the source offset up to which the counts are right; a sheet, the few
series of a pack that are written together. A pane that its window has passed is forgotten; what would still
change it changes nothing any more.

What is watched for drops has one rung more, the detector's panes. Of those none is forgotten before it was
given out: after a night down, one batch covers more than they do.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial

import orjson

from stream.alerts.watches import EVERY_TENANT
from stream.intake.climb import Climb
from stream.intake.group import Group
from stream.intake.names import SeriesLabels
from stream.intake.pack import AHEAD, CellRow, Pack, PackKey, key_of, load, sheet, sheets, stamped, tidy
from stream.intake.pending import Combination, Deltas, Pending
from stream.intake.placement import Placement
from stream.scoring.message import Labels
from stream.scoring.panes import DETECTOR, Ladder, common_width_ms, longest
from stream.scoring.written import written

_DELETES = 20_000
BySeries = Mapping[SeriesLabels, Mapping[int, list[int]]]
"""Counts by series and event time // width, as cells without stamp and sheet."""
Change = tuple[bytes, bytes | None]
"""A changelog record: key, value; None deletes."""


class Tallies:
    """The counts of one source partition."""

    def __init__(
        self,
        rungs: Sequence[Ladder],
        *,
        by_event_time: bool,
        watched: frozenset[tuple[str, str]] = frozenset(),
    ) -> None:
        """`by_event_time`: windows end at the highest event time of their family, else now.

        `watched`: tenants and families that have the detector's panes.
        """
        self._windows = len(rungs)
        self._longest = longest(rungs)
        self._watched = watched
        self._rungs = (*rungs, DETECTOR) if watched else tuple(rungs)
        self._by_event_time = by_event_time
        self.width_ms = common_width_ms(self._rungs)
        widths = [rung.width_ms // self.width_ms for rung in self._rungs]
        self._climb = Climb(widths)
        self._pending = Pending(widths)
        self.groups: dict[tuple[str, str], Group] = {}
        self._dirty: dict[PackKey, set[Labels]] = {}
        self._gone: list[bytes] = []
        self._ended: dict[tuple[str, str], None] = {}
        self._raised: set[tuple[str, str]] = set()

    def deltas(self, placement: Placement, family: str, cell: int) -> Deltas:
        """What is pending for a cell of every series of the placement, by event time // `width_ms`.

        To be added to until the next `settle`, and not longer.
        """
        return self._pending.deltas(placement, family, cell)

    def add(self, placement: Placement, family: str, cell: int, at_ms: int, delta: int = 1) -> None:
        """Count `delta` in a cell of every series of the placement, at an event time."""
        self.deltas(placement, family, cell)[at_ms // self.width_ms] += delta
        self._raise(placement.tenant, family, at_ms)

    def reach(self, tenant: str, family: str, at_ms: int) -> None:
        """Let the windows of a family end no earlier than `at_ms`, by event time, though nothing is added."""
        self._raise(tenant, family, at_ms)

    def high_ms(self, tenant: str, family: str) -> int:
        """The highest event time counted for a tenant and family with `add`, exactly; -1: none."""
        group = self.groups.get((tenant, family))
        return -1 if group is None else group.high_ms

    @property
    def pending(self) -> int:
        """At most how much `settle` would change, in records: cells, and of sparse ones what they hold."""
        return self._pending.at_most(self.groups)

    @property
    def watched_tenants(self) -> int:
        """How many tenants it counts of whom something is watched."""
        return len({group.tenant for group in self.groups.values() if group.spared is not None})

    def settle(self, stamp: int, now_ms: int) -> None:
        """Move the pending deltas into the panes; counts are right up to the source offset `stamp`.

        `now_ms`: with the wall clock, the highest time a record was stored; panes before the windows are
        forgotten.
        """
        pending = self._pending.take()
        for (placement, family, _), deltas in pending.items():
            self._raise(placement.tenant, family, max(deltas) * self.width_ms)
        first = self._first(now_ms)
        for group in self.groups.values():
            self._forget(group, self._first(group.high_ms) if self._by_event_time else first)
        for group, by_series in self._vectors(pending).items():
            self._settle(group, by_series, stamp)
        if not self._by_event_time:
            self._free()

    def _free(self) -> None:
        """Forget tenants and families that contribute nothing; by event time their time must stay known."""
        for pair in [pair for pair, group in self.groups.items() if not group.packs]:
            if pair not in self._raised:
                del self.groups[pair]
                self._ended[pair] = None

    def _vectors(self, pending: Mapping[Combination, Deltas]) -> dict[Group, BySeries]:
        """The pending deltas by series and event time // width: as cells without stamp and sheet.

        By series first: many placements share one, and what follows costs by series and pane.
        """
        taken: dict[Group, BySeries] = {}
        for (placement, family, cell), deltas in pending.items():
            group = self.groups[placement.tenant, family]
            by_series = taken.get(group)
            if by_series is None:
                by_series = taken[group] = defaultdict(partial(defaultdict, group.empty.copy))
            for series in placement.series:
                by_base = by_series[series]
                for base, delta in deltas.items():
                    if group.part:
                        by_base[base] += (cell, delta)
                    else:
                        by_base[base][cell + AHEAD] += delta
        return taken

    def _settle(self, group: Group, by_series: BySeries, stamp: int) -> None:
        opened: dict[tuple[int, int], tuple[Pack, set[Labels]]] = {}
        chosen = range(self._longest, self._longest + 1) if group.standing else range(len(group.first))
        for series, by_base in by_series.items():
            levels = self._climb.up(tidy(by_base) if group.part else by_base, group.plus)
            for window in chosen:
                first = group.first[window]
                for pane, counts in levels[window].items():
                    if pane < first or not any(counts):
                        continue
                    found = opened.get((window, pane))
                    if found is None:
                        found = opened[window, pane] = self._open(group, window, pane)
                    pack, dirty = found
                    dirty.update(group.put(pack, series, counts, stamp))

    def _open(self, group: Group, window: int, pane: int) -> tuple[Pack, set[Labels]]:
        """The pack of a pane, and which of its series have changed since they were last told."""
        at = group.tenant, group.family, window, pane
        return group.packs.setdefault((window, pane), {}), self._dirty.setdefault(at, set())

    def _raise(self, tenant: str, family: str, at_ms: int) -> None:
        group = self.group(tenant, family)
        if at_ms > group.high_ms:
            group.high_ms = at_ms
            self.lifted(group)

    def lifted(self, group: Group) -> None:
        """Note that a group's `high_ms` was raised."""
        self._raised.add((group.tenant, group.family))

    def group(self, tenant: str, family: str) -> Group:
        """All of a tenant and family; good until the next `settle`, and not longer."""
        group = self.groups.get((tenant, family))
        if group is None:
            watched = not self._watched.isdisjoint(((tenant, family), (EVERY_TENANT, family)))
            group = self.groups[tenant, family] = Group(tenant, family, self._windows, watched=watched)
            self._ended.pop((tenant, family), None)
        return group

    def _first(self, end_ms: int) -> list[int]:
        """By window, the first pane when it ends there."""
        return [rung.first(end_ms) for rung in self._rungs]

    def _forget(self, group: Group, first: list[int]) -> None:
        if group.spared is not None:
            first, group.spared = [*first[: self._windows], group.spared], first[-1]
        elif self._watched:
            first = first[: self._windows]
        if first == group.first:
            return
        group.first = first
        for window, pane in [key for key in group.packs if key[1] < first[key[0]]]:
            pack, at = group.packs.pop((window, pane)), (group.tenant, group.family, window, pane)
            self._gone += [key_of(at, number) for number in {cell[1] for cell in pack.values()}]
            self._dirty.pop(at, None)

    def changes(self) -> tuple[list[Change], dict[tuple[str, str], list[CellRow]]]:
        """What `settle` changed since the last call: changelog records; by tenant and family what to send on.

        A tenant and family whose time moved without a count has an empty list. Deletes of passed panes are no
        part of the state (whoever loads them passes them over) and are spread over several calls.
        """
        gone, self._gone = self._gone[:_DELETES], self._gone[_DELETES:]
        records: list[Change] = [(key, None) for key in gone]
        ended = list(self._ended)[: _DELETES - len(gone)]
        records += [(_group_key(pair), None) for pair in ended]
        for pair in ended:
            del self._ended[pair]
        rows: dict[tuple[str, str], list[CellRow]] = {pair: [] for pair in self._raised}
        for at, dirty in self._dirty.items():
            tenant, family, window, pane = at
            pack = self.groups[tenant, family].packs[window, pane]
            told = rows.setdefault((tenant, family), [])
            for number, cells in sheets(pack, {pack[series][1] for series in dirty}).items():
                records.append((key_of(at, number), sheet(cells)))
                told += [
                    (window, pane, number, series, cell[AHEAD:]) for series, cell in cells if series in dirty
                ]
        records += [(_group_key(pair), written(self.groups[pair].high_ms)) for pair in self._raised]
        self._dirty.clear()
        self._raised.clear()
        return records, rows

    def above(self, offset: int) -> dict[tuple[str, str], list[CellRow]]:
        """The counts stamped at or above a source offset, by tenant and family, of which none is left out."""
        return {
            pair: [
                row
                for (window, pane), pack in group.packs.items()
                for row in stamped(pack, window, pane, offset)
            ]
            for pair, group in self.groups.items()
        }

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take back a changelog record; `key` begins with ``c`` (counts) or ``g`` (a family's time)."""
        if key[:1] == b"g":
            tenant, family = orjson.loads(key[1:])
            if value is not None:
                self.group(tenant, family).high_ms = orjson.loads(value)
            return
        tenant, family, window, pane, number = orjson.loads(key[1:])
        group = self.group(tenant, family)
        if value is None:
            load(group.packs.get((window, pane), {}), number, None)
        elif window >= len(group.first):
            self._gone.append(key)  # it is not watched any more
        else:
            pack = group.packs.setdefault((window, pane), {})
            load(pack, number, value)
            group.note(pack)


def _group_key(pair: tuple[str, str]) -> bytes:
    return b"g" + written(pair)
