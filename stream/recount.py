"""Scores in one go: the same intake and the same merger as a worker's, without Kafka between them. Pure.

records, in order of each partition ──▶ Intake ──messages──▶ Merger ──▶ rows
"""

from collections.abc import Iterator, Sequence

from stream.intake.checkpoint import Counts
from stream.intake.partition import Intake
from stream.intake.record import Record, Source
from stream.intake.rules import Rules
from stream.scoring.families import Row, Rows
from stream.scoring.merge import Merger
from stream.scoring.panes import ladders

_STEP = 5_000


class Recount:
    """All source partitions and one merger."""

    def __init__(self, rules: Rules, end_ms: int, now_ms: int) -> None:
        """`end_ms`: where wall-clock windows end; records stored later count as stored then.

        Up to `now_ms` their events are not in the future: they stand behind the end, and may take back
        others.
        """
        max_skew_ms = rules.max_skew_ms + max(0, now_ms - end_ms)
        self._rules = rules._replace(max_skew_ms=max_skew_ms, watched=frozenset())
        self._now_ms = end_ms
        self._intakes: dict[Source, Intake] = {}
        self._merger = Merger(
            ladders(rules.windows), by_event_time=rules.by_event_time, max_series=rules.max_series
        )
        self._messages = 0
        self.rejected = 0
        """Records that were not taken."""

    def take(self, source: Source, records: Sequence[Record]) -> Iterator[Counts]:
        """Count records of a source partition, in order; yields what happened to them, step by step."""
        intake = self._intakes.get(source)
        if intake is None:
            intake = self._intakes[source] = Intake(source, self._rules)
        for start in range(0, len(records), _STEP):
            intake.fold(records[start : start + _STEP], self._now_ms)
            step = intake.checkpoint()
            for message in intake.messages(step.position, step.rows):
                self._merger.fold(self._messages, message)
                self._messages += 1
            self._merger.changes()
            self.rejected += len(step.rejected)
            yield step.counts

    def series(self) -> list[Rows]:
        """Every series and KPI family, with all windows."""
        self._merger.advance(self._now_ms)
        return self._merger.series()

    def rows(self) -> list[Row]:
        """The same, row by row."""
        return [row for rows in self.series() for row in rows]
