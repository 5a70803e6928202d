"""Only members of the group commit, on a real Kafka."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError

from stream import topics
from stream.flow.asking import ask_again
from stream.settings import Settings


def test_whoever_is_no_member_any_more_puts_no_offset_back(cx_env: dict[str, str]) -> None:
    """Also while nobody is in the group, when a broker takes offsets from anybody."""
    ask_again()
    asyncio.run(_play(Settings.from_env(cx_env), cx_env["CX_BROKER"].removeprefix("kafka://")))


async def _play(settings: Settings, broker: str) -> None:
    await topics.ensure(settings)
    at = TopicPartition(settings.topic("surveys"), 0)
    consumer = AIOKafkaConsumer(
        at.topic, bootstrap_servers=broker, group_id=f"{settings.app_id}-left", enable_auto_commit=False
    )
    await consumer.start()
    try:
        while at not in consumer.assignment():  # noqa: ASYNC110 - aiokafka tells nobody
            await asyncio.sleep(0.05)
        await consumer.commit({at: 7})
        await consumer._coordinator._maybe_leave_group()
        with pytest.raises(CommitFailedError):
            await consumer.commit({at: 3})
        assert 7 == await consumer.committed(at)
    finally:
        await consumer.stop()
