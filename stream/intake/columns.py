"""A slice of records by columns: what is decided for all of them costs less than for each alone.

records ──▶ events | rejections
──▶ times
──▶ combinations (of interactions, of responses and invitations)
"""

from collections.abc import Iterator, Sequence
from itertools import compress
from typing import Any, NamedTuple

from stream.intake.combination import Combination
from stream.intake.record import Record


class Columns(NamedTuple):
    """One item each a record."""

    records: Sequence[Record]
    events: list[Any]
    """Events and rejections."""
    times_ms: list[int]
    """Event times; of a rejected record, 0."""
    combinations: list[Combination | None]
    """None: of a rare type, or does not count."""
    nows_ms: list[int]
    """When each was stored, but not later than it was read."""
    stored_ms: list[int]
    """The highest of those, up to and with each."""

    def singly(self) -> Iterator["Columns"]:
        """The same, record by record."""
        for i in range(len(self.records)):
            one: Any = [column[i : i + 1] for column in self]
            yield Columns(*one)

    def only(self, chosen: Sequence[bool]) -> "Columns":
        """Those that are chosen."""
        some: Any = [list(compress(column, chosen)) for column in self]
        return Columns(*some)
