"""One partition's state, kept in Kafka: checkpoints written as one record batch each, by one owner at a time.

Why not Faust's own changelog: a table write costs 70-100 µs and is a record by itself, so an entity and the
tallies that it moves can be torn apart by a crash, and recovery reads 12 000 records a second. Here a
checkpoint is ONE batch (`create_batch` / `send_batch`): the broker stores all of it or nothing, compaction
keeps the last value of every key, so what is read back is exactly the state after some checkpoint.

Fencing: `claim` asks the broker for a producer id under a transactional id named after the partition, which
raises its epoch, and then writes with that id and epoch, without transactions. From the new owner's first
batch on the broker refuses every batch of a former owner, however late it comes (docs/decisions/0002).
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, ProducerFenced

from stream.flow.outbox import enqueue
from stream.flow.raw import keep_raw

log = logging.getLogger(__name__)

Pair = tuple[bytes, bytes | None]
_MAX_BATCH = 15 * 1_048_576
_READ_AT_ONCE = 2_000
_PART = 50_000
_OWNER = b"o"
_LOOKS, _LOOK_AGAIN_S = 30, 0.5


class FencedError(Exception):
    """Another worker owns this partition now.

    `stored`: whether what was being written stands all the same: its acknowledgement was lost.
    """

    stored = False


class Changelog:
    """The changelog partition of one state partition."""

    def __init__(
        self, client: Mapping[str, Any], app_id: str, topic: str, partition: int, *, fenced: bool
    ) -> None:
        """`client`: options for aiokafka. `fenced`: whether the broker knows transactional ids."""
        self._client = dict(client)
        self._at = TopicPartition(topic, partition)
        self._identity = f"{app_id}-{topic}-{partition}" if fenced else None
        self._producer: AIOKafkaProducer | None = None
        self.clean = True
        """Once all is read: whether the last owner had handed over."""
        self._end = 0
        """What we have stored, as far as was acknowledged, ends below this offset."""
        keep_raw(topic)

    async def claim(self) -> int:
        """Become the only owner; returns the offset below which all of the state stands."""
        producer = AIOKafkaProducer(
            **self._client,
            transactional_id=self._identity,
            acks="all",
            enable_idempotence=self._identity is not None,
            max_batch_size=_MAX_BATCH,
            max_request_size=_MAX_BATCH,
            compression_type="zstd",  # lz4 is packed at its hardest: three times the work for more bytes
        )
        self._producer = producer  # so that `close` ends it, also when it does not come to start
        await producer.start()
        if self._identity is not None:
            # From here on the sender takes the producer for idempotent, and keeps the claimed id and epoch.
            producer._txn_manager.transactional_id = None  # noqa: SLF001 - there is no other way to keep them
        return await self.hold()

    async def hold(self) -> int:
        """Write the owner's mark. Raises FencedError when the claim is lost; else nobody wrote since."""
        return await self.write([(_OWNER, b"held")])

    async def release(self) -> None:
        """Write that all was handed over: the next owner knows that nobody ended in between."""
        await self.write([(_OWNER, b"released")])

    async def write(self, records: Sequence[Pair]) -> int:
        """Store the records as one batch; returns the offset of its first one.

        Raises FencedError, ValueError when the batch is larger than a broker takes, and aiokafka's errors.
        """
        if self._producer is None:
            raise FencedError(f"{self._at} is not claimed")
        batch = self._producer.create_batch()
        for key, value in records:
            if batch.append(key=key, value=value, timestamp=None) is None:
                raise ValueError(
                    f"a checkpoint of {self._at} with {len(records)} records exceeds {_MAX_BATCH} bytes"
                )
        batch.close()
        try:
            sent = await enqueue(self._producer, batch, self._at.topic, self._at.partition)
            metadata = await sent
        except ProducerFenced as error:
            fenced = FencedError(f"{self._at} belongs to another worker now")
            fenced.stored = await self._stands()
            raise fenced from error
        self._end = max(self._end, int(metadata.offset) + len(records))
        return int(metadata.offset)

    async def _stands(self) -> bool:
        """Whether more of ours is stored than was acknowledged. The next owner's first record is its mark.

        The broker may be away again by now.
        """
        why: KafkaError | None = None
        for _ in range(_LOOKS):
            try:
                async for records in read_stretch(self._client, self._at, self._end, self._end):
                    return bool(records[0].key != _OWNER)
            except KafkaError as error:
                why = error
                await asyncio.sleep(_LOOK_AGAIN_S)
            else:
                return False
        log.warning("whether the last checkpoint of %s was stored is not known: %r", self._at, why)
        return False

    async def read(self, end: int) -> AsyncIterator[dict[bytes, bytes | None]]:
        """What stands below the offset `end`, part by part, in order: later parts supersede earlier ones.

        Of each part the last value of every key. All at once would be a second copy of the state; small parts
        would give out again and again what every checkpoint writes anew.
        """
        part: dict[bytes, bytes | None] = {}
        owner: bytes | None = b"released"
        async for records in read_stretch(self._client, self._at, 0, end - 1):
            part.update([(record.key, record.value) for record in records])
            if len(part) >= _PART:
                owner = part.pop(_OWNER, owner)
                yield part
                part = {}
        self.clean = part.pop(_OWNER, owner) == b"released"
        yield part

    async def close(self) -> None:
        """Let go of the connection."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()


async def read_stretch(
    client: Mapping[str, Any], at: TopicPartition, first: int, last: int
) -> AsyncIterator[list[Any]]:
    """Raw committed records with offsets of first … last that the broker still has, in order."""
    keep_raw(at.topic)
    consumer = AIOKafkaConsumer(
        **client,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        max_partition_fetch_bytes=4 * 1_048_576,
    )
    try:
        await consumer.start()
        consumer.assign([at])
        beginning = (await consumer.beginning_offsets([at]))[at]
        end = (await consumer.end_offsets([at]))[at]
        consumer.seek(at, max(first, beginning))
        while await consumer.position(at) < min(last + 1, end):
            fetched = await consumer.getmany(at, timeout_ms=1000, max_records=_READ_AT_ONCE)
            records = [record for record in fetched.get(at, ()) if record.offset <= last]
            if records:
                yield records
    finally:
        await consumer.stop()
