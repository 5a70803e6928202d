"""Our consumer tells when nothing will be read any more."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

from aiokafka.errors import KafkaError

from stream.flow.batches import BatchConsumer

_CLIENT = SimpleNamespace(_sync_task=None)


def _failure(coordination: Callable[[], Awaitable[None]], *, cancelled: bool = False) -> BaseException | None:
    """What is told once this is all that the group's coordination came to."""

    async def run() -> BaseException | None:
        task = asyncio.ensure_future(coordination())
        consumer: Any = object.__new__(BatchConsumer)
        parts = SimpleNamespace(_coordinator=SimpleNamespace(_coordination_task=task), _client=_CLIENT)
        consumer.__dict__["_thread"] = SimpleNamespace(_consumer=parts)
        assert consumer.failure() is None
        if cancelled:
            task.cancel()
        await asyncio.wait([task])
        told: BaseException | None = consumer.failure()
        return told

    return asyncio.run(run())


async def _fail() -> None:
    raise KafkaError("Unexpected error during coordination")


async def _end() -> None:
    await asyncio.sleep(0)


def test_a_coordination_that_broke_is_told() -> None:
    """The engine ends the worker with it: a supervisor starts one that reads."""
    assert isinstance(_failure(_fail), KafkaError)


def test_a_coordination_that_was_ended_is_no_failure() -> None:
    """A worker that stops ends it."""
    assert _failure(_end) is None
    assert _failure(_end, cancelled=True) is None
