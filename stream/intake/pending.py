"""What was counted and is not yet in the panes, and at most how many records it changes.

deltas(placement, family, cell)[event time // width] += 1       one dict for each combination
at_most(weights)                                                series by panes, of each tenant and family
take()                                                          all, once a checkpoint
"""

from collections.abc import Mapping, Sequence

from stream.intake.names import SeriesLabels
from stream.intake.placement import Placement
from stream.scoring.families import FAMILIES
from stream.scoring.weight import of_numbers

Combination = tuple[Placement, str, int]
"""Placement, family and cell."""
_FEW = 5_000
"""Records that need no closer look."""


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

    def at_most(self, widths: Sequence[int], weight: int) -> int:
        """Records that change: of all series all panes, or what the deltas say one by one if that is less.

        A sparse cell may be as heavy as the heaviest, and each delta may add a key to it.
        """
        cells = self.singly * len(widths)
        if cells * weight > _FEW:
            if self._seen != len(self.bases):
                self._seen = len(self.bases)
                self._panes = sum(len({base // width for base in self.bases}) for width in widths)
            cells = min(cells, len(self.series) * self._panes * max(len(self.parts), 1))
        return cells * weight + (of_numbers(2 * self.singly * len(widths)) if self.parts else 0)


class Deltas(dict[int, int]):
    """Counts by event time // width, to be added to: what is not there is 0."""

    __slots__ = ("_extent", "_series")

    def __init__(self, extent: Extent, series: int) -> None:
        super().__init__()
        self._extent = extent
        self._series = series

    def __missing__(self, base: int) -> int:
        """Every first one of a time comes by here."""
        self._extent.bases.add(base)
        self._extent.singly += self._series
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

    def at_most(self, weights: Mapping[tuple[str, str], int]) -> int:
        """No more records than that will change. `weights`: of sparse cells that are more than one record."""
        return sum(
            extent.at_most(self._widths, weights.get(pair, 1)) for pair, extent in self._extents.items()
        )
