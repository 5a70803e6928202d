"""The windows of a family with sparse tallies: a cell holds a part of the keys, and so does a sum. Pure.

Stands in for `rolling.Group` in a merger. A series has many keys, and what comes changes few of them: part by
part a cell stays small enough to be written and sent, and a change costs no more than the part it is in.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import ClassVar

from stream.scoring.families import FAMILIES, Row, Series, Tally
from stream.scoring.message import Labels, Sheet, series_of
from stream.scoring.panes import Ladder, longest
from stream.scoring.rolling import Group
from stream.scoring.sparse import merged, total

_DAY_MS = 86_400_000


class Parted(Group):
    """The windows of one tenant and KPI family, by key."""

    __slots__ = ("_dated", "_end_ms", "_parts", "_standing")

    shares: ClassVar[bool] = False

    def __init__(self, tenant: str, family: str, rungs: Sequence[Ladder], max_series: int) -> None:
        super().__init__(tenant, family, rungs, max_series)
        self._parts: list[dict[Labels, dict[int, Tally]]] = [{} for _ in rungs]
        """The sums, by window, series as it is shown, and part; none of them empty."""
        self._standing = FAMILIES[family].standing
        self._dated = FAMILIES[family].dated
        self._end_ms = -1

    def _move(self, window: int, cell: Labels, plus: Tally, minus: Tally) -> None:
        shown, part = self.bound.shown(series_of(cell)), int(cell[-1])
        parts = self._parts[window].setdefault(shown, {})
        found = tuple(merged(merged(parts.get(part, ()), plus), minus, -1))
        if found:
            parts[part] = found
        else:
            parts.pop(part, None)
        if not parts:
            del self._parts[window][shown]
        self.touched.add(shown)
        self._stale.add(shown)

    def advance(self, end_ms: int) -> Iterator[tuple[int, int, Sheet]]:
        """Let the windows end at `end_ms`, never earlier than before; yields the forgotten sheets."""
        if self._dated and end_ms // _DAY_MS > self._end_ms // _DAY_MS:
            self.touched.update(*self._parts)
        self._end_ms = max(self._end_ms, end_ms)
        if self._dated or self._standing:
            self._stale.update(*self._parts)
        return super().advance(end_ms)

    def _sum(self, window: int, series: Labels) -> Tally:
        parts = self._parts[window].get(series, {})
        return tuple(chain.from_iterable(counts for _, counts in sorted(parts.items())))

    def _rows(self, series: Labels) -> Iterator[Row]:
        name = Series(self.tenant, *series)
        if self._standing:
            since = self._sum(longest(self._rungs), series)
            # Of whole seconds, in ms: how old the oldest is where the windows end.
            age_ms = max(0, self._end_ms - since[0]) // 1_000 * 1_000 if since else 0
            for rung in self._rungs:
                yield Row(name, self.family, rung.label, (total(since), age_ms))
            return
        for window, rung in enumerate(self._rungs):
            found = self._sum(window, series)
            if self._dated and found:
                found = (self._end_ms // _DAY_MS, *found)
            yield Row(name, self.family, rung.label, found)
