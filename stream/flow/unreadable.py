"""Batches that aiokafka's codec cannot read although a broker took them; with care, most of it can be read.

Brokers hardly look at what a record says of itself. A header's name that is no UTF-8, a byte of attributes
that no client sets, bytes behind the end of the packed records: aiokafka raises at each of them, and would
fetch the same bytes again for ever. What cannot be read with care either is kept as one record in its place,
whose value is the batch as it was stored: no event, so it ends among the rejected ones.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import _DefaultRecordBatchPy, _DefaultRecordPy
from aiokafka.record.memory_records import _MemoryRecordsPy
from aiokafka.record.util import decode_varint


class Unreadable(NamedTuple):
    """The record that stands in for what could not be read."""

    offset: int
    timestamp: int
    timestamp_type: int
    value: bytes
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes | None]] = ()


class CarefulBatch(_DefaultRecordBatchPy):  # type: ignore[misc]  # final, but there is no other way in
    """A batch, read as its layout says; names of headers are text whatever they hold."""

    _pos: int

    def _read_msg(self, decode_varint: Any = decode_varint) -> _DefaultRecordPy:
        length, start = decode_varint(self._buffer, self._pos)
        end = start + length
        ts_delta, at = decode_varint(self._buffer, start + 1)  # behind a byte of attributes
        offset_delta, at = decode_varint(self._buffer, at)
        key, at = self._sized(at)
        value, at = self._sized(at)
        count, at = decode_varint(self._buffer, at)
        headers = []
        for _ in range(count):
            name, at = self._sized(at)
            content, at = self._sized(at)
            headers.append(((name or b"").decode("utf-8", "replace"), content))
        if at != end:
            raise CorruptRecordException(f"a record of {length} bytes ends after {at - start}")
        self._pos = end
        appended = self.timestamp_type == self.LOG_APPEND_TIME
        timestamp = self.max_timestamp if appended else self.first_timestamp + ts_delta
        offset = self.base_offset + offset_delta
        return _DefaultRecordPy(offset, timestamp, self.timestamp_type, key, value, headers)

    def _sized(self, at: int) -> tuple[bytes | None, int]:
        """Bytes behind their length, and where they end."""
        length, at = decode_varint(self._buffer, at)
        if length < 0:
            return None, at
        if at + length > len(self._buffer):
            raise CorruptRecordException(f"{length} bytes at {at} of {len(self._buffer)}")
        return bytes(self._buffer[at : at + length]), at + length

    def stand_in(self, content: bytes) -> Unreadable:
        """A record in the last place of the batch, with all that was stored."""
        return Unreadable(self.next_offset - 1, self.max_timestamp, self.timestamp_type, content)


class StoredBatches(_MemoryRecordsPy):  # type: ignore[misc]  # as above
    """The batches of a fetch as bytes."""

    def stored(self, number: int) -> bytes:
        """The bytes of the `number`th batch, counted from 0."""
        for _ in range(number):
            self._cache_next()
        return bytes(self._next_slice)
