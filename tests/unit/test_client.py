"""The publisher's own decisions, with a producer that keeps what it is given."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from kafka.errors import KafkaTimeoutError
from kafka.future import Future

from stream import client
from stream.client import DeliveryError, InvalidEvent, Publisher
from stream.errors import BrokerUnreachable, TopicError
from stream.intake.rejection import Reason
from stream.settings import Settings
from tests.support.events import event
from tests.support.wait import eventually

_EVENT = event("cx.interaction.v1")


class FakeProducer:
    """Keeps what it is given; the futures are settled by the test."""

    def __init__(self, **_: Any) -> None:
        self.sent: list[tuple[str, bytes, bytes]] = []
        self.futures: list[Future] = []
        self.closed = False

    def send(self, topic: str, value: bytes, key: bytes) -> Future:
        self.sent.append((topic, key, value))
        self.futures.append(Future())
        return self.futures[-1]

    def flush(self, timeout: float | None = None) -> None:
        assert timeout is not None, "waits for ever"
        for future in self.futures:
            if not future.is_done:
                future.success(None)

    def close(self, timeout: float | None = None) -> None:
        assert timeout is not None, "waits for ever"
        self.closed = True


class FakeAdmin:
    """A broker with one topic."""

    def __init__(self, **_: Any) -> None:
        pass

    def list_topics(self) -> list[str]:
        return ["cx.interactions"]

    def close(self) -> None:
        pass


@pytest.fixture
def producer(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProducer]:
    """The producer that every Publisher of the test gets."""
    fake = FakeProducer()
    monkeypatch.setattr(client, "idempotent_producer", lambda **_: fake)
    monkeypatch.setattr(client, "KafkaAdminClient", FakeAdmin)
    yield fake
    fake.flush(0)


def test_an_event_goes_to_its_topic_with_the_customers_key(producer: FakeProducer) -> None:
    """The value is the event as JSON."""
    with Publisher(Settings()) as publisher:
        publisher.publish(_EVENT)

    assert [("cx.interactions", b"acme:c-81723", orjson.dumps(_EVENT))] == producer.sent
    assert (publisher.delivered, producer.closed) == (1, True)


def test_json_is_sent_byte_for_byte(producer: FakeProducer) -> None:
    """Also with spaces and fields that nobody knows."""
    value = b" " + orjson.dumps(event("cx.interaction.v1", comment="x"), option=orjson.OPT_INDENT_2)
    with Publisher(Settings()) as publisher:
        publisher.publish_json(value)

    assert value == producer.sent[0][2]


@pytest.mark.parametrize(
    ("reason", "given"),
    [
        (Reason.NOT_CLOUDEVENTS, {}),
        (Reason.BAD_TYPE, event("cx.interaction.v1", id=10**30)),
        (Reason.MALFORMED, event("cx.interaction.v1") | {"data": {1, 2}}),
        (Reason.MALFORMED, event("cx.interaction.v1", subject="\ud800")),
        (Reason.PERSONAL_DATA, event("cx.interaction.v1", subject="a@example.org")),
    ],
)
def test_an_event_that_no_worker_takes_is_not_sent(
    producer: FakeProducer, reason: Reason, given: dict[str, Any]
) -> None:
    """The reason is the contract's, and the detail holds nothing of the event."""
    with Publisher(Settings()) as publisher, pytest.raises(InvalidEvent) as raised:
        publisher.publish(given)

    assert reason is raised.value.reason
    assert "example.org" not in str(raised.value)
    assert [] == producer.sent


def test_a_datetime_is_a_time(producer: FakeProducer) -> None:
    """What programs have at hand need not be turned into text first."""
    with Publisher(Settings()) as publisher:
        publisher.publish(event("cx.interaction.v1", time=datetime(2026, 5, 4, 10, 15, tzinfo=UTC)))

    assert len(producer.sent) == 1


def test_a_topic_that_is_missing_is_told_and_not_made(producer: FakeProducer) -> None:
    """Asking a producer for it would make it, with the broker's defaults."""
    publisher = Publisher(Settings())
    with pytest.raises(TopicError, match=r"cx\.surveys .*cx topics create"):
        publisher.publish(event("cx.survey.declined.v1"))

    assert [] == producer.sent


def test_flush_tells_what_was_not_delivered_once(producer: FakeProducer) -> None:
    """How many, the first of them, and why."""
    publisher = Publisher(Settings())
    publisher.publish(event("cx.interaction.v1", id="good"))
    publisher.publish(event("cx.interaction.v1", id="bad"))
    producer.futures[1].failure(OSError("gone"))

    with pytest.raises(DeliveryError, match=r"1 events were not delivered; the first, bad: .*gone") as raised:
        publisher.flush()
    assert (raised.value.count, raised.value.undelivered[0].event_id) == (1, "bad")
    publisher.flush()


def test_the_error_that_ended_the_block_is_the_one_to_be_seen(producer: FakeProducer) -> None:
    """A failed delivery on the way out does not hide it."""

    def leave() -> None:
        with Publisher(Settings()) as publisher:
            publisher.publish(_EVENT)
            producer.futures[0].failure(OSError("gone"))
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        leave()
    assert producer.closed


def test_publish_waits_while_too_much_is_on_its_way(producer: FakeProducer) -> None:
    """Memory is bounded; the next event goes when one before it has arrived."""
    publisher = Publisher(Settings(), max_buffer_bytes=1_000)
    publisher.publish(event("cx.interaction.v1", id="1"))
    thread = threading.Thread(
        target=lambda: publisher.publish(event("cx.interaction.v1", id="2")), daemon=True
    )
    thread.start()
    eventually(lambda: bool(publisher._changed._waiters), 5, "the second event waits")  # type: ignore[attr-defined]
    assert len(producer.sent) == 1

    producer.futures[0].success(None)
    thread.join(5)

    assert len(producer.sent) == 2


def test_publish_does_not_wait_for_ever(producer: FakeProducer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of whatever a client forgets, somebody hears."""
    monkeypatch.setattr(client, "_LONGEST_S", 0.01)
    publisher = Publisher(Settings(), max_buffer_bytes=1_000)
    publisher.publish(event("cx.interaction.v1", id="1"))
    with pytest.raises(KafkaTimeoutError, match="no room for another event"):
        publisher.publish(event("cx.interaction.v1", id="2"))

    assert len(producer.sent) == 1


def test_where_the_broker_went_before_a_topic_was_asked_for_it_says_so(
    producer: FakeProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the setting to look at."""

    def gone(**_: Any) -> None:
        raise KafkaTimeoutError("Unable to bootstrap")

    publisher = Publisher(Settings(broker="kafka://127.0.0.1:1"))
    monkeypatch.setattr(client, "KafkaAdminClient", gone)
    with pytest.raises(BrokerUnreachable, match=r"127\.0\.0\.1:1 .*CX_BROKER"):
        publisher.publish(_EVENT)

    assert [] == producer.sent
