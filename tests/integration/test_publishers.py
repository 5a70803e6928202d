"""Other people's publishers: whatever client, mode, codec or transaction, the same events count the same."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaProducer
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, ConfigResource  # type: ignore[attr-defined]

from stream import topics
from stream.client import Publisher
from stream.errands import Event
from stream.settings import Settings
from stream.simulate import Plan, events
from tests.support import exposition
from tests.support.ports import free_ports
from tests.support.processes import Worker
from tests.support.stories import Message, as_stored
from tests.support.truth import Truth, assert_scores, scrape, taken, wait_until_taken
from tests.support.wait import eventually

HOUR_MS = 3_600_000
COUNT = 600
SETTINGS = {"CX_WINDOWS": "1h,30d", "CX_CLOCK": "event", "CX_MIN_PRIVACY": "1"}
MURMUR2 = {"partitioner": "murmur2_random"}
StartWorker = Callable[[dict[str, str]], Worker]


def topic_of(event: Event) -> str:
    """Where an event of the simulation belongs."""
    subject = event["type"].split(".")[1]
    others = {"survey": "surveys", **dict.fromkeys(("purchase", "refund", "subscription"), "relationships")}
    return others.get(subject, "interactions")


def structured(event: Event) -> Message:
    """An event as one JSON object."""
    key = f"{event['tenantid']}:{event['subject']}".encode()
    return Message(topic_of(event), key, orjson.dumps(event))


def binary(event: Event) -> Message:
    """An event with its attributes in headers."""
    attributes = tuple((f"ce_{name}", str(value).encode()) for name, value in event.items() if name != "data")
    message = structured(event)
    headers = (("content-type", b"application/json"), *attributes)
    return message._replace(value=orjson.dumps(event["data"]), headers=headers)


@pytest.fixture
def simulated() -> list[Event]:
    """An hour's events of two tenants that ended a minute ago."""
    now_ms = time.time_ns() // 1_000_000
    plan = Plan(1, now_ms - HOUR_MS, 2 * COUNT / 3600, tenants=("acme", "globex"))
    return [event for at_ms, event in islice(events(plan), COUNT) if at_ms < now_ms]


@pytest.fixture
def env(cx_env: dict[str, str]) -> dict[str, str]:
    """Settings of a service whose topics are there."""
    found = cx_env | SETTINGS
    asyncio.run(topics.ensure(Settings.from_env(found)))
    return found


def bootstrap(env: Mapping[str, str]) -> str:
    """`host:port` of the broker."""
    return env["CX_BROKER"].removeprefix("kafka://")


def send(env: Mapping[str, str], messages: Iterable[Message], **config: Any) -> None:
    """Send with librdkafka."""
    producer = Producer({"bootstrap.servers": bootstrap(env), **config})
    _produce(producer, env, messages)
    assert 0 == producer.flush(30)


def _produce(producer: Producer, env: Mapping[str, str], messages: Iterable[Message]) -> None:
    for each in messages:
        topic = f"{env['CX_TOPIC_PREFIX']}{each.topic}"
        producer.produce(topic, key=each.key, value=each.value, headers=list(each.headers))
        producer.poll(0)


def worker_after(env: dict[str, str], start: StartWorker, records: int) -> Worker:
    """A worker that has taken so many records."""
    worker = start(env | {"CX_METRICS_PORT": str(free_ports(1)[0])})
    worker.wait_until_ready()
    wait_until_taken([worker], records)
    return worker


