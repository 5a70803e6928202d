"""The counts of one pane, which stand a few series to a sheet: a sheet is one record of the changelog. Pure.

    series → [stamp, sheet, count, count, …]        of a sparse family: … key, count, key, count, …

A stamp is the source offset up to which the counts are right. Series only come, until the pane is forgotten:
the n-th stands on sheet n // `message.SHEET`, also over a restart, since the sheet's number is in the key. A
record for each series would be mostly its key (docs/decisions/0028).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain

import orjson

from stream.scoring.message import Labels
from stream.scoring.sparse import merged
from stream.scoring.written import written

AHEAD = 2
"""Of a cell, what comes before its counts."""
Cell = list[int]
Pack = dict[Labels, Cell]
"""The cells of a pane."""
PackKey = tuple[str, str, int, int]
"""tenant, family, window index, pane."""
CellRow = tuple[int, int, int, Labels, list[int]]
"""window index, pane, sheet, series, counts."""


def key_of(at: PackKey, sheet: int) -> bytes:
    """The changelog's key of a sheet."""
    return b"c" + written((*at, sheet))


def sheets(pack: Pack, chosen: Collection[int]) -> dict[int, list[tuple[Labels, Cell]]]:
    """By number, the cells that stand on the chosen sheets."""
    found: dict[int, list[tuple[Labels, Cell]]] = {number: [] for number in chosen}
    for series, cell in pack.items():
        if cell[1] in found:
            found[cell[1]].append((series, cell))
    return found


def sheet(cells: Sequence[tuple[Labels, Cell]]) -> bytes:
    """A sheet as it is written: all stamps, then series and counts by turns."""
    stamps = [cell[0] for _, cell in cells]
    return written([stamps, *chain.from_iterable((series, cell[AHEAD:]) for series, cell in cells)])


def load(pack: Pack, number: int, value: bytes | None) -> None:
    """Take back what was written of a sheet; None: nothing stands there any more."""
    if value is None:
        for labels in [labels for labels, cell in pack.items() if cell[1] == number]:
            del pack[labels]
        return
    stamps, *flat = orjson.loads(value)
    for stamp, labels, counts in zip(stamps, flat[::2], flat[1::2], strict=True):
        pack[tuple(labels)] = [stamp, number, *counts]


def stamped(pack: Pack, window: int, pane: int, offset: int) -> list[CellRow]:
    """The counts stamped at or above a source offset."""
    return [
        (window, pane, cell[1], series, cell[AHEAD:]) for series, cell in pack.items() if cell[0] >= offset
    ]


def plus(cells: Iterable[Cell]) -> Cell:
    """The sums of counts, on the sheet of the only cell that has one; their stamp means nothing."""
    return list(map(sum, zip(*cells, strict=True)))


def plus_sparse(cells: Iterable[Cell]) -> Cell:
    """The same of a sparse family: each key once, in order, and none without a count."""
    first, *others = cells
    counts: Sequence[int] = merged((), first[AHEAD:])
    for other in others:
        counts = merged(counts, other[AHEAD:])
    return [*first[:AHEAD], *counts]


def tidy(by_pane: Mapping[int, Cell]) -> dict[int, Cell]:
    """Counts of a sparse family as they came, each key once."""
    return {pane: plus_sparse([cell]) for pane, cell in by_pane.items()}
