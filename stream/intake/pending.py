"""What was counted and is not yet in the panes, and at most how many records it changes.

deltas(placement, family, cell)[event time // width] += 1       one dict for each combination
at_most(held)                                                   series by panes, of each tenant and family
take()                                                          all, once a checkpoint
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from stream.intake.names import SeriesLabels
from stream.intake.placement import Placement
from stream.scoring.families import FAMILIES
from stream.scoring.message import SHEET
from stream.scoring.weight import of_numbers

Combination = tuple[Placement, str, int]
"""Placement, family and cell."""
_FEW = 5_000
"""Records that need no closer look."""


class Held(Protocol):
    """What is counted of a tenant and family already."""

    weight: int
    """Of the largest sparse cell, in records."""
    largest: int
    """How many series the largest pane has had, if they share sheets."""


class Extent:
    """What the pending deltas of a tenant and family reach."""

    __slots__ = ("_panes", "_seen", "bases", "parts", "series", "singly")

    def __init__(self) -> None:
        self.series: set[SeriesLabels] = set()
        self.bases: set[int] = set()
        """Event times // width."""
        self.parts: set[int] = set()
        """Of a sparse family, those of its cells."""
        self.singly = 0
        """Deltas by series: no more cells of a window change."""
        self._seen = self._panes = 0

    def at_most(self, widths: Sequence[int], weight: int, largest: int) -> int:
        """Cells that are written anew, in records: of all series all panes, or less if the deltas are few.

        Who changes a cell writes its sheet: of a pack all series at most, which are the `largest` there was
        and those that come to it. A sparse cell may be as heavy as the heaviest (`weight`), and each delta
        may add a key to it.
        """
        cells = self.singly * len(widths) * (1 if self.parts else SHEET)
        if cells * weight > _FEW:
            if self._seen != len(self.bases):
                self._seen = len(self.bases)
                self._panes = sum(len({base // width for base in self.bases}) for width in widths)
            most = len(self.series) * len(self.parts) if self.parts else len(self.series) + largest
            cells = min(cells, most * self._panes)
        return cells * weight + (of_numbers(2 * self.singly * len(widths)) if self.parts else 0)


class Deltas(dict[int, int]):
    """Counts by event time // width, to be added to: what is not there is 0."""

    __slots__ = ("_series", "extent")

    def __init__(self, extent: Extent, series: int) -> None:
        super().__init__()
        self.extent = extent
        self._series = series

    def __missing__(self, base: int) -> int:
        """Every first one of a time comes by here."""
        self.extent.bases.add(base)
        self.extent.singly += self._series
        return 0


class Pending:
    """The deltas of one source partition."""

    def __init__(self, widths: Sequence[int]) -> None:
        """`widths`: of each window's panes, in widths of the deltas."""
        self._widths = tuple(widths)
        self._deltas: dict[Combination, Deltas] = {}
        self._extents: dict[tuple[str, str], Extent] = {}

    def deltas(self, placement: Placement, family: str, cell: int) -> Deltas:
        """What is pending for a cell of every series of the placement, by event time // width.

        To be added to until the next `take`, and not longer.
        """
        key = placement, family, cell
        deltas = self._deltas.get(key)
        if deltas is None:
            pair = placement.tenant, family
            extent = self._extents.get(pair)
            if extent is None:
                extent = self._extents[pair] = Extent()
            extent.series.update(placement.series)
            part = FAMILIES[family].part
            if part:
                extent.parts.add(cell // part)
            deltas = self._deltas[key] = Deltas(extent, len(placement.series))
        return deltas

    def take(self) -> dict[Combination, Deltas]:
        """All of it."""
        taken, self._deltas, self._extents = self._deltas, {}, {}
        return taken

    def at_most(self, held: Mapping[tuple[str, str], Held]) -> int:
        """No more records than that will be written. `held`: what there is already."""
        found = 0
        for pair, extent in self._extents.items():
            group = held.get(pair)
            weight, largest = (1, 0) if group is None else (group.weight, group.largest)
            found += extent.at_most(self._widths, weight, largest)
        return found
