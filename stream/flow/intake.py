"""Stage one in this worker: an intake for each source partition, with what it reads and sends."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from stream.clock import Clock
from stream.export.service import ServiceMetrics
from stream.flow import state
from stream.flow.changelog import FencedError, Pair, read_stretch
from stream.flow.outbox import Outbox, Outgoing
from stream.intake.checkpoint import Checkpoint, Counts
from stream.intake.marks import mark
from stream.intake.murmur import partition_of
from stream.intake.pack import CellRow
from stream.intake.partition import Intake
from stream.intake.record import Rejected
from stream.intake.rejection import Reason
from stream.intake.rules import Rules
from stream.scoring.message import encode
from stream.settings import Settings

_SLICES = {"surveys": 500, "interactions": 1_000, "relationships": 100}
"""Records folded at a time: 5 to 10 ms; and what they may change at most must fit into a checkpoint."""
_KEPT_BYTES = 65_536
_MARK_EVERY_S = 1.0
_HEADER_BYTES = 10
"""What a header costs beside name and content, at most."""


def rules(settings: Settings) -> Rules:
    """The part of the settings that decides what counts where."""
    return Rules(
        windows=settings.windows,
        views=settings.views,
        segment_keys=tuple(sorted(settings.segment_keys)),
        by_event_time=settings.clock == "event",
        max_skew_ms=settings.max_skew_ms,
        max_lateness_ms=settings.max_lateness_ms,
        grace_ms=settings.grace_ms,
        max_series=settings.max_series,
        dedup_records=settings.dedup_records,
        tenants=settings.tenants,
        partitions=settings.partitions,
        hash_key=state.hash_key(settings),
        schedules=settings.schedules,
        inactivity_ms=settings.kpis.inactivity_ms,
        latest_per_customer=settings.latest_per_customer,
        watched=settings.alerts.families,
    )


class IntakeWork:
    """One source partition: `stage.Work` around an `Intake`."""

    def __init__(
        self,
        intake: Intake,
        settings: Settings,
        outbox: Outbox,
        metrics: ServiceMetrics,
        clock: Clock,
        client: Mapping[str, Any],
        ended_ms: Callable[[], int | None],
    ) -> None:
        """`ended_ms`: when the broker last said that the log ends where we have folded it to; None: not."""
        self.intake = intake
        self.slice = _SLICES[intake.source.topic]
        self._at = TopicPartition(settings.topic(intake.source.topic), intake.source.partition)
        self._settings = settings
        self._outbox = outbox
        self._metrics = metrics
        self._clock = clock
        self._client = client
        self._ended_ms = ended_ms
        self._marking = intake.source.topic in settings.alerts.topics
        self._marked_at_s = -_MARK_EVERY_S
        self._extra: list[Pair] = [state.pair(settings)]
        self._replayed_to = -1
        """Offsets up to this one that come again were set back: their worker had committed them."""

    spacing_s = 0.05  # nobody sees it before it is flushed

    @property
    def position(self) -> int:
        """Offset of the last record that took effect."""
        return self.intake.position

    @property
    def pending(self) -> int:
        """How much a flush would write."""
        return self.intake.pending

    @property
    def changed(self) -> bool:
        """Whether there is anything to flush."""
        return self.intake.changed or self._mark_is_due

    def load(self, pairs: Sequence[Pair]) -> None:
        """Take back part of the changelog."""
        state.check(self._settings, pairs)
        for key, value in pairs:
            self.intake.load(key, value)
        self.intake.loaded()

    async def begin(self, committed: int | None, *, clean: bool) -> None:
        """Refill the recent ids from the topic, and send again whatever was not committed."""
        position = self.intake.position
        await self._check_topic(position)
        first = self.intake.begin()
        if first is not None:
            async for records in read_stretch(self._client, self._at, first, position):
                self.intake.refill(records)
        if position >= 0:
            await self._send(position, self.intake.above(committed or 0))
        self._replayed_to = position if clean else -1

    async def _check_topic(self, position: int) -> None:
        consumer = AIOKafkaConsumer(**self._client)
        await consumer.start()
        try:
            end = (await consumer.end_offsets([self._at]))[self._at]
        finally:
            await consumer.stop()
        if end <= position:
            raise state.StateError(
                f"{self._at.topic} partition {self._at.partition} ends at offset {end}, but the state of "
                f"CX_APP_ID={self._settings.app_id} knows offset {position}: the topic was made anew, or "
                "this is another cluster. Run `cx rebuild` to count anew under another CX_APP_ID."
            )

    def fold(self, records: Sequence[Any]) -> None:
        """Take records; those done before are passed over, and counted as replayed if offsets were set back.

        What a worker that ended had done but not committed is not counted again: it counted that itself.
        """
        if records[0].offset <= self.intake.position:
            again = [record.offset for record in records if record.offset <= self.intake.position]
            records = records[len(again) :]
            self.intake.replayed(sum(offset <= self._replayed_to for offset in again))
        self.intake.fold(records, self._clock.now_ms())

    async def flush(self, write: Callable[[Sequence[Pair]], Awaitable[object]]) -> None:
        """Send the rejected records, write the checkpoint, count what is now durable, send the tallies.

        The mark comes last: it says that nothing earlier comes from here.
        """
        marked = mark(self.intake, self._ended_ms()) if self._mark_is_due else None
        if self.intake.changed:
            await self._step(write)
        if marked is not None:
            self._marked_at_s = self._clock.monotonic_s()
            value = encode(self._settings.app_id, marked)
            for partition in range(self._settings.partitions):
                await self._outbox.send(self._settings.topic("tallies"), partition, [(None, value, ())])

    @property
    def _mark_is_due(self) -> bool:
        """Whether to tell how far all is that was folded: also again, it may close the rest."""
        return self._marking and self._clock.monotonic_s() - self._marked_at_s >= _MARK_EVERY_S

    async def _step(self, write: Callable[[Sequence[Pair]], Awaitable[object]]) -> None:
        step = self.intake.checkpoint()
        if step.rejected:
            await self._outbox.send(
                self._settings.topic("rejected"),
                self._at.partition,
                [_outgoing(self._at, rejected) for rejected in step.rejected],
            )
        await self._store(step, write)
        self._extra = []
        await self._send(step.position, step.rows)

    def close(self) -> None:
        """Let go of the entities' store."""
        self.intake.close()

    async def _store(self, step: Checkpoint, write: Callable[[Sequence[Pair]], Awaitable[object]]) -> None:
        """Write the checkpoint, and count it once it is stored.

        Also when the partition is taken from us meanwhile: its next owner finds the checkpoint, and counts
        none of it; and when the acknowledgement was lost.
        """

        def stored(written: asyncio.Future[object]) -> None:
            if written.cancelled():
                return
            error = written.exception()
            if error is None or (isinstance(error, FencedError) and error.stored):
                self._count(step)

        writing = asyncio.ensure_future(write([*self._extra, *step.changes]))
        writing.add_done_callback(stored)
        await asyncio.shield(writing)

    async def _send(self, position: int, rows: Mapping[tuple[str, str], Sequence[CellRow]]) -> None:
        by_partition: dict[int, list[Outgoing]] = {}
        for message in self.intake.messages(position, rows):
            key = f"{message.tenant}|{message.family}".encode()
            partition = partition_of(key, self._settings.partitions)
            by_partition.setdefault(partition, []).append((key, encode(self._settings.app_id, message), ()))
        for partition, outgoing in by_partition.items():
            await self._outbox.send(self._settings.topic("tallies"), partition, outgoing)

    def _count(self, step: Checkpoint) -> None:
        topic, counts, metrics = self.intake.source.topic, step.counts, self._metrics
        tell(metrics, topic, counts)
        now_ms = self._clock.now_ms()
        metrics.ages.observe_all([now_ms - at_ms for at_ms in counts.event_times_ms])


