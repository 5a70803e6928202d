"""The windows of one tenant and a KPI of customers at their two ends: sums of steps. Pure.

Stands in for `rolling.Group` in a merger. A cell is a chunk of steps of one source partition; who sends it
adds up what is reached and empties what it has added up, so nothing is dropped here for its age.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from stream.scoring.families import Row, Series, Tally
from stream.scoring.message import Labels, Sheet
from stream.scoring.panes import Ladder
from stream.scoring.rolling import Group
from stream.scoring.steps import CHUNK, reached


class Steps(Group):
    """Customers active at the start of each window, and lost at its end."""

    __slots__ = ("_emptied", "_reached")

    shares: ClassVar[bool] = False

    def __init__(self, tenant: str, family: str, rungs: Sequence[Ladder], max_series: int) -> None:
        super().__init__(tenant, family, rungs, max_series)
        self._emptied: list[tuple[int, int, Sheet]] = []
        self._reached: list[set[int]] = [set() for _ in rungs]
        """By window, the chunks that have begun where it ends: few of all, most lie ahead."""

    def put(self, sheet: Sheet, window: int, pane: int, told: Iterable[tuple[Labels, Tally]]) -> bool:
        """Set a source partition's steps in a chunk (`pane`); an empty one is forgotten with the next end."""
        cells = self.cells[window].setdefault(pane, {}).setdefault(sheet, {})
        if pane <= self.ends[window] // CHUNK:
            self._reached[window].add(pane)
        for series, counts in told:
            cells[series] = counts
            if not counts:
                self._emptied.append((window, pane, sheet))
            self.touched.add(series)
            self._stale.add(series)
        return True

    def drop(self, sheet: Sheet, window: int, pane: int) -> None:
        """Forget a sheet."""
        sheets = self.cells[window].get(pane, {})
        self._stale.update(sheets.pop(sheet, {}))
        if pane in self.cells[window] and not sheets:
            del self.cells[window][pane]
            self._reached[window].discard(pane)

    def settle(self) -> None:
        """All is loaded: the series here have no names that could be too many."""

    def advance(self, end_ms: int) -> Iterator[tuple[int, int, Sheet]]:
        """Let the windows end at `end_ms`, never earlier than before; yields the forgotten sheets."""
        emptied, self._emptied = self._emptied, []
        for window, pane, sheet in emptied:
            cells = self.cells[window].get(pane, {}).get(sheet)
            if cells is not None and not any(cells.values()):
                self.drop(sheet, window, pane)
                yield window, pane, sheet
        for window, rung in enumerate(self._rungs):
            last = rung.pane(end_ms)
            if last > self.ends[window]:
                if last // CHUNK > self.ends[window] // CHUNK:
                    self._reached[window] = {each for each in self.cells[window] if each <= last // CHUNK}
                self.ends[window] = last
                moved = {each for sources in self._parts(window) for each in sources}
                self.touched |= moved
                self._stale.update(moved)

    def _parts(self, window: int) -> Iterator[dict[Labels, Tally]]:
        for chunk in list(self._reached[window]):
            yield from list(self.cells[window].get(chunk, {}).values())

    def _rows(self, series: Labels) -> Iterator[Row]:
        name = Series(self.tenant, *series)
        for window, rung in enumerate(self._rungs):
            active = lost = 0
            for part in self._parts(window):
                more = reached(part.get(series, ()), self.ends[window])
                active, lost = active + more[0], lost + more[1]
            # While the messages of a checkpoint come in, somebody may be lost who is not yet active.
            active = max(0, active)
            yield Row(name, self.family, rung.label, (active, min(max(0, lost), active)))
