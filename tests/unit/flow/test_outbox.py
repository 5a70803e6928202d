"""What is to be sent waits for its broker."""

import asyncio
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaTimeoutError, MessageSizeTooLargeError, UnknownTopicOrPartitionError

from stream.flow.outbox import enqueue


class FakeProducer:
    """Fails a few times, then takes the batch."""

    def __init__(self, *failures: Exception) -> None:
        self._failures = list(failures)

    async def send_batch(self, batch: Any, topic: str, partition: int) -> asyncio.Future[str]:
        if self._failures:
            raise self._failures.pop(0)
        taken: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        taken.set_result(f"{batch} in {topic}-{partition}")
        return taken


def enqueued(*failures: Exception) -> str:
    """What tells that a batch is stored, after these failures."""

    async def play() -> str:
        producer = cast("AIOKafkaProducer", FakeProducer(*failures))
        return str(await (await enqueue(producer, "batch", "cx.scores", 2)))

    return asyncio.run(play())


def test_a_batch_is_queued_however_long_there_is_no_room_or_no_broker_that_knows_its_topic() -> None:
    """One that comes up says for a while that it knows none."""
    failures = [KafkaTimeoutError(), UnknownTopicOrPartitionError(), UnknownTopicOrPartitionError()]
    assert "batch in cx.scores-2" == enqueued(*failures)


def test_what_waiting_does_not_help_is_raised() -> None:
    """The worker ends then, and says why."""
    with pytest.raises(MessageSizeTooLargeError):
        enqueued(MessageSizeTooLargeError())
