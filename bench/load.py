"""Events into a topic: librdkafka, keyed and partitioned as our publisher does it."""

from collections.abc import Iterable
from typing import Any

from confluent_kafka import Producer

from bench.events import Keyed


def load(bootstrap: str, topic: str, records: Iterable[Keyed]) -> None:
    """Publish all records to a topic that exists; raises RuntimeError when one was not taken."""
    failed: list[Any] = []

    def told(error: Any, _message: Any) -> None:
        if error is not None:
            failed.append(error)

    producer = new_producer(bootstrap)
    for key, value in records:
        while True:
            try:
                producer.produce(topic, value, key, on_delivery=told)
            except BufferError:
                producer.poll(0.1)
            else:
                break
        producer.poll(0)
    producer.flush()
    if failed:
        raise RuntimeError(f"{len(failed)} records were not taken by {topic}: {failed[0]}")


def new_producer(bootstrap: str, linger_ms: int = 50) -> Any:
    """A producer that partitions by murmur2 and waits for all acknowledgements."""
    return Producer(
        {
            "bootstrap.servers": bootstrap,
            "partitioner": "murmur2_random",
            "enable.idempotence": True,
            "linger.ms": linger_ms,
            "batch.size": 262_144,
            "queue.buffering.max.messages": 500_000,
            "log_level": 3,
        }
    )
