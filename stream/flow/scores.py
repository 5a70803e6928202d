"""Stage two in this worker: a merger for each partition of the tallies topic, and the topic of scores."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from faust.types import TP

from stream.clock import Clock
from stream.export.scores import record_key, record_value
from stream.export.service import ServiceMetrics
from stream.flow import state
from stream.flow.changelog import Pair
from stream.flow.outbox import Outbox, Outgoing
from stream.scoring.families import Row, Tally
from stream.scoring.merge import Merger
from stream.scoring.message import Message, decode
from stream.scoring.panes import ladders
from stream.settings import Settings

log = logging.getLogger(__name__)
_PUBLISH_EVERY_S = 1.0
_UNKNOWN: Tally = (-1,)


class ScoresWork:
    """One partition of the tallies topic: `stage.Work` around a `Merger`."""

    def __init__(
        self,
        tp: TP,
        settings: Settings,
        outbox: Outbox,
        metrics: ServiceMetrics,
        clock: Clock,
        *,
        publishing: bool,
    ) -> None:
        """`tp` is the partition of the tallies topic; `publishing`: whether scores go to their topic."""
        self.merger = Merger(
            ladders(settings.windows), by_event_time=settings.clock == "event", max_series=settings.max_series
        )
        self._partition = tp.partition
        self._settings = settings
        self._outbox = outbox
        self._metrics = metrics
        self._clock = clock
        self._limits = settings.limits
        self._published: dict[bytes, Tally | None] = {}
        """What stands in the topic, as far as this owner put it there; None: a tombstone."""
        self._published_at_s = 0.0
        self._publishing = publishing
        self._extra: list[Pair] = [state.pair(settings)]

    slice = 10  # messages of up to 2 000 cells

    @property
    def position(self) -> int:
        """Offset of the last message that took effect."""
        return self.merger.position

    @property
    def pending(self) -> int:
        """How much a flush would write."""
        return self.merger.pending

    @property
    def changed(self) -> bool:
        """Whether there is anything to write or publish."""
        return self.merger.changed or any(group.touched for group in self.merger.groups.values())

    def load(self, pairs: Sequence[Pair]) -> None:
        """Take back part of the changelog."""
        state.check(self._settings, pairs)
        for key, value in pairs:
            self.merger.load(key, value)

    async def begin(self, committed: int | None, *, clean: bool) -> None:  # noqa: ARG002 - as of every `Work`
        """All is loaded. What was published is found out anew."""
        self.merger.begin(self._clock.now_ms())

    def fold(self, records: Sequence[Any]) -> None:
        """Take messages."""
        for record in records:
            self.merger.fold(record.offset, self._message(record))

    def _message(self, record: Any) -> Message | None:
        try:
            return decode(self._settings.app_id, record.value)
        except (ValueError, TypeError, KeyError):
            log.warning(
                "the record at offset %d of %s is not ours", record.offset, self._settings.topic("tallies")
            )
            return None

    def advance(self) -> bool:
        """Let the windows end now; whether that changed anything."""
        self.merger.advance(self._clock.now_ms())
        return self.changed

    async def flush(self, write: Callable[[Sequence[Pair]], Awaitable[object]]) -> None:
        """Write the checkpoint; publish scores at most once a second."""
        if self.merger.changed:
            await write([*self._extra, *self.merger.changes()])
            self._extra = []
            for label, n in self.merger.overflowed().items():
                self._metrics.overflowed(label, n)
        now_s = self._clock.monotonic_s()
        if now_s - self._published_at_s >= _PUBLISH_EVERY_S:
            self._published_at_s = now_s
            await self._publish()

    def close(self) -> None:
        """Nothing is kept outside."""

    async def _publish(self) -> None:
        now_ms = self._clock.now_ms()
        outgoing: list[Outgoing] = []
        for group in self.merger.groups.values():
            for row in group.take_touched():
                if not self._publishing:
                    continue
                key = record_key(row)
                if self._published.get(key) == row.tally:
                    continue
                value = record_value(row, self._limits, now_ms)
                if value is None and self._published.get(key, _UNKNOWN) is None:
                    continue
                if any(row.tally):
                    self._published[key] = None if value is None else row.tally
                else:
                    self._published.pop(key, None)
                outgoing.append((key, value, ()))
        if outgoing:
            await self._outbox.send(self._settings.topic("scores"), self._partition, outgoing)


def rows(works: Sequence[ScoresWork]) -> list[Row]:
    """Every series, KPI family and window of these partitions."""
    return [row for work in works for row in work.merger.rows()]
