"""Topics on a real Kafka: made once, left alone after that, and compared."""

import asyncio

from stream import topics
from stream.settings import Settings


def test_ensure_makes_every_topic_once_and_then_none(cx_env: dict[str, str]) -> None:
    """A second call finds nothing to make, and nothing that differs."""
    settings = Settings.from_env(cx_env)

    assert [spec.name for spec in topics.specs(settings)] == asyncio.run(topics.ensure(settings))
    assert [] == asyncio.run(topics.ensure(settings))
    assert [] == asyncio.run(topics.differences(settings))


def test_a_missing_topic_is_one_difference_and_asking_does_not_make_it(cx_env: dict[str, str]) -> None:
    """Metadata requests can create topics by accident; ours must not."""
    settings = Settings.from_env(cx_env)

    for _ in range(2):
        found = asyncio.run(topics.differences(settings))
        assert {(spec.name, "topic", "missing") for spec in topics.specs(settings)} == {
            item[:3] for item in found
        }


def test_differences_name_partitions_and_settings_and_ensure_leaves_them(cx_env: dict[str, str]) -> None:
    """Topics made under other settings are told apart item by item, and stay as they were."""
    asyncio.run(topics.ensure(Settings.from_env(cx_env | {"CX_PARTITIONS": "2", "CX_WINDOWS": "1h"})))
    settings = Settings.from_env(cx_env | {"CX_PARTITIONS": "3", "CX_WINDOWS": "7d"})

    assert [] == asyncio.run(topics.ensure(settings))
    found = {str(item): item for item in asyncio.run(topics.differences(settings))}

    surveys = settings.topic("surveys")
    assert found[f"{surveys}: partitions is 2, should be 3"].fatal
    assert not found[f"{surveys}: retention.ms is 867600000, should be 1468800000"].fatal
    assert not found[f"{settings.topic('rejected')}: partitions is 2, should be 3"].fatal


def test_two_that_make_the_topics_at_once_both_succeed(cx_env: dict[str, str]) -> None:
    """Two workers that start together must not end each other."""
    settings = Settings.from_env(cx_env)

    async def both() -> tuple[list[str], list[str]]:
        return await asyncio.gather(topics.ensure(settings), topics.ensure(settings))

    made = asyncio.run(both())

    assert sorted(spec.name for spec in topics.specs(settings)) == sorted(made[0] + made[1])
