"""Rejected records back to the topics they came from, each once for each reason that it was rejected for.

How far each reason has been redriven is kept in the commit of the group `<app id>-redrive`: an offset for
each partition, with the offsets by reason as its metadata. It is committed after the broker has taken what
was sent: a run that dies in between sends a few records again, which workers know for duplicates. The
embedded broker keeps no such metadata: there every run redrives all.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import msgspec
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import CorruptRecordError
from kafka.record import memory_records
from kafka.record.default_records import DefaultRecord, DefaultRecordBatch
from kafka.record.util import decode_varint
from kafka.structs import OffsetAndMetadata

from stream.errors import TopicError
from stream.flow.producing import idempotent_producer
from stream.flow.refusal import reach
from stream.flow.security import kafka_client_options
from stream.intake.rejection import Reason
from stream.settings import Settings
from stream.topics import SOURCES

_OURS = frozenset({"reason", "detail", "topic", "partition", "offset", "timestamp", "length"})
_POLL_MS = 1_000


class Rejected(NamedTuple):
    """A record of `cx.rejected`: why and where it was rejected, what it was; `cut`: only its beginning."""

    reason: str
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]
    cut: bool


class _TolerantBatch(DefaultRecordBatch):  # type: ignore[misc]  # kafka-python carries no types
    """A batch with whatever somebody else than a worker wrote: what cannot be read is an empty record."""

    _pos: int

    def _read_msg(self) -> Any:
        try:
            return super()._read_msg()
        except (ValueError, IndexError, CorruptRecordError):
            length, start = decode_varint(self._buffer, self._pos)
            self._pos = start + length
            offset = self.base_offset + self._next_record_index
            return DefaultRecord(length, offset, self.max_timestamp, self.timestamp_type, None, None, [])


memory_records.DefaultRecordBatch = _TolerantBatch


class Outcome:
    """What became of the records: sent by reason, and those that could not be sent."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        self.cut = 0
        self.foreign = 0


def read(record: Any) -> Rejected | None:
    """Take a record of kafka-python apart; None when it is not one of ours."""
    headers = dict(record.headers)
    try:
        return Rejected(
            headers["reason"].decode(),
            headers["topic"].decode(),
            int(headers["partition"]),
            int(headers["offset"]),
            record.key,
            record.value,
            [item for item in record.headers if item[0] not in _OURS],
            "length" in headers,
        )
    except (KeyError, ValueError, AttributeError):
        return None


class Redrive:
    """One run: reads `cx.rejected` to its present end, and sends what has one of `reasons`."""

    def __init__(self, settings: Settings, reasons: Iterable[Reason], *, again: bool, dry_run: bool) -> None:
        """`again`: also what was redriven before; `dry_run`: only count.

        Raises BrokerUnreachable and LoginRefused.
        """
        self._reasons = [str(reason) for reason in reasons]
        self._again = again
        self._dry_run = dry_run
        self._topic = settings.topic("rejected")
        self._sources = frozenset(map(settings.topic, SOURCES))
        self._failed: list[Exception] = []
        self._last_source: dict[tuple[str, int], int] = {}
        self.outcome = Outcome()
        options = kafka_client_options(settings)

        def connect(timeout_ms: int) -> tuple[Any, Any]:
            waiting = options | {"bootstrap_timeout_ms": timeout_ms}
            consumer = KafkaConsumer(
                group_id=f"{settings.app_id}-redrive",
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                check_crcs=False,  # in Python they take longer than all the rest; the broker looked at them
                **waiting,
            )
            return consumer, idempotent_producer(**waiting)

        self._consumer, self._producer = reach(settings, connect)

    def run(self, step: Callable[[int], None]) -> Outcome:
        """Redrive until the end; `step` is told how many records were read. Raises TopicError, KafkaError."""
        try:
            if self._topic not in self._consumer.topics():
                raise TopicError(f"{self._topic} is not there. Make it with: cx topics create")
            for number in sorted(self._consumer.partitions_for_topic(self._topic)):
                self._partition(TopicPartition(self._topic, number), step)
        finally:
            self._producer.close()
            self._consumer.close()
        return self.outcome

    def _partition(self, partition: TopicPartition, step: Callable[[int], None]) -> None:
        self._consumer.assign([partition])
        first = self._consumer.beginning_offsets([partition])[partition]
        end = self._consumer.end_offsets([partition])[partition]
        done = self._done(partition)
        positions = {
            reason: first if self._again else max(done.get(reason, first), first) for reason in self._reasons
        }
        self._consumer.seek(partition, min(positions.values()))
        for records in self._batches(partition, end):
            for record in records:
                rejected = read(record)
                if rejected and rejected.reason in positions and record.offset >= positions[rejected.reason]:
                    self._take(rejected)
            if not self._dry_run:
                self._flush()
                reached = records[-1].offset + 1
                done |= {reason: max(reached, done.get(reason, 0)) for reason in self._reasons}
                self._commit(partition, done)
            step(len(records))

    def _batches(self, partition: TopicPartition, end: int) -> Iterator[list[Any]]:
        """Records before `end`, as they come."""
        while self._consumer.position(partition) < end:
            records = self._consumer.poll(timeout_ms=_POLL_MS).get(partition, [])
            if records:
                yield records

    def _take(self, rejected: Rejected) -> None:
        """Send a record back, unless it is a second copy (kept at least once), cut, or not of our topics."""
        source = (rejected.topic, rejected.partition)
        if rejected.offset <= self._last_source.get(source, -1):
            return
        self._last_source[source] = rejected.offset
        if rejected.topic not in self._sources:
            self.outcome.foreign += 1
        elif rejected.cut:
            self.outcome.cut += 1
        else:
            self.outcome.sent[rejected.reason] += 1
            if not self._dry_run:
                self._send(rejected)

    def _send(self, rejected: Rejected) -> None:
        # With a key the partitioner decides: a record that was misplaced comes to its place.
        partition = rejected.partition if rejected.key is None else None
        future = self._producer.send(
            rejected.topic,
            value=rejected.value,
            key=rejected.key,
            headers=rejected.headers,
            partition=partition,
        )
        future.add_errback(self._failed.append)

    def _flush(self) -> None:
        """Wait for what was sent; raises the first failure, so that nothing of it is marked as done."""
        self._producer.flush()
        if self._failed:
            raise self._failed[0]

    def _done(self, partition: TopicPartition) -> dict[str, int]:
        """How far each reason has been redriven."""
        committed = self._consumer.committed(partition, metadata=True)
        if committed is None or not committed.metadata:
            return {}
        return msgspec.json.decode(committed.metadata, type=dict[str, int])

    def _commit(self, partition: TopicPartition, done: dict[str, int]) -> None:
        metadata = msgspec.json.encode(done, order="sorted").decode()
        self._consumer.commit({partition: OffsetAndMetadata(min(done.values()), metadata, -1)})
