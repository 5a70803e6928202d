"""Records of chosen topics stay as aiokafka parsed them, and come with the stretch of the log they stand for.

aiokafka wraps every record in a dataclass in Python, which costs as much as all that we do with an
interaction. What the codec made before has offset, timestamp, key, value and headers, which is all that is
read here.

Offsets have gaps (aborted transactions, their markers), so records alone do not show whether some were left
out between two fetches. The consumer's position before and after them does.
"""

from itertools import islice
from typing import Any

from aiokafka.consumer.fetcher import FetchResult, PartitionRecords

_raw: set[str] = set()
_wrap = PartitionRecords._consumer_record  # noqa: SLF001 - replaced below
_getall = FetchResult.getall


class Stretch(list[Any]):
    """The committed records of the log from offset `start` up to, not with, offset `end`."""

    start: int
    end: int


def keep_raw(topic: str) -> None:
    """From now on no consumer of this process wraps records of this topic; they are fetched as `Stretch`."""
    _raw.add(topic)


def _consumer_record(self: PartitionRecords, tp: Any, record: Any) -> Any:
    return record if tp.topic in _raw else _wrap(self, tp, record)


def _fetched(self: FetchResult, max_records: int | None = None) -> list[Any]:
    """What `getall` gives, as a `Stretch` for our topics, straight from the codec."""
    if self._topic_partition.topic not in _raw:
        wrapped: list[Any] = _getall(self, max_records)
        return wrapped
    if not self.check_assignment(self._topic_partition) or not self.has_more():
        return []
    records = self._partition_records
    start = records.next_fetch_offset
    stretch = Stretch(islice(records._records_iterator, max_records))  # noqa: SLF001 - as getall does
    stretch.start, stretch.end = start, records.next_fetch_offset
    self._update_position()
    if max_records is None or len(stretch) < max_records:
        self._partition_records = None
    return stretch


PartitionRecords._consumer_record = _consumer_record  # noqa: SLF001 - aiokafka has no other way in
FetchResult.getall = _fetched
