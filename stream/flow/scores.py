"""Stage two in this worker: a merger for each partition of the tallies topic, and the topic of scores."""

import logging
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from faust.types import TP

from stream.alerts.kept import EVENT, OURS
from stream.alerts.lookout import Lookout, Standing, Terms
from stream.clock import Clock
from stream.export.scores import record_key, record_value
from stream.export.service import ServiceMetrics
from stream.flow import state
from stream.flow.changelog import Pair
from stream.flow.outbox import Outbox, Outgoing
from stream.scoring.families import Rows, Tally
from stream.scoring.merge import Merger
from stream.scoring.message import Mark, Message, decode
from stream.scoring.panes import DETECTOR, ladders
from stream.settings import Settings

log = logging.getLogger(__name__)
_PUBLISH_EVERY_S = 1.0
_UNKNOWN: Tally = (-1,)


def terms(settings: Settings) -> Terms:
    """The part of the settings that decides what is watched, and how."""
    return Terms(
        settings.alerts,
        settings.views,
        rung=len(settings.windows),
        width_ms=DETECTOR.width_ms,
        grace_ms=settings.grace_ms,
        sources=dict.fromkeys(sorted(settings.alerts.topics), settings.partitions),
        tenants=len(settings.tenants),
        min_answers=max(settings.min_responses, settings.min_privacy),
        min_privacy=settings.min_privacy,
        kept=DETECTOR.panes,
    )


class ScoresWork:
    """One partition of the tallies topic: `stage.Work` around a `Merger`, and a `Lookout` beside it."""

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
            ladders(settings.windows),
            by_event_time=settings.clock == "event",
            max_series=settings.max_series,
            lock=threading.Lock(),
        )
        self.lookout = Lookout(terms(settings)) if settings.alerts.watches else None
        """Its changes are part of the merger's checkpoints. None: nothing is watched."""
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
    spacing_s = _PUBLISH_EVERY_S  # what is folded is shown at once; a flush only saves reading it again

    @property
    def position(self) -> int:
        """Offset of the last message that took effect."""
        return self.merger.position

    @property
    def pending(self) -> int:
        """How much a flush would write."""
        return self.merger.pending + (0 if self.lookout is None else self.lookout.kept.pending)

    @property
    def changed(self) -> bool:
        """Whether there is anything to write or publish."""
        return self._unwritten or any(group.touched for group in self.merger.groups.values())

    @property
    def _unwritten(self) -> bool:
        return self.merger.changed or (self.lookout is not None and self.lookout.changed)

    def load(self, pairs: Sequence[Pair]) -> None:
        """Take back part of the changelog."""
        state.check(self._settings, pairs)
        for key, value in pairs:
            if not key.startswith(OURS):
                self.merger.load(key, value)
            elif self.lookout is not None:
                self.lookout.kept.load(key, value)
            elif value is not None:
                self._extra.append((key, None))  # nothing is watched any more

    async def begin(self, committed: int | None, *, clean: bool) -> None:  # noqa: ARG002 - as of every `Work`
        """All is loaded. What was published is found out anew."""
        self.merger.begin(self._clock.now_ms())
        if self.lookout is not None:
            self.lookout.begin()

    def fold(self, records: Sequence[Any]) -> None:
        """Take messages and marks."""
        for record in records:
            told = self._told(record)
            if self.lookout is not None:
                self.lookout.fold(record.offset, told)
            self.merger.fold(record.offset, self._of_windows(told))

    def _of_windows(self, told: Message | Mark | None) -> Message | None:
        """A message without the detector's panes."""
        if not isinstance(told, Message):
            return None
        windows = len(self._settings.windows)
        return told._replace(rows=[row for row in told.rows if row[0] < windows])

    def _told(self, record: Any) -> Message | Mark | None:
        try:
            return decode(self._settings.app_id, record.value)
        except (ValueError, TypeError, LookupError):
            log.warning(
                "the record at offset %d of %s is not ours", record.offset, self._settings.topic("tallies")
            )
            return None

    def advance(self) -> bool:
        """Let the windows end now; whether that changed anything."""
        self.merger.advance(self._clock.now_ms())
        return self.changed

    async def flush(self, write: Callable[[Sequence[Pair]], Awaitable[object]]) -> None:
        """Write the checkpoint, then send the alerts that are in it; publish scores at most once a second."""
        if self._unwritten:
            changes, alerts = [*self._extra, *self.merger.changes()], []
            if self.lookout is not None:
                changes, alerts = changes + self.lookout.changes(), self.lookout.outgoing()
            await write(changes)
            self._extra = []
            await self._raise(alerts)
            for label, n in self.merger.overflowed().items():
                self._metrics.overflowed(label, n)
        now_s = self._clock.monotonic_s()
        if now_s - self._published_at_s >= _PUBLISH_EVERY_S:
            self._published_at_s = now_s
            await self._publish()

    async def _raise(self, alerts: Sequence[tuple[bytes, bytes]]) -> None:
        """Send events that are durable. A rebuild has seen it all before, and tells nobody."""
        if self.lookout is None or not alerts:
            return
        if self._publishing:
            outgoing: list[Outgoing] = [
                (name.removeprefix(EVENT).rsplit(b"|", 2)[0], value, ()) for name, value in alerts
            ]
            await self._outbox.send(self._settings.topic("alerts"), self._partition, outgoing)
        self.lookout.sent([name for name, _ in alerts])

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


def series(works: Sequence[ScoresWork]) -> list[Rows]:
    """Every series and KPI family of these partitions. To be called in the thread that exports."""
    return [rows for work in works for rows in work.merger.series()]


def standings(works: Sequence[ScoresWork]) -> list[Standing]:
    """Every watched series of these partitions. To be called where they are fed."""
    return [each for work in works if work.lookout is not None for each in work.lookout.standings()]
