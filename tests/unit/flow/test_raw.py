"""Fetches with whatever a broker takes: nothing raises, nothing is passed over, what is good is read."""

import asyncio
import struct
import tracemalloc
from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.consumer.subscription_state import Assignment
from aiokafka.errors import CorruptRecordException
from aiokafka.record.control_record import ABORT_MARKER
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.flow import raw
from stream.flow.batches import _message
from stream.flow.unpack import MAX_BYTES
from tests.support.unruly import PACK, UNRULY, Unruly
from tests.support.wire import GZIP, LZ4, ZSTD, batch, record

_TP = TopicPartition("unit.raw", 0)
raw.keep_raw(_TP.topic)
_LAST_DELTA = 23


def log_of(*batches: bytes) -> bytes:
    """Batches as a broker stores them: each with its offset, which its checksum does not cover."""
    found, offset = [], 0
    for each in batches:
        found.append(struct.pack(">q", offset) + each[8:])
        offset += struct.unpack_from(">i", each, _LAST_DELTA)[0] + 1
    return b"".join(found)


def opened(content: bytes, begin: int = 0, aborted: Sequence[tuple[int, int]] = ()) -> Any:
    """A fetch from this offset on, as aiokafka hands it to us."""
    records = fetcher.MemoryRecords(content)
    return fetcher.PartitionRecords(
        _TP, records, list(aborted), begin, None, None, check_crcs=True, isolation_level=1
    )


def from_offset(content: bytes, begin: int) -> bytes:
    """What a broker sends of a log: from the batch on that holds the offset."""
    at = 0
    while at < len(content):
        offset, size = struct.unpack_from(">qi", content, at)
        if offset + struct.unpack_from(">i", content, at + _LAST_DELTA)[0] >= begin:
            break
        at += 12 + size
    return content[at:]


def read(content: bytes, begin: int = 0) -> list[Any]:
    """All records of a fetch; fetched again from where it ended, until nothing is left."""
    found: list[Any] = []
    while True:
        fetched = opened(from_offset(content, begin), begin)
        found += fetched
        if fetched.next_fetch_offset == begin:
            return found
        begin = fetched.next_fetch_offset


@pytest.mark.parametrize("unruly", UNRULY.values(), ids=UNRULY)
def test_an_unruly_batch_is_read_or_kept_and_what_is_behind_it_counts(unruly: Unruly) -> None:
    """In the order of their offsets, wherever the fetch begins."""
    content = log_of(batch(record(b"before")), unruly.content, batch(record(b"after")))
    found = read(content)
    values = [each.value[:6] for each in found]

    assert [b"before", *unruly.values, b"after"] == [
        each[:4] if each[:1] == b"\0" else each for each in values
    ]
    offsets = [each.offset for each in found]
    assert offsets == sorted(set(offsets))
    assert b"after" == read(content, offsets[-2] + 1)[0].value


def test_what_stands_in_for_a_batch_is_the_batch_as_it_was_stored() -> None:
    """With the last offset of the batch and its time, no key and no headers."""
    content = log_of(UNRULY["an offset ahead of the batch"].content)
    (found,) = read(content)

    assert (content, 0, None, ()) == (found.value, found.offset, found.key, found.headers)
    assert found.timestamp > 0


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    """A batch whose checksum is right and whose records are good ones with some bytes exchanged, or any."""
    good = b"".join(record(b"{}", b"k", [(b"a", b"b")], number=n) for n in range(3))
    cut = draw(st.integers(0, len(good)))
    spoiled = good[:cut] + draw(st.binary(max_size=4)) + good[cut + draw(st.integers(0, 4)) :]
    codec = draw(st.sampled_from([0, *PACK]))
    packed = draw(st.sampled_from([spoiled, PACK[codec](spoiled) if codec else spoiled])) + draw(
        st.sampled_from([b"", b"\0", b"xyz"])
    )
    return batch(packed=packed, attributes=codec, count=draw(st.integers(-1, 5)), last=2)


@given(contents())
@settings(max_examples=600, deadline=None)
def test_no_bytes_stop_a_partition(content: bytes) -> None:
    """Whatever stands in a batch, offsets rise within it, and the next batch is read."""
    found = read(log_of(content, batch(record(b"after"))))
    offsets = [each.offset for each in found]

    assert offsets == sorted(set(offsets))
    assert set(offsets) <= {0, 1, 2, 3}
    assert (3, b"after") == (found[-1].offset, found[-1].value)


