"""Panes that close in order and once: the detector sees each when all sources have passed it.

    source 0  ├─────────┼─────────┼────mark
    source 1  ├─────────┼────mark │                   the lowest mark, less the grace
                                  ▲
    panes     │ closed  │ open    │ open              a pane closes when that passes its end

Counts are absolute for a source, so what is said twice counts once. What comes for a closed pane leaves it
closed; the answers that it says more than was known are counted as late.
"""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct, field

from stream.scoring.families import Tally
from stream.scoring.message import Labels, SourceName

_AT_ONCE: Final = 60
"""Panes that one mark closes at most: after a night down the rest waits for the next, and others may run."""

Key = tuple[str, str, Labels]
"""tenant, family, series."""


class Closing(Struct):
    """The panes of one width, of the series that one topic feeds."""

    width_ms: int
    grace_ms: int
    sources: int
    """How many source partitions there are; before all have told a mark, nothing closes."""
    kept: int
    """For how many panes after one has closed it is known what it held: to tell what is late."""
    marks: dict[SourceName, int] = field(default_factory=dict)
    ended: set[SourceName] = field(default_factory=set)
    """Sources that have been read to their end and hold nobody back, unless all are."""
    closed: int = -1
    """The last pane that closed; -1: none."""
    open: dict[int, dict[SourceName, dict[Key, Tally]]] = field(default_factory=dict)
    known: dict[int, dict[SourceName, dict[Key, int]]] = field(default_factory=dict)
    """Answers of closed panes."""

    def mark(self, source: SourceName, at_ms: int, *, at_end: bool = False) -> None:
        """A source has reached a time; a mark never goes back."""
        self.marks[source] = max(at_ms, self.marks.get(source, -1))
        if at_end:
            self.ended.add(source)
        else:
            self.ended.discard(source)

    def put(self, source: SourceName, pane: int, key: Key, counts: Tally) -> int:
        """Set what a source counts of a series in a pane; returns how many of that came too late."""
        if pane > self.closed:
            self.open.setdefault(pane, {}).setdefault(source, {})[key] = counts
            return 0
        known = self.known.setdefault(pane, {}).setdefault(source, {})
        former, known[key] = known.get(key, 0), sum(counts)
        return max(0, known[key] - former)

    def close(self) -> Iterator[tuple[int, dict[Key, Tally]]]:
        """Close what all sources have passed: the end in milliseconds, and counts, of each pane with any."""
        if len(self.marks) < self.sources:
            return
        holding = [at_ms for source, at_ms in self.marks.items() if source not in self.ended]
        reached_ms = min(holding) if holding else max(self.marks.values())
        last = (reached_ms - self.grace_ms) // self.width_ms - 1
        due = sorted(each for each in self.open if each <= last)
        for pane in due[:_AT_ONCE]:
            self.closed = pane
            by_source = self.open.pop(pane)
            self._note(pane, by_source)
            yield (pane + 1) * self.width_ms, _merged(by_source)
        if len(due) <= _AT_ONCE:
            self.closed = max(self.closed, last)

    def reopen(self) -> None:
        """After a restart: what was loaded as open, but is closed, is known."""
        for pane in [each for each in self.open if each <= self.closed]:
            self._note(pane, self.open.pop(pane))
        self.open = {pane: sources for pane, sources in self.open.items() if sources}
        self.known = {pane: sources for pane, sources in self.known.items() if sources}

    def _note(self, pane: int, by_source: dict[SourceName, dict[Key, Tally]]) -> None:
        self.known[pane] = {
            source: {key: sum(counts) for key, counts in cells.items()} for source, cells in by_source.items()
        }

    def forget(self) -> list[tuple[int, SourceName]]:
        """Forget what was closed long ago; returns panes and sources."""
        past = [pane for pane in self.known if pane <= self.closed - self.kept]
        return [(pane, source) for pane in past for source in self.known.pop(pane)]


def _merged(by_source: dict[SourceName, dict[Key, Tally]]) -> dict[Key, Tally]:
    found: dict[Key, Tally] = {}
    for cells in by_source.values():
        for key, counts in cells.items():
            former = found.get(key)
            found[key] = counts if former is None else tuple(map(sum, zip(former, counts, strict=True)))
    return found
