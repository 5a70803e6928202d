"""All that a source partition contributes to one tenant and KPI family: a pack for each window and pane."""

from collections.abc import Sequence

from stream.intake.names import SeriesLabels
from stream.intake.pack import AHEAD, Cell, Pack, plus, plus_sparse
from stream.scoring.families import FAMILIES
from stream.scoring.message import SHEET, Labels
from stream.scoring.sparse import parts
from stream.scoring.weight import of_numbers


class Group:
    """All that a partition contributes to one tenant and KPI family."""

    __slots__ = (
        *("empty", "family", "first", "high_ms", "largest", "packs", "part", "plus", "weight"),
        *("spared", "standing", "tenant"),
    )

    def __init__(self, tenant: str, family: str, windows: int, *, watched: bool) -> None:
        self.tenant = tenant
        self.family = family
        self.empty = [0] * (AHEAD + len(FAMILIES[family].cells))
        self.part = FAMILIES[family].part
        self.standing = FAMILIES[family].standing
        self.plus = plus_sparse if self.part else plus
        """Add counts to a cell, or add up counts; the stamp of the sum means nothing."""
        self.weight = 1
        """Of the largest sparse cell so far, in records."""
        self.largest = 0
        """How many series the largest pack has had, if they share sheets."""
        self.packs: dict[tuple[int, int], Pack] = {}
        self.high_ms = -1
        """The highest event time ever counted; of `deltas`, cut to the common width: enough to place ends."""
        self.first = [-1] * (windows + watched)
        """By window, the first pane that is alive; last, the detector's."""
        self.spared = -1 if watched else None
        """The detector's first pane as of the former `settle`: what is before it was given out."""

    def put(self, pack: Pack, series: SeriesLabels, counts: Cell, stamp: int) -> Sequence[Labels]:
        """Add counts to a series; returns the cells that changed: of a sparse family, its parts."""
        if not self.part:
            self._add(pack, series, counts, stamp)
            return (series,)
        found = {(*series, str(part)): own for part, own in parts(counts[AHEAD:], self.part).items()}
        for labels, own in found.items():
            cell = self._add(pack, labels, [0, 0, *own], stamp)
            self.weight = max(self.weight, of_numbers(len(cell)))
        return tuple(found)

    def _add(self, pack: Pack, labels: Labels, counts: Cell, stamp: int) -> Cell:
        cell = pack.get(labels)
        if cell is not None:
            cell = self.plus((cell, counts))
        else:
            cell = counts.copy()
            cell[1] = len(pack) if self.part else len(pack) // SHEET
        cell[0] = stamp
        pack[labels] = cell
        self.note(pack)
        return cell

    def note(self, pack: Pack) -> None:
        """Note how many series share sheets, for what a change may write."""
        if not self.part and len(pack) > self.largest:
            self.largest = len(pack)
