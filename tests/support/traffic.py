"""Messages into real Kafka, and the records of its topics back out."""

from collections.abc import Iterable, Iterator
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from tests.support.recount.model import Record
from tests.support.stories import Message

SOURCES = ("surveys", "interactions", "relationships")


def produce(bootstrap: str, prefix: str, messages: Iterable[Message]) -> int:
    """Send messages in their order and wait until all are stored; returns how many."""
    with _closing(
        KafkaProducer(
            bootstrap_servers=bootstrap,
            acks="all",
            linger_ms=20,
            max_request_size=2**20,
            enable_idempotence=True,
        )
    ) as producer:
        pending = [
            producer.send(
                f"{prefix}{each.topic}",
                key=each.key,
                value=each.value,
                headers=list(each.headers),
                partition=each.partition,
            )
            for each in messages
        ]
        producer.flush()
        for future in pending:
            future.get(timeout=30)
    return len(pending)


def read_sources(bootstrap: str, prefix: str) -> list[Record]:
    """All committed records of the source topics; their topics without the prefix."""
    return [
        each._replace(topic=each.topic.removeprefix(prefix))
        for each in read(bootstrap, *(f"{prefix}{name}" for name in SOURCES))
    ]


def ends(bootstrap: str, *topics: str) -> int:
    """How many offsets the topics' partitions have given out."""
    with _closing(KafkaConsumer(bootstrap_servers=bootstrap, group_id=None)) as consumer:
        partitions = [TopicPartition(t, p) for t in topics for p in consumer.partitions_for_topic(t) or ()]
        return int(sum(consumer.end_offsets(partitions).values()))


def read(bootstrap: str, *topics: str) -> list[Record]:
    """All committed records that the topics hold now."""
    with _closing(
        KafkaConsumer(
            bootstrap_servers=bootstrap,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            group_id=None,
        )
    ) as consumer:
        partitions = [TopicPartition(t, p) for t in topics for p in consumer.partitions_for_topic(t) or ()]
        consumer.assign(partitions)
        return list(_until_end(consumer, partitions))


def _until_end(consumer: Any, partitions: list[TopicPartition]) -> Iterator[Record]:
    ends = consumer.end_offsets(partitions)
    while any(consumer.position(each) < end for each, end in ends.items()):
        for batch in consumer.poll(timeout_ms=500).values():
            for each in batch:
                place = (each.topic, each.partition, each.offset)
                yield Record(*place, each.timestamp, each.key, each.value, tuple(each.headers or ()))


class _closing:  # noqa: N801 - as contextlib.closing, whose close takes no time-out
    """Close a client at the end, waiting for a few seconds at most."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __enter__(self) -> Any:
        return self._client

    def __exit__(self, *_: object) -> None:
        self._client.close()
