"""The publisher library on a real Kafka."""

import asyncio
import threading
from collections import Counter

import orjson
import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource
from kafka.errors import KafkaTimeoutError, MessageSizeTooLargeError

from stream import client, topics
from stream.client import DeliveryError, Publisher
from stream.errors import BrokerUnreachable, TopicError
from stream.settings import Settings
from tests.support.events import DATA, event
from tests.support.kafka import Broker
from tests.support.records import records
from tests.support.wait import eventually


@pytest.fixture
def settings(cx_env: dict[str, str]) -> Settings:
    """Settings of this test, with its topics made."""
    found = Settings.from_env(cx_env)
    asyncio.run(topics.ensure(found))
    return found


def test_events_of_every_type_come_to_their_topic_once_and_in_order(settings: Settings) -> None:
    """Each customer's events in one partition, in the order in which they were published."""
    sent = [
        event(kind, id=f"{number}-{kind}", subject=f"c-{number % 20}")
        for number in range(100)
        for kind in DATA
    ]
    with Publisher(settings) as publisher:
        for each in sent:
            publisher.publish(each)
    assert len(sent) == publisher.delivered

    stored = [
        record for name in topics.SOURCES for record in records(settings.bootstrap, settings.topic(name))
    ]
    ids_by_customer: dict[tuple[str, bytes], list[str]] = {}
    for record in stored:
        ids_by_customer.setdefault((record.topic, record.key), []).append(orjson.loads(record.value)["id"])

    assert Counter(each["id"] for each in sent) == Counter(i for ids in ids_by_customer.values() for i in ids)
    assert {b"acme:c-%d" % number for number in range(20)} == {key for _, key in ids_by_customer}
    for ids in ids_by_customer.values():
        assert sorted(ids, key=lambda each: int(each.partition("-")[0])) == ids


def test_several_threads_may_share_a_publisher(settings: Settings) -> None:
    """Nothing is lost between them."""
    with Publisher(settings, max_buffer_bytes=20_000) as publisher:

        def publish(thread: int) -> None:
            for number in range(200):
                publisher.publish(event("cx.interaction.v1", id=f"{thread}-{number}"))

        threads = [threading.Thread(target=publish, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert publisher.delivered == 800
    assert (
        len({record.value for record in records(settings.bootstrap, settings.topic("interactions"))}) == 800
    )


def test_a_missing_topic_is_told_and_stays_missing(cx_env: dict[str, str]) -> None:
    """This broker would make it, as brokers do by default."""
    settings = Settings.from_env(cx_env)
    with Publisher(settings) as publisher, pytest.raises(TopicError, match="cx topics create"):
        publisher.publish(event("cx.interaction.v1"))

    admin = KafkaAdminClient(bootstrap_servers=settings.bootstrap)
    assert settings.topic("interactions") not in admin.list_topics()
    admin.close()


def test_events_published_while_the_broker_is_away_arrive_when_it_is_back(own_kafka: Broker) -> None:
    """Once each: the broker knows a repeated batch by its producer's number."""
    settings = Settings.from_env({"CX_BROKER": f"kafka://{own_kafka.bootstrap}"})
    asyncio.run(topics.ensure(settings))
    with Publisher(settings) as publisher:
        publisher.publish(event("cx.interaction.v1", id="before")).get(10)
        own_kafka.kill()
        for number in range(50):
            publisher.publish(event("cx.interaction.v1", id=f"away-{number}"))
        own_kafka.start()
        publisher.flush(60)

    stored = records(settings.bootstrap, settings.topic("interactions"))
    assert ["before", *(f"away-{number}" for number in range(50))] == [
        orjson.loads(each.value)["id"] for each in stored
    ]


def test_after_an_outage_longer_than_the_delivery_time_out_it_publishes_again(
    own_kafka: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waited too long fails, told while the broker is away; what comes after its return is stored."""
    monkeypatch.setattr(client, "_REQUEST_MS", 1_000)
    monkeypatch.setattr(client, "_DELIVERY_MS", 3_000)
    settings = Settings.from_env({"CX_BROKER": f"kafka://{own_kafka.bootstrap}"})
    asyncio.run(topics.ensure(settings))
    publisher = Publisher(settings)
    publisher.publish(event("cx.interaction.v1", id="before")).get(10)

    own_kafka.pause()  # the batch on its way gets no answer: it was sent, and will be sent again
    lost = publisher.publish(event("cx.interaction.v1", id="sent-and-lost"))
    with pytest.raises(KafkaTimeoutError):
        lost.get(20)
    with pytest.raises(KafkaTimeoutError, match="no broker took its batch within 3 s"):
        # Nobody gives the producer a new number meanwhile.
        publisher.publish(event("cx.interaction.v1", id="never-sent")).get(20)
    with pytest.raises(DeliveryError, match="2 events were not delivered; the first, sent-and-lost"):
        publisher.flush(20)

    own_kafka.resume()
    publisher.publish(event("cx.interaction.v1", id="after")).get(20)
    publisher.close(20)
    stored = [
        orjson.loads(each.value)["id"] for each in records(settings.bootstrap, settings.topic("interactions"))
    ]
    assert ["before", "after"] == [each for each in stored if each != "sent-and-lost"]


def test_an_event_that_the_broker_refuses_fails_alone(settings: Settings) -> None:
    """Here one that is larger than its topic takes."""
    topic = settings.topic("interactions")
    admin = KafkaAdminClient(bootstrap_servers=settings.bootstrap)
    admin.alter_configs([ConfigResource("TOPIC", topic, {"max.message.bytes": "2000"})])
    admin.close()
    publisher = Publisher(settings)
    publisher.publish(event("cx.interaction.v1", id="before")).get(20)

    def refused() -> bool:
        try:
            publisher.publish(event("cx.interaction.v1", id="large", comment="x" * 4_000)).get(20)
        except MessageSizeTooLargeError:
            return True
        return False

    eventually(refused, 20, "the broker has the topic's new limit")
    publisher.publish(event("cx.interaction.v1", id="after")).get(20)

    with pytest.raises(DeliveryError, match="1 events were not delivered; the first, large"):
        publisher.close(20)
    stored = [orjson.loads(each.value)["id"] for each in records(settings.bootstrap, topic)]
    assert ["before", "after"] == [each for each in stored if each != "large"]


def test_where_no_broker_answers_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the setting to look at."""
    monkeypatch.setattr(client, "_UNREACHABLE_MS", 500)
    with pytest.raises(BrokerUnreachable, match=r"127\.0\.0\.1:1 .*CX_BROKER"):
        Publisher("kafka://127.0.0.1:1")