def tell(metrics: ServiceMetrics, topic: str, counts: Counts) -> None:
    """Add to the service's counters what happened to records of a topic."""
    for outcome, n in counts.outcomes.items():
        if outcome != "rejected":
            metrics.records(topic, outcome, n)
    for reason, n in counts.reasons.items():
        metrics.rejected(topic, Reason(reason), n)
    for kind, n in counts.corrections.items():
        metrics.corrected(kind, n)
    for label, n in counts.overflowed.items():
        metrics.overflowed(label, n)
    if counts.misplaced:
        metrics.misplaced(topic, counts.misplaced)


def _outgoing(at: TopicPartition, rejected: Rejected) -> Outgoing:
    """A rejected record as it is kept: the original bytes, and where they came from.

    Value, key and headers are cut to 64 KiB each: the broker must take it, however large the record was.
    """
    record, why = rejected
    headers: list[tuple[str, bytes]] = [
        ("reason", why.reason.value.encode()),
        ("detail", why.detail.encode()),
        ("topic", at.topic.encode()),
        ("partition", b"%d" % at.partition),
        ("offset", b"%d" % record.offset),
        ("timestamp", b"%d" % record.timestamp),
    ]
    own = [each for each in record.headers if each[0].startswith("ce_") or each[0] == "content-type"]
    size = sum(_HEADER_BYTES + len(name) + len(content or b"") for name, content in own)
    if size <= _KEPT_BYTES:
        headers += own
    key, value = record.key, record.value
    if max(len(value or b""), len(key or b""), size) > _KEPT_BYTES:
        headers.append(("length", b"%d" % len(value or b"")))
    return key and key[:_KEPT_BYTES], value and value[:_KEPT_BYTES], headers
