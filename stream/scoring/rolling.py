"""The windows of one tenant and KPI family, rolled: what leaves is subtracted, what enters is added. Pure.

panes   … │ k-count │ k-count+1 │    …    │    k    │ k+1 │ …
            leaves  └── sums ─────────────┘ enters   waits      when the end moves on by one pane
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from operator import add, sub
from typing import Any, ClassVar

from stream.scoring.bound import Bound
from stream.scoring.families import FAMILIES, Row, Rows, Series, Tally
from stream.scoring.message import Labels, Sheet, SourceName, series_of
from stream.scoring.panes import Ladder

Cells = dict[Labels, Tally]


class Group:
    """The windows of one tenant and KPI family."""

    __slots__ = (
        *("_empty", "_known", "_rungs", "_stale"),
        *("bound", "cells", "ends", "family", "highs", "sums", "tenant", "touched"),
    )

    shares: ClassVar[bool] = True
    """Whether several cells stand on one sheet."""

    def __init__(self, tenant: str, family: str, rungs: Sequence[Ladder], max_series: int) -> None:
        """At most `max_series` series, of whatever many sources, are shown by name."""
        self.tenant = tenant
        self.family = family
        self.highs: dict[SourceName, int] = {}
        self.cells: list[dict[int, dict[Sheet, Cells]]] = [{} for _ in rungs]
        """By window, pane, sheet and series."""
        self.bound = Bound(max_series)
        self.sums: list[dict[Labels, Tally]] = [{} for _ in rungs]
        """By window and the series as it is shown."""
        self.ends = [-1] * len(rungs)
        """By window, the pane that holds its end."""
        self.touched: set[Labels] = set()
        """Series whose sums changed since this was last emptied."""
        self._stale: set[Labels] = set()
        """Series whose known rows may be old. Marked after the change, so that who takes a mark sees it."""
        self._known: dict[Labels, Rows] = {}
        self._rungs = rungs
        self._empty = FAMILIES[family].empty

    @property
    def high_ms(self) -> int:
        """The highest event time ever counted; -1: none."""
        return max(self.highs.values(), default=-1)

    @property
    def is_over(self) -> bool:
        """Whether no window holds anything, and that has been told."""
        return not (self.touched or any(self.cells))

    def put(self, sheet: Sheet, window: int, pane: int, told: Iterable[tuple[Labels, Tally]]) -> bool:
        """Set counts of a sheet in a pane; False when the window has passed that pane."""
        last = self.ends[window]
        if pane <= last - self._rungs[window].panes:
            return False
        cells = self.cells[window].setdefault(pane, {}).setdefault(sheet, {})
        for labels, counts in told:
            series, former = labels, cells.get(labels)
            if former is None:
                shared = self.bound.hold(series_of(labels))
                series = shared + labels[len(shared) :]
            cells[series] = counts
            if pane <= last and counts != former:
                self._move(window, series, counts, former or self._empty)
        return True

    def drop(self, sheet: Sheet, window: int, pane: int) -> None:
        """Forget a sheet while the windows have no end yet."""
        for series in self.cells[window].get(pane, {}).pop(sheet, {}):
            self.bound.release(series_of(series))

    def _move(self, window: int, series: Labels, plus: Tally, minus: Tally) -> None:
        sums, shown = self.sums[window], self.bound.shown(series)
        moved = map(add, sums.get(shown, self._empty), plus)
        sums[shown] = tuple(moved if minus is self._empty else map(sub, moved, minus))
        self.touched.add(shown)
        self._stale.add(shown)

    def settle(self) -> None:
        """All is loaded, and no window has an end yet: decide which series are shown by name."""
        sizes: Counter[Labels] = Counter()
        for sheets in self.cells[-1].values():
            for cells in sheets.values():
                for series, counts in cells.items():
                    sizes[series_of(series)] += sum(counts)
        self.bound.settle(sizes)

    def advance(self, end_ms: int) -> Iterator[tuple[int, int, Sheet]]:
        """Let the windows end at `end_ms`, never earlier than before; yields the forgotten sheets."""
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
                for sheet, cells in panes.pop(pane).items():
                    for series, counts in cells.items():
                        self._move(window, series, self._empty, counts)
                        self.bound.release(series_of(series))
                    yield window, pane, sheet
            for series in [series for series, counts in self.sums[window].items() if not any(counts)]:
                del self.sums[window][series]

    def take_touched(self) -> Iterator[Row]:
        """The rows of the series that changed since the last call."""
        touched, self.touched = self.touched, set()
        for series in touched:
            yield from self._rows(series)

    def series(self, lock: AbstractContextManager[Any]) -> list[Rows]:
        """The rows of every series that counts anything in some window; of an unchanged one, the same object.

        For one thread at a time, which may be another than the one that feeds, and holds `lock` for that.
        """
        stale, known = self._stale, self._known
        for _ in range(len(stale)):
            with lock:
                series = stale.pop()
                rows = tuple(self._rows(series))
            if not any(any(row.tally) for row in rows):
                known.pop(series, None)
            elif rows != known.get(series):
                known[series] = rows
        return list(known.values())

    def _rows(self, series: Labels) -> Iterator[Row]:
        name = Series(self.tenant, *series)
        for rung, sums in zip(self._rungs, self.sums, strict=True):
            yield Row(name, self.family, rung.label, sums.get(series, self._empty))
