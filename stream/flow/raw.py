"""Records of chosen topics stay as aiokafka parsed them.

aiokafka wraps every record in a dataclass in Python, which costs as much as all that we do with an interaction. What the
codec made before has offset, timestamp, key, value and headers, which is all that is read here.
"""

from typing import Any

from aiokafka.consumer.fetcher import PartitionRecords

_raw: set[str] = set()
_wrap = PartitionRecords._consumer_record  # noqa: SLF001


def keep_raw(topic: str) -> None:
    """From now on, records of this topic are not wrapped, in any consumer of this process."""
    _raw.add(topic)


def _consumer_record(self: PartitionRecords, tp: Any, record: Any) -> Any:
    return record if tp.topic in _raw else _wrap(self, tp, record)


PartitionRecords._consumer_record = _consumer_record  # noqa: SLF001
