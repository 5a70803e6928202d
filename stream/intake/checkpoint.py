"""What an intake gives out once a checkpoint: all that changed, as one unit."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from stream.intake.pack import CellRow
from stream.intake.record import Rejected
from stream.intake.tally import Change


@dataclass
class Counts:
    """What happened to records since the last checkpoint; told only once a checkpoint is safe."""

    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    corrections: Counter[str] = field(default_factory=Counter)
    overflowed: Counter[str] = field(default_factory=Counter)
    misplaced: int = 0
    event_times_ms: list[int] = field(default_factory=list)
    """Event time of each counted record."""


class Checkpoint(NamedTuple):
    """One step of a partition, written in this order: rejected, changes (as one), rows; then committed."""

    position: int
    changes: list[Change]
    rows: dict[tuple[str, str], list[CellRow]]
    rejected: list[Rejected]
    counts: Counts
