"""What the worker sends: tallies, scores, rejected records. One producer; a batch is awaited, or raises."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaTimeoutError, UnknownTopicOrPartitionError

_MAX_BATCH = 900_000

Header = tuple[str, bytes]
Outgoing = tuple[bytes | None, bytes | None, Sequence[Header]]


class Outbox:
    """Sends records to chosen partitions and waits until the broker has them."""

    def __init__(self, client: Mapping[str, Any]) -> None:
        """`client`: options for aiokafka."""
        self._client = dict(client)
        self._producer: AIOKafkaProducer | None = None

    async def start(self, *, idempotent: bool) -> None:
        """Connect. `idempotent`: whether the broker gives out producer ids (the embedded one does not)."""
        self._producer = AIOKafkaProducer(
            **self._client,
            acks="all",
            enable_idempotence=idempotent,
            max_batch_size=_MAX_BATCH,
            max_request_size=2 * _MAX_BATCH,
        )
        await self._producer.start()

    async def stop(self) -> None:
        """Send what is left and let go."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

    async def send(self, topic: str, partition: int, records: Iterable[Outgoing]) -> None:
        """Send to one partition, in order; returns when all are acknowledged. Raises aiokafka's errors."""
        if self._producer is None:
            raise RuntimeError("the outbox is not started")
        waiting: list[asyncio.Future[Any]] = []
        batch = self._producer.create_batch()
        for key, value, headers in records:
            if batch.append(key=key, value=value, timestamp=None, headers=list(headers)) is None:
                waiting.append(await enqueue(self._producer, batch, topic, partition))
                batch = self._producer.create_batch()
                batch.append(key=key, value=value, timestamp=None, headers=list(headers))
        if batch.record_count():
            waiting.append(await enqueue(self._producer, batch, topic, partition))
        await asyncio.gather(*waiting)


async def enqueue(producer: AIOKafkaProducer, batch: Any, topic: str, partition: int) -> asyncio.Future[Any]:
    """Put a batch into the producer's queue, however long that takes; returns what tells that it is stored.

    aiokafka gives up a place in the queue after the request time-out, or sooner while many wait; and when for
    so long no broker named the topic, which was there at the start. Nothing was sent then.
    """
    while True:
        with contextlib.suppress(KafkaTimeoutError, UnknownTopicOrPartitionError):
            placed: asyncio.Future[Any] = await producer.send_batch(batch, topic, partition=partition)
            return placed
