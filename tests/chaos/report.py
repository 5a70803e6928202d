"""What is printed of a run, and what of it is a fault."""

from collections import Counter
from dataclasses import dataclass, field

from tests.chaos.presence import by_kind, quantile
from tests.chaos.schedule import Phase
from tests.chaos.seats import Ended
from tests.support.recount.model import Cell

_SHOWN = 20


@dataclass
class Cells:
    """All exported cells beside the expected ones."""

    compared: int = 0
    wrong: list[str] = field(default_factory=list)
    doubled: list[Cell] = field(default_factory=list)
    over: float = 0
    under: float = 0
    counted: float = 0
    not_ready: int = 0
    settled_s: float = 0
    """From the end of the load until all was right; or how long that was waited for."""

    @property
    def right(self) -> bool:
        """Whether nothing is to be said against it."""
        return bool(self.compared) and not (self.wrong or self.doubled or self.not_ready)


@dataclass
class Report:
    """What came of a run."""

    seed: int
    seconds: float
    setting: str
    phases: list[Phase]
    struck: list[tuple[float, str]] = field(default_factory=list)
    recovery_s: list[float] = field(default_factory=list)
    watched: int = 0
    watched_s: float = 0
    missing_s: float = 0
    doubled_s: float = 0
    missing_share: float = 0
    doubled_share: float = 0
    worst: list[str] = field(default_factory=list)
    """The longest times in which something was missing or stale."""
    cells: Cells = field(default_factory=Cells)
    records: int = 0
    unrejected: int = 0
    calm_records: int = 0
    calm_taken: Counter[tuple[str, ...]] = field(default_factory=Counter)
    calm_ended: int = 0
    """Workers that ended by themselves in the calm phase: their counts went with them."""
    ended: list[Ended] = field(default_factory=list)
    stop_s: list[float] = field(default_factory=list)
    unsent: int = 0
    disks: bool = True
    """Whether they could be filled."""
    folder: str = ""

    def faults(self) -> list[str]:
        """What was promised and not kept, in words."""
        cells, faults = self.cells, []
        if not cells.compared:
            faults.append("nothing was compared")
        if cells.wrong:
            faults.append(f"{len(cells.wrong)} of {cells.compared} cells are wrong")
        if cells.doubled:
            faults.append(f"{len(cells.doubled)} cells come from two workers")
        if cells.not_ready:
            faults.append(f"{cells.not_ready} workers are not ready")
        if self.calm_taken.total() != self.calm_records and not self.calm_ended:
            faults.append(f"cx_records_total is {self.calm_taken.total()} for {self.calm_records} records")
        if self.unrejected:
            faults.append(f"{self.unrejected} rejected records are not as they should be in cx.rejected")
        stuck = sum(end.status is None for end in self.ended)
        if stuck:
            faults.append(f"{stuck} times a worker did not end after SIGTERM")
        unasked = sum(not end.outage for end in self.ended)
        if unasked:
            faults.append(f"{unasked} times a worker ended by itself, with broker and disk up")
        return faults

    def __str__(self) -> str:
        return "\n".join([*self._table(), *(f"WRONG: {fault}" for fault in self.faults()), *self._evidence()])

    def _table(self) -> list[str]:
        cells, rows = self.cells, by_kind([name for _, name in self.struck], self.recovery_s)
        died = f" ({self.calm_ended} did)" if self.calm_ended else ""
        wanting = sum(end.outage for end in self.ended)
        lines = [
            f"chaos: seed {self.seed}, {self.seconds:g} s, {self.setting}; {self.records:,} records stored",
            f"{'strike':18}{'n':>4}{'median s':>10}{'p95 s':>8}   until every series is back, and fresh",
        ]
        lines += [
            f"{name:18}{len(took):4}{quantile(took, 0.5):10.1f}{quantile(took, 0.95):8.1f}"
            for name, took in rows.items()
        ]
        lines += [
            f"{name:18}{text}"
            for name, text in (
                ("series", f"{self.watched} watched for {self.watched_s:.0f} s"),
                ("  missing", f"{self.missing_s:.1f} s with one or more, {self.missing_share:.2%} of all"),
                ("  doubled", f"{self.doubled_s:.1f} s with one or more, {self.doubled_share:.3%} of all"),
                (
                    "cells",
                    f"{cells.compared} compared, {len(cells.wrong)} wrong, {len(cells.doubled)} doubled",
                ),
                ("  counted", f"{cells.counted:g}, over {cells.over:g}, under {cells.under:g}"),
                ("  all right", f"at most {cells.settled_s:.1f} s after the load, the recount included"),
                ("cx_records_total", f"{self.calm_taken.total()} for {self.calm_records}, nobody dead{died}"),
                ("SIGTERM", f"{len(self.stop_s)} ended well, in {max(self.stop_s, default=0):.1f} s at most"),
                (
                    "ended unasked",
                    f"{len(self.ended)}, of these {wanting} with broker or disk away",
                ),
                ("not sent", f"{self.unsent} records"),
                ("disks", "each a tmpfs" if self.disks else "never full: mounting is not allowed here"),
            )
        ]
        return [*lines, *(f"{'worst' if i == 0 else '':18}{text}" for i, text in enumerate(self.worst))]

    def _evidence(self) -> list[str]:
        if not self.faults():
            return []
        return [
            *self.cells.wrong[:_SHOWN],
            *(f"calm: {' '.join(outcome)} {n}" for outcome, n in sorted(self.calm_taken.items())),
            *(f"from two workers: {cell}" for cell in self.cells.doubled[:_SHOWN]),
            *(f"worker {end.seat} ended with {end.status}:\n{end.log}" for end in self.ended[:3]),
            f"seed {self.seed}, schedule:",
            *map(str, self.phases),
            f"logs: {self.folder}",
        ]
