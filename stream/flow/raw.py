"""Records of chosen topics stay as aiokafka parsed them, and come with the stretch of the log they stand for.

aiokafka wraps every record in a dataclass in Python, which costs as much as all that we do with an
interaction. What the codec made before has offset, timestamp, key, value and headers, which is all that is
read here.

Offsets have gaps (aborted transactions, their markers), so records alone do not show whether some were left
out between two fetches. The consumer's position before and after them does.

A batch that the codec cannot read, or whose records lie about their offsets, is read with care; it does not
end the fetch (`unreadable`). A stretch ends early when its batches expand (`unpack`).
"""

import contextlib
import logging
import weakref
from collections.abc import Iterator
from itertools import islice
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import READ_COMMITTED, FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.memory_records import MemoryRecords

from stream.flow.unpack import bound_unpacking, unpacked
from stream.flow.unreadable import CarefulBatch, StoredBatches

log = logging.getLogger(__name__)
_ENOUGH_BYTES = 4 * 1_048_576
"""Unpacked bytes after which a stretch ends."""

_raw: set[str] = set()
_unpack = PartitionRecords._unpack_records  # noqa: SLF001 - replaced below
_getall = FetchResult.getall


class Stretch(list[Any]):
    """The committed records of the log from offset `start` up to, not with, offset `end`."""

    start: int
    end: int

    def __bool__(self) -> bool:
        """Whether it stands for anything: also offsets without a record, such as an aborted transaction's.

        aiokafka passes over what is false, and nobody would learn that the end was reached.
        """
        return self.start < self.end


class _Held:
    unpacked = 0
    """Bytes of unpacked batches in stretches that are on their way or being folded."""
    unreadable = 0
    """Batches that had to be read with care."""


held = _Held()


class _Batches(MemoryRecords):  # type: ignore[misc]  # aiokafka carries no types
    """aiokafka's batches of one fetch, their bytes, and how many were taken."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.content = content
        self.taken = 0


def keep_raw(topic: str) -> None:
    """From now on no consumer of this process wraps records of this topic; they are fetched as `Stretch`."""
    _raw.add(topic)


def _records(self: PartitionRecords) -> Iterator[Any]:
    """What aiokafka's `_unpack_records` gives, for our topics unwrapped, and whatever a batch holds.

    Ends when enough was unpacked; called again, it goes on with the next batch.
    """
    if self._tp.topic not in _raw:
        yield from _unpack(self)
        return
    fetched, before = self._records, unpacked.total
    while fetched.has_next() and unpacked.total - before < _ENOUGH_BYTES:
        batch = fetched.next_batch()
        if self._check_crcs and not batch.validate_crc():
            raise CorruptRecordException(f"Invalid CRC - {self._tp}")
        end = batch.next_offset
        if not _is_left_out(self, batch):
            begun, fault = self.next_fetch_offset, ""
            try:
                for record in batch:
                    offset = record.offset
                    if self.next_fetch_offset <= offset < end:
                        self.next_fetch_offset = offset + 1
                        yield record
                    elif not _was_read(batch, begun, offset):
                        raise CorruptRecordException(f"offset {offset} before {end}")  # noqa: TRY301
            except Exception as error:  # noqa: BLE001 - whatever stopped the codec would stop it for ever
                fault = type(error).__name__  # nothing more: it holds on to what was unpacked
            if fault:
                yield from _with_care(self, StoredBatches(fetched.content).stored(fetched.taken), fault)
        self.next_fetch_offset = end
        fetched.taken += 1


def _is_left_out(self: PartitionRecords, batch: Any) -> bool:
    """Whether a batch is a broker's mark, or of an aborted transaction. As in aiokafka."""
    is_control = bool(batch.is_control_batch)
    if self._isolation_level == READ_COMMITTED and batch.producer_id is not None:
        if self._aborted_transactions:
            self._consume_aborted_up_to(batch.base_offset)
        if is_control and self._contains_abort_marker(batch):
            self._aborted_producers.discard(batch.producer_id)
        if batch.is_transactional and batch.producer_id in self._aborted_producers:
            return True
    return is_control


def _was_read(batch: Any, begun: int, offset: int) -> bool:
    """Whether a record was read by the fetch before; if not, its offset is not its batch's to give.

    Brokers leave offsets to the records: one that says that it stands far ahead would make us take what
    follows it for records that were read before.
    """
    is_resumed = batch.producer_id is None or begun > batch.base_offset
    return is_resumed and offset < begun


def _with_care(self: PartitionRecords, content: bytes, fault: str) -> Iterator[Any]:
    """What can be read of the rest of a batch, and a record that stands in for what cannot."""
    batch = CarefulBatch(content)
    held.unreadable += 1
    if not held.unreadable & (held.unreadable - 1):  # the 1st, 2nd, 4th, 8th …
        place = self._tp.topic, self._tp.partition, batch.base_offset, fault
        log.warning("%s-%d: the batch at offset %d is read with care: %s", *place)
    with contextlib.suppress(Exception):
        for record in batch:
            if self.next_fetch_offset <= record.offset < batch.next_offset:
                self.next_fetch_offset = record.offset + 1
                yield record
    if self.next_fetch_offset < batch.next_offset:
        yield batch.stand_in(content)


def _fetched(self: FetchResult, max_records: int | None = None) -> list[Any]:
    """What `getall` gives, as a `Stretch` for our topics, straight from the codec."""
    if self._topic_partition.topic not in _raw:
        wrapped: list[Any] = _getall(self, max_records)
        return wrapped
    if not self.check_assignment(self._topic_partition) or not self.has_more():
        return []
    records, before = self._partition_records, unpacked.total
    start = records.next_fetch_offset
    try:
        stretch = Stretch(islice(records._records_iterator, max_records))  # noqa: SLF001 - as getall does
    except CorruptRecordException:
        self._partition_records = None  # all of it is fetched again
        raise
    stretch.start, stretch.end = start, records.next_fetch_offset
    self._update_position()
    if max_records is None or len(stretch) < max_records:
        if records._records.has_next():  # noqa: SLF001 - the stretch has enough, the fetch has more
            records._records_iterator = _records(records)  # noqa: SLF001 - as above
        else:
            self._partition_records = None
    _hold(stretch, unpacked.total - before)
    return stretch


def _hold(stretch: Stretch, size: int) -> None:
    """Count unpacked bytes for as long as the stretch lives."""
    if size:
        held.unpacked += size
        weakref.finalize(stretch, _let_go, size)


def _let_go(size: int) -> None:
    held.unpacked -= size


bound_unpacking()
PartitionRecords._unpack_records = _records  # noqa: SLF001 - aiokafka has no other way in
FetchResult.getall = _fetched
fetcher.MemoryRecords = _Batches