@pytest.mark.parametrize("codec", [GZIP, LZ4, ZSTD], ids=("gzip", "lz4", "zstd"))
def test_a_batch_that_expands_without_end_is_not_unpacked(codec: int) -> None:
    """Four times as much as we unpack: kept as it was stored, in memory for once as much."""
    bomb = batch(packed=PACK[codec](bytes(4 * MAX_BYTES)), count=1, attributes=codec)
    content = log_of(bomb, batch(record(b"after")))
    tracemalloc.start()
    found = read(content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert [bomb[8:], b"after"[8:]] == [each.value[8:] for each in found]
    assert peak < 2 * MAX_BYTES


async def stretches(content: bytes) -> list[Any]:
    """What a consumer takes of a fetch, time after time; None when the rest is to be fetched again."""
    assignment = Assignment([_TP])
    assignment.state_value(_TP).reset_to(0)
    fetched = fetcher.FetchResult(_TP, assignment=assignment, partition_records=opened(content), backoff=0)
    found: list[Any] = []
    while fetched.has_more():
        try:
            stretch = fetched.getall(1_000)
        except CorruptRecordException:
            found.append(None)
        else:
            found.append((stretch.start, stretch.end, [each.offset for each in stretch]))
            assert assignment.state_value(_TP).position == stretch.end
    return found


def test_a_stretch_ends_early_when_its_batches_expand() -> None:
    """And the next one goes on in the same fetch: memory is bounded by one batch and not by their number."""
    big = record(bytes(3 * 1_048_576))
    content = log_of(*[batch(packed=PACK[ZSTD](big), count=1, attributes=ZSTD)] * 5)

    assert [(0, 2, [0, 1]), (2, 4, [2, 3]), (4, 5, [4])] == asyncio.run(stretches(content))
    assert len(big) < MAX_BYTES


def test_behind_a_wrong_checksum_nothing_is_read() -> None:
    """It is fetched again with what is wrong: passed over, it would be lost."""
    big = batch(packed=PACK[ZSTD](record(bytes(5 * 1_048_576))), count=1, attributes=ZSTD)
    content = bytearray(log_of(big, batch(record(b"{}")), batch(record(b"behind"))))
    content[content.index(b"{}")] ^= 1

    assert [(0, 1, [0]), None] == asyncio.run(stretches(bytes(content)))


def test_a_wrong_checksum_is_no_matter_of_care() -> None:
    """What a disk or a wire spoiled is not taken for what a publisher wrote."""
    content = bytearray(log_of(batch(record(b"{}"))))
    content[-1] ^= 1

    with pytest.raises(CorruptRecordException):
        list(opened(bytes(content)))


def test_aborted_transactions_are_left_out_also_when_they_cannot_be_read() -> None:
    """And their end is known by the broker's mark."""
    unruly = batch(record(b"no", headers=[(b"\xff", b"1")]), attributes=0x10, producer=7)
    mark = struct.pack(">hh", ABORT_MARKER.version, ABORT_MARKER.type_)
    end = batch(record(b"", mark), attributes=0x30, producer=7)
    committed = batch(record(b"yes", headers=[(b"\xff", b"1")]), attributes=0x10, producer=7)
    fetched = opened(log_of(unruly, end, committed), aborted=[(7, 0)])

    assert [(2, b"yes")] == [(each.offset, each.value) for each in fetched]


def test_an_aborted_transaction_alone_is_a_stretch_without_records() -> None:
    """Or nobody would learn that the log was read to its end: it would count as lag until more comes."""
    mark = struct.pack(">hh", ABORT_MARKER.version, ABORT_MARKER.type_)
    aborted = batch(record(b"no"), attributes=0x10, producer=7)
    content = log_of(aborted, batch(record(b"", mark), attributes=0x30, producer=7))

    async def taken() -> Any:
        assignment, records = Assignment([_TP]), opened(content, aborted=[(7, 0)])
        assignment.state_value(_TP).reset_to(0)
        return fetcher.FetchResult(_TP, assignment=assignment, partition_records=records, backoff=0).getall(
            1_000
        )

    fetched = asyncio.run(taken())
    assert fetched, "aiokafka passes over what is false"
    assert (0, 2, 0) == (fetched.start, fetched.end, len(fetched))
    message = _message(_TP, fetched, generation=3)
    assert (1, fetched) == (message.offset, message.value)


def test_other_topics_are_read_as_ever() -> None:
    """What nobody asked to keep raw is not ours to mend."""
    content = log_of(UNRULY["a header whose name is no UTF-8"].content)
    records = fetcher.MemoryRecords(content)
    fetched = fetcher.PartitionRecords(
        TopicPartition("unit.other", 0), records, [], 0, None, None, check_crcs=True, isolation_level=1
    )

    with pytest.raises(UnicodeDecodeError):
        list(fetched)
