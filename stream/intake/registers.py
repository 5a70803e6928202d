"""What one source partition contributes to counts at windows' ends: steps, by chunks of panes.

    add(tenant, family, spells, ±1)      pending changes, by window and key
        │ settle()                        once a checkpoint; what is reached is added up under pane 0
        ▼
    cell (tenant, family, window, chunk) → [stamp, key, change, key, change, …]

A window's end never goes back and is never behind this partition's clock, so adding up what is reached
changes no value that anybody still asks for. It and the emptied chunks are written in one checkpoint.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import orjson

from stream.intake.names import SeriesLabels
from stream.intake.pack import CellRow
from stream.intake.tally import Change
from stream.scoring.panes import Ladder
from stream.scoring.sparse import merged, pairs
from stream.scoring.steps import ACTIVE, LOST, Spell, changes, chunk_of
from stream.scoring.weight import of_numbers
from stream.scoring.written import written

KIND: Final = b"h"
TOTAL: SeriesLabels = ("", "total", "", "", "")
Group = tuple[str, str, int]
"""tenant, family, window index."""


class Registers:
    """The steps of one source partition, over all customers of a tenant."""

    def __init__(self, rungs: Sequence[Ladder], clock_of: Callable[[str, str], int]) -> None:
        """`clock_of` a tenant and family: no window will end before that, in ms."""
        self._rungs = tuple(rungs)
        self._clock_of = clock_of
        self._cells: defaultdict[Group, dict[int, list[int]]] = defaultdict(dict)
        self._pending: defaultdict[tuple[Group, int], dict[int, int]] = defaultdict(dict)
        self._dirty: set[tuple[Group, int]] = set()
        self._folded: dict[Group, int] = {}
        """By group, the chunk that had been reached when it was last looked at."""
        self._emptied: set[tuple[Group, int]] = set()
        """Cells that the last checkpoint left empty; by the next one that has been sent."""

    def add(self, tenant: str, family: str, spells: Sequence[Spell], sign: int) -> None:
        """Count a customer who is active over these spells (ms, in order, apart), or no longer."""
        for window, rung in enumerate(self._rungs):
            for key, delta in changes(spells, rung.width_ms, rung.panes).items():
                pending = self._pending[(tenant, family, window), chunk_of(key)]
                pending[key] = pending.get(key, 0) + sign * delta

    @property
    def pending(self) -> int:
        """At most how much the next checkpoint is to write, in records."""
        return len(self._dirty) + sum(
            of_numbers(2 * len(found) + len(self._cells[group].get(chunk, ())))
            for (group, chunk), found in self._pending.items()
        )

    def settle(self, stamp: int) -> None:
        """Move what is pending into the cells, and add up what is reached; right up to the offset `stamp`."""
        for (group, chunk), found in self._pending.items():
            self._put(group, chunk, _flat(found), stamp)
        self._pending.clear()
        for group in list(self._cells):
            self._fold(group, stamp)

    def _put(self, group: Group, chunk: int, flat: Sequence[int], stamp: int) -> None:
        if flat:
            cell = self._cells[group].get(chunk, [0])
            self._cells[group][chunk] = [stamp, *merged(cell[1:], flat)]
            self._dirty.add((group, chunk))

    def _fold(self, group: Group, stamp: int) -> None:
        """Add up under pane 0 the chunks that every window's end has passed."""
        tenant, family, window = group
        passed = chunk_of(2 * self._rungs[window].pane(max(0, self._clock_of(tenant, family))))
        cells = self._cells[group]
        if self._folded.get(group, -1) == passed and (group, 0) not in self._dirty:
            return
        self._folded[group] = passed
        for chunk in [each for each, cell in cells.items() if 0 < each < passed and len(cell) > 1]:
            ground = {ACTIVE: 0, LOST: 0}
            for key, delta in pairs(cells[chunk][1:]):
                ground[key & 1] += delta
            cells[chunk] = [stamp]
            self._dirty.add((group, chunk))
            self._put(group, 0, _flat(ground), stamp)

    def changes(self) -> tuple[list[Change], dict[tuple[str, str], list[CellRow]]]:
        """What changed since the last call: changelog records; by tenant and family what to send on.

        A cell that became empty is told of at once, and forgotten with the next call: whoever takes over
        before that has been sent must be able to send it.
        """
        records: list[Change] = []
        rows: defaultdict[tuple[str, str], list[CellRow]] = defaultdict(list)
        for group, chunk in self._emptied - self._dirty:
            records.append((_key(group, chunk), None))
            del self._cells[group][chunk]
            if not self._cells[group]:
                del self._cells[group]
                self._folded.pop(group, None)
        self._emptied = set()
        for group, chunk in self._dirty:
            cell = self._cells[group][chunk]
            records.append((_key(group, chunk), written(cell)))
            rows[group[:2]].append((group[2], chunk, 0, TOTAL, cell[1:]))
            if len(cell) == 1:
                self._emptied.add((group, chunk))
        self._dirty = set()
        return records, rows

    def above(self, offset: int) -> dict[tuple[str, str], list[CellRow]]:
        """The cells stamped at or above a source offset, by tenant and family."""
        rows: defaultdict[tuple[str, str], list[CellRow]] = defaultdict(list)
        for (tenant, family, window), cells in self._cells.items():
            rows[tenant, family] += [
                (window, chunk, 0, TOTAL, cell[1:]) for chunk, cell in cells.items() if cell[0] >= offset
            ]
        return rows

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take back a changelog record; `key` begins with ``h``."""
        tenant, family, window, chunk = orjson.loads(key[1:])
        group = tenant, family, window
        self._emptied.discard((group, chunk))
        if value is None:
            self._cells[group].pop(chunk, None)
            return
        cell = self._cells[group][chunk] = orjson.loads(value)
        if len(cell) == 1:
            self._emptied.add((group, chunk))


def _flat(found: Mapping[int, int]) -> list[int]:
    return [each for key in sorted(found) if found[key] for each in (key, found[key])]


def _key(group: Group, chunk: int) -> bytes:
    return KIND + written((*group, chunk))
