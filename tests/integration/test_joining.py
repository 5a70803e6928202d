"""A member of the group on a real Kafka that meets an error aiokafka has no name for reads on.

Records are taken as Faust takes them: from the fetcher, without asking for errors.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import KafkaError

from stream import topics
from stream.flow.joining import join_again
from stream.settings import Settings

_DEADLINE_S = 30


@pytest.fixture(autouse=True)
def _patched() -> Iterator[None]:
    """With our way, and without it afterwards."""
    former = GroupCoordinator._push_error_to_user
    join_again()
    yield
    GroupCoordinator._push_error_to_user = former


@pytest.mark.parametrize("failing", ["_do_heartbeat", "_do_fetch_commit_offsets", "_do_rejoin_group"])
def test_a_member_reads_on_after_an_error_of_its_coordination(cx_env: dict[str, str], failing: str) -> None:
    """In a heartbeat, when asked what is committed, while it joins."""
    asyncio.run(_play(Settings.from_env(cx_env), cx_env["CX_BROKER"].removeprefix("kafka://"), failing))


async def _play(settings: Settings, broker: str, failing: str) -> None:
    await topics.ensure(settings)
    at = TopicPartition(settings.topic("surveys"), 0)
    consumer = AIOKafkaConsumer(
        at.topic,
        bootstrap_servers=broker,
        group_id=f"{settings.app_id}-{failing}",
        auto_offset_reset="earliest",
        heartbeat_interval_ms=200,
        enable_auto_commit=False,
    )
    producer = AIOKafkaProducer(bootstrap_servers=broker)
    await asyncio.gather(consumer.start(), producer.start())
    try:
        async with asyncio.timeout(_DEADLINE_S):
            await _joined_after(consumer, 0)
            failed = _fail_once(consumer._coordinator, failing)
            generation = consumer._coordinator.generation
            if failing != "_do_heartbeat":  # which comes by itself
                consumer._coordinator.request_rejoin()
            await failed.wait()
            await _joined_after(consumer, generation)
            sent = await producer.send_and_wait(at.topic, b"after", partition=0)
            await _read(consumer, at, sent.offset)
    finally:
        await asyncio.gather(consumer.stop(), producer.stop())


def _fail_once(coordinator: Any, failing: str) -> asyncio.Event:
    """Let the next call end with an error that no retry is meant for; returns what tells that it has."""
    failed, method = asyncio.Event(), getattr(coordinator, failing)

    async def fail(*args: Any) -> Any:
        if failed.is_set():
            return await method(*args)
        failed.set()
        raise KafkaError("an error without a name")

    setattr(coordinator, failing, fail)
    return failed


async def _joined_after(consumer: Any, generation: int) -> None:
    while consumer._coordinator.generation <= generation or not consumer.assignment():  # noqa: ASYNC110
        await asyncio.sleep(0.05)


async def _read(consumer: Any, at: TopicPartition, offset: int) -> None:
    while True:
        fetched = await consumer._fetcher.fetched_records({at}, timeout=0.2)
        if any(record.offset == offset for record in fetched.get(at, ())):
            return