def assert_all_count(worker: Worker, env: dict[str, str], messages: list[Message]) -> None:
    """Every message counted once, where a publisher of ours would have put it."""
    truth = Truth.of(as_stored(messages, time.time_ns() // 1_000_000), env)
    assert_scores([worker], truth.cells())
    pages = scrape([worker])
    assert truth.recount.records == taken(pages)
    assert Counter() == exposition.counters(pages[0], "cx_misplaced_records_total", "topic")


async def _send_aiokafka(env: Mapping[str, str], messages: Iterable[Message]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap(env)) as producer:
        for each in messages:
            topic = f"{env['CX_TOPIC_PREFIX']}{each.topic}"
            await producer.send(topic, each.value, each.key, headers=list(each.headers))


def test_clients_share_the_partitions(
    env: dict[str, str], start_worker: StartWorker, simulated: list[Event]
) -> None:
    """Ours, aiokafka and librdkafka with murmur2_random send a customer's events to one partition."""
    parts = [simulated[first : first + COUNT // 3] for first in range(0, len(simulated), COUNT // 3)]
    with Publisher(Settings.from_env(env)) as publisher:
        for event in parts[0]:
            publisher.publish(event)
    asyncio.run(_send_aiokafka(env, map(structured, parts[1])))
    for part in parts[2:]:
        send(env, map(structured, part), **MURMUR2)
    worker = worker_after(env, start_worker, len(simulated))
    assert_all_count(worker, env, [structured(event) for event in simulated])


def test_librdkafkas_own_partitioner_is_noticed(
    env: dict[str, str], start_worker: StartWorker, simulated: list[Event]
) -> None:
    """Without murmur2_random records land elsewhere: processed, and counted as misplaced."""
    interactions = [each for each in map(structured, simulated) if each.topic == "interactions"]
    send(env, interactions)
    page = scrape([worker_after(env, start_worker, len(interactions))])[0]
    assert {("interactions", "counted"): len(interactions)} == taken([page])
    misplaced = exposition.counters(page, "cx_misplaced_records_total", "topic")
    assert len(interactions) / 2 < misplaced["interactions",] < len(interactions)


def test_both_modes_of_cloudevents_count_the_same(
    env: dict[str, str], start_worker: StartWorker, simulated: list[Event]
) -> None:
    """Every other event in binary mode: an answer in one mode to an invitation in the other."""
    messages = [(binary if number % 2 else structured)(event) for number, event in enumerate(simulated)]
    send(env, messages, **MURMUR2)
    worker = worker_after(env, start_worker, len(messages))
    assert_all_count(worker, env, [structured(event) for event in simulated])


def test_batches_of_all_codecs_are_read(
    env: dict[str, str], start_worker: StartWorker, simulated: list[Event]
) -> None:
    """Topics made by others may keep the publisher's codec; each partition then holds batches of all."""
    _keep_codecs(env)
    codecs = ("none", "gzip", "snappy", "lz4", "zstd")
    for number, codec in enumerate(codecs):
        part = simulated[number * COUNT // 5 : (number + 1) * COUNT // 5]
        send(env, map(structured, part), **MURMUR2, **{"compression.type": codec, "linger.ms": 200})
    worker = worker_after(env, start_worker, len(simulated))
    assert_all_count(worker, env, [structured(event) for event in simulated])


def _keep_codecs(env: Mapping[str, str]) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap(env)})
    for name in topics.SOURCES:
        topic = f"{env['CX_TOPIC_PREFIX']}{name}"
        resource = ConfigResource(
            ConfigResource.Type.TOPIC, topic, set_config={"compression.type": "producer"}
        )
        for done in admin.alter_configs([resource]).values():
            done.result(30)


def test_aborted_transactions_are_not_counted(
    env: dict[str, str], start_worker: StartWorker, simulated: list[Event]
) -> None:
    """By turns, an aborted one last: what was committed counts, and nothing is waited for."""
    producer = Producer(
        {"bootstrap.servers": bootstrap(env), "transactional.id": env["CX_APP_ID"], **MURMUR2}
    )
    producer.init_transactions(30)
    kept: list[Event] = []
    for first in range(0, len(simulated), COUNT // 6):
        part = simulated[first : first + COUNT // 6]
        for event, aborted in (*((each, False) for each in part), *((each, True) for each in part)):
            if event is part[0]:
                producer.begin_transaction()
            changed = {**event, "id": f"aborted-{event['id']}"} if aborted else event
            _produce(producer, env, [structured(changed)])
            if event is part[-1]:
                producer.flush(30)
                (producer.abort_transaction if aborted else producer.commit_transaction)(30)
        kept += part
    worker = worker_after(env, start_worker, len(kept))
    assert_all_count(worker, env, [structured(event) for event in kept])

    def nothing_waits() -> bool:
        page = scrape([worker])[0]
        lag = {
            dict(labels)["topic"]: n
            for (name, labels), n in page.items()
            if name == "cx_consumer_lag_records"
        }
        assert dict.fromkeys(topics.SOURCES, 0.0) == lag
        return True

    # The gauge is renewed once a second, and absent until the ends of all partitions are known.
    eventually(nothing_waits, 10, "no topic has records that wait")
