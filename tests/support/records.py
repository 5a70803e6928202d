"""Reading whole topics of a real Kafka."""

from typing import Any

from kafka import KafkaConsumer, TopicPartition


def records(bootstrap: str, topic: str) -> list[Any]:
    """All committed records of a topic, partition by partition, as kafka-python's ConsumerRecord."""
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap, auto_offset_reset="earliest", isolation_level="read_committed"
    )
    try:
        found: list[Any] = []
        for number in sorted(consumer.partitions_for_topic(topic) or ()):
            partition = TopicPartition(topic, number)
            consumer.assign([partition])
            consumer.seek_to_beginning(partition)
            end = consumer.end_offsets([partition])[partition]
            while consumer.position(partition) < end:
                found += consumer.poll(timeout_ms=500).get(partition, [])
        return found
    finally:
        consumer.close()
