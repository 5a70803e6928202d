"""Records that mean harm, against a real worker on a real Kafka. Each test tells its figure.

One worker takes them all, with a hundred series for each tenant, and must count good events to the end. It
starts on a backlog of 100 MB of nonsense. `relationships` was made by somebody else, who lets batches through
that expand.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiokafka.codec import cramjam
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from stream.intake.classify import MAX_DEPTH
from stream.intake.events import TOPIC_OF, TYPES
from tests.support import exposition
from tests.support.events import DATA, event, written
from tests.support.own import own_service
from tests.support.processes import cx
from tests.support.stories import Message
from tests.support.target import DEADLINE_S, MIB, Target
from tests.support.unruly import UNRULY
from tests.support.wait import eventually
from tests.support.wild import FRAGMENTS
from tests.support.wire import ZSTD, batch, record

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

Figure = Callable[[str], None]


@pytest.fixture(scope="module")
def target(kafka_broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A worker for all tests of this file, not yet started."""
    folder = tmp_path_factory.mktemp("hostile")
    env = own_service(kafka_broker, folder) | {
        "CX_SESSION_TIMEOUT": "10s",
        "CX_MAX_SERIES": "100",
        "CX_WINDOWS": "5m,1h,30d",
    }
    found = Target(env, kafka_broker, folder / "worker" / "log")
    admin = AdminClient({"bootstrap.servers": kafka_broker})
    own = {"max.message.bytes": str(MIB)}
    strict = {**own, "compression.type": "uncompressed", "message.timestamp.type": "LogAppendTime"}
    topics = [
        NewTopic(env["CX_TOPIC_PREFIX"] + name, 4, 1, config=own if name == "relationships" else strict)
        for name in ("surveys", "interactions", "relationships")
    ]
    for made in admin.create_topics(topics).values():
        made.result(30)
    yield found
    found.close()


def interaction(name: str, **attributes: Any) -> bytes:
    """A good event of now."""
    data = {"interaction_id": name, "channel": "web", "valence": "positive"}
    return written(event("cx.interaction.v1", data, **{"id": name, "time": now()} | attributes))


def now() -> str:
    """The time as text."""
    return datetime.now(UTC).isoformat()


def test_a_backlog_of_100_mb_of_invalid_bytes(target: Target, figure: Figure) -> None:
    """All of it ends in `rejected`, cut to 64 KiB; health and metrics answer; memory stays low."""
    noise = random.Random(4)
    small = [noise.randbytes(16_384) for _ in range(50)]
    target.send(
        [
            Message(("surveys", "interactions")[n % 2], None, small[n % 50], partition=n % 4)
            for n in range(4_200)
        ]
        + [Message("interactions", None, noise.randbytes(1_000_000), partition=n % 4) for n in range(32)]
    )
    started = time.monotonic()
    answers = _watch(target, until=lambda: target.taken() >= target.sent)
    seconds = time.monotonic() - started
    peak = target.memory_mib("VmHWM")
    kept = target.rejected("surveys") + target.rejected("interactions")
    figure(
        f"100 MB rejected in {seconds:.1f} s from the worker's start; memory at most {peak:.0f} MiB; "
        f"{len(answers)} answers of /healthz and /metrics, the slowest after {answers[-1]:.2f} s"
    )

    assert peak < 600
    assert answers[len(answers) * 9 // 10] < 1, "more than a machine that is busy with something else"
    assert len(target.rejected("surveys")) == 2_100
    assert len(target.rejected("interactions")) == 2_132
    lengths = Counter((len(each.value or b""), int(each.headers.get("length", 0))) for each in kept)
    assert {(16_384, 0), (65_536, 1_000_000)} == lengths.keys()


def _watch(target: Target, until: Callable[[], bool]) -> list[float]:
    """Ask for health and metrics until it is done; returns how long the answers took, in seconds."""
    answers = []
    target.worker.wait_for_log("Starting", 60)
    eventually(lambda: target.worker.get("/healthz"), 60, "the port is open")
    end = time.monotonic() + DEADLINE_S
    done = False
    while not done:
        assert time.monotonic() < end, f"{target.taken()} of {target.sent} taken"
        for path in ("/healthz", "/metrics"):
            asked = time.monotonic()
            target.worker.get(path)
            answers.append(time.monotonic() - asked)
        done = until()
    return sorted(answers)


def test_a_thousand_bad_records_delay_a_good_one_by_less_than_a_second(
    target: Target, figure: Figure
) -> None:
    """Just before it, in its own partition; all of them are in `rejected`."""
    before = len(target.rejected("surveys"))
    bad = [Message("surveys", b"k", b'{"specversion":"1.0"', partition=0)] * 1_000
    alone = sorted(_seconds(target, [], f"alone-{n}") for n in range(3))[1]
    behind = sorted(_seconds(target, bad, f"behind-{n}") for n in range(3))[1]
    figure(f"a good record alone is counted after {alone:.2f} s, behind 1 000 bad ones after {behind:.2f} s")

    assert behind - alone < 1
    assert len(target.rejected("surveys")) - before == 3_000


def _seconds(target: Target, bad: Sequence[Message], name: str) -> float:
    """Seconds from when a good record, sent right after bad ones, is stored to when it is on the tallies."""
    data = {"response_id": name, "answers": [{"metric": "nps", "value": 9}], "channel": name}
    good = written(event("cx.survey.answered.v1", data, id=name, time=now(), tenantid="timed"))
    consumer = Consumer(
        {"bootstrap.servers": target.bootstrap, "group.id": name, "enable.auto.commit": False}
    )
    topic = f"{target.prefix}tallies"
    partitions = [TopicPartition(topic, n) for n in range(4)]
    for each in partitions:
        each.offset = consumer.get_watermark_offsets(each)[1]
    consumer.assign(partitions)
    target.send([*bad, Message("surveys", b"k", good, partition=0)])
    stored = time.monotonic()
    try:
        while time.monotonic() < stored + DEADLINE_S:
            record = consumer.poll(1)
            if record is not None and name.encode() in (record.value() or b""):
                return time.monotonic() - stored
    finally:
        consumer.close()
    raise AssertionError(f"{name} did not arrive")


def test_far_times_change_memory_by_nothing(target: Target, figure: Figure) -> None:
    """Two thousand events from the years 1 to 9999, none of this time: rejected, and no pane is made."""
    first = datetime(1, 1, 1, tzinfo=UTC)
    days = [day for day in range(0, 3_652_000, 1_800) if abs(day - 739_942) > 60]
    far = [f"{first + timedelta(days=day):%Y-%m-%dT%H:%M:%SZ}".zfill(20) for day in days]
    target.send([Message("interactions", None, interaction("warm"), partition=1)])
    target.wait_until_taken()
    before, known = target.memory_mib(), len(target.rejected("interactions"))
    target.send(
        [
            Message("interactions", None, interaction(f"far-{n}", time=text), partition=n % 4)
            for n, text in enumerate(far)
        ]
    )
    target.wait_until_taken()
    growth = target.memory_mib() - before
    reasons = Counter(each.headers["reason"] for each in target.rejected("interactions"))
    figure(f"{len(far)} events of other centuries: memory {growth:+.1f} MiB")

    assert len(target.rejected("interactions")) - known == len(far)
    assert reasons[b"future"] + reasons[b"too_late"] >= len(far)
    assert growth < 8


def spoiled(**data: Any) -> bytes:
    """A good event but for these fields of `data`."""
    return written(event("cx.interaction.v1", data, time=now()))


def raw(text: str, specversion: str = "1.0") -> bytes:
    """A good event with a piece of JSON put in front of its fields."""
    return interaction("raw", specversion=specversion).replace(b"{", b"{" + text.encode() + b",", 1)


def answer(number: bytes) -> bytes:
    """A good answer but for its value."""
    return written(event("cx.survey.answered.v1", time=now())).replace(b": 9}", b": " + number + b"}")


HOSTILE: dict[str, tuple[bytes | None, str]] = {
    "a tombstone": (None, "malformed"),
    "nothing": (b"", "malformed"),
    "a depth bomb": (b"[" * 30_000 + b"]" * 30_000, "malformed"),
    "an open depth bomb": (b'{"a":' * 12_000, "malformed"),
    "objects one too deep": (raw('"x":' + '{"x":' * MAX_DEPTH + "1" + "}" * MAX_DEPTH), "malformed"),
    "a depth bomb in data": (interaction("d").replace(b'"web"', b"[" * 20_000 + b"]" * 20_000), "malformed"),
    "a huge integer": (answer(b"9" * 60_000), "off_scale"),
    "a huge exponent": (answer(b"9e999999999"), "bad_type"),
    "NaN": (answer(b"NaN"), "malformed"),
    "Infinity": (raw('"x": -Infinity'), "malformed"),
    "a lone surrogate": (raw('"x": "\\ud800"'), "malformed"),
    "a surrogate in UTF-8": (interaction("s").replace(b"web", b"\xed\xa0\x80"), "malformed"),
    "a NUL in a label": (interaction("n").replace(b'"web"', b'"we\\u0000b"'), "bad_label"),
    "a line break in a label": (interaction("l").replace(b'"web"', b'"web\\n"'), "bad_label"),
    "markup in a label": (spoiled(channel="<script>alert(1)</script>"), "bad_label"),
    "a label of 60 kB": (spoiled(channel="w" * 60_000), "bad_label"),
    "a label of 1 MB": (spoiled(channel="w" * 1_000_000), "too_big"),
    "a segment of 1 MB": (spoiled(segments={"plan": "w" * 1_000_000}), "too_big"),
    "thousands of keys": (raw(",".join(f'"k{n}":{n}' for n in range(4_500)), "0.3"), "not_cloudevents"),
    "a key twice": (raw('"specversion": "1.0"', "0.3"), "not_cloudevents"),
    "UTF-16": (interaction("u").decode().encode("utf-16"), "malformed"),
    "a byte order mark": (b"\xef\xbb\xbf" + interaction("b"), "malformed"),
}  # fmt: skip


def test_each_kind_of_hostile_value_gets_its_reason(target: Target, figure: Figure) -> None:
    """And stands in `rejected` with its bytes, while a good event behind each of them counts."""
    messages = []
    for name, (value, _) in HOSTILE.items():
        topic = "surveys" if value and b"survey.answered" in value else "interactions"
        messages += [
            Message(topic, name.encode(), value, partition=2),
            Message("interactions", b"good", interaction(f"after {name}", tenantid="after"), partition=2),
        ]
    target.send(messages)
    target.wait_until_taken()
    found = {
        each.key.decode(): (each.value, each.headers["reason"].decode())
        for each in target.rejected("interactions") + target.rejected("surveys")
        if each.key is not None and each.key.decode() in HOSTILE
    }
    cut = {name: (value and value[:65_536], reason) for name, (value, reason) in HOSTILE.items()}
    target.wait_until_counted("after", len(HOSTILE))
    figure(f"{len(found)} kinds of hostile values, {len(HOSTILE)} good events between them counted")

    assert {name: why for name, (_, why) in cut.items()} == {name: why for name, (_, why) in found.items()}
    assert cut == found


def test_of_a_key_given_twice_the_last_one_counts(target: Target) -> None:
    """As in every JSON parser, so that nobody smuggles another event past a check."""
    twice = raw('"tenantid":"victim"').replace(b'"acme"', b'"twice"')
    nine = [interaction(f"t-{n}", tenantid="twice") for n in range(9)]
    target.send([Message("interactions", None, value, partition=3) for value in [twice, *nine]])
    target.wait_until_counted("twice", 10)

    assert "victim" not in target.worker.get("/metrics")


def test_hostile_keys_and_headers_hold_nobody_up(target: Target, figure: Figure) -> None:
    """As large as a record may be, by the thousand, or without a value: rejected, what is too long cut."""
    hostile: list[tuple[bytes | None, tuple[tuple[str, Any], ...]]] = [
        (b"k" * 1_048_450, ()),
        (b"ce", (("ce_specversion", b"1.0"), ("ce_x", b"h" * 1_048_400))),
        (b"many", tuple((f"ce_{n}", b"x") for n in range(20_000))),
        (b"nulls", (("ce_specversion", None), ("content-type", None), ("ce_id", None))),
        (b"bytes", (("ce_specversion", b"\xff"), ("ce_type", b"\xff\xfe"))),
    ]
    before = len(target.rejected("interactions"))
    target.send(
        [Message("interactions", key, b"{", headers, partition=1) for key, headers in hostile]
        + [Message("interactions", None, interaction("after headers"), partition=1)]
    )
    target.wait_until_taken()
    found = target.rejected("interactions")[before:]
    figure(f"{len(hostile)} records with keys and headers of up to 1 MiB: {len(found)} in rejected")

    assert {(key or b"")[:65_536] for key, _ in hostile} == {each.key for each in found}
    assert {b"k", b"c", b"m"} == {(each.key or b"")[:1] for each in found if "length" in each.headers}


def test_a_flood_of_label_values_ends_in_other(target: Target, figure: Figure) -> None:
    """Two thousand channels: a hundred series for each source partition and merged, the rest in `other`.

    Each channel has as many events as must be shown, and its own partition, as if its customers were few.
    """
    before = target.memory_mib()
    count = 10_000
    target.send(
        [
            Message(
                "interactions",
                None,
                written(
                    event(
                        "cx.interaction.v1",
                        {"interaction_id": f"{n}", "channel": f"c{n // 5}", "valence": "positive"},
                        id=f"flood-{n}",
                        time=now(),
                        tenantid="flood",
                    )
                ),
                partition=n // 5 % 4,
            )
            for n in range(count)
        ]
    )
    target.wait_until_taken()

    target.wait_until_counted("flood", count)
    channels = target.interactions("flood", "channel")
    figure(
        f"{count // 5} channels: {len(channels)} series, {channels['other']} of {count} events in "
        f"other; memory {target.memory_mib() - before:+.1f} MiB"
    )

    assert len(channels) <= 101
    assert channels.total() == count
    assert len(channels) == 101


def _expanding(target: Target, topic: str, mib: int) -> None:
    """Send so many MiB of zeros as one gzip batch. Raises the broker's error."""
    settings = {
        "bootstrap.servers": target.bootstrap,
        "compression.type": "gzip",
        "compression.level": 9,
        "message.max.bytes": 256 * MIB,
        "linger.ms": 200,
        "batch.num.messages": 10_000,
        "batch.size": 128 * MIB,
        "queue.buffering.max.kbytes": 256 * 1024,
    }
    producer = Producer(settings)
    errors: list[Any] = []

    def told(error: Any, _: Any) -> None:
        if error is not None:
            errors.append(error)

    for _ in range(mib):
        producer.produce(f"{target.prefix}{topic}", bytes(MIB - 1_000), b"zeros", 0, told)
    assert producer.flush(60) == 0
    if errors:
        raise KafkaException(errors[0])


def test_a_batch_that_expands_a_thousandfold_is_refused_by_the_broker(target: Target, figure: Figure) -> None:
    """The topics that we make are stored uncompressed, so a broker unpacks a batch before it takes it."""
    with pytest.raises(KafkaException) as caught:
        _expanding(target, "surveys", 48)
    figure(f"48 MiB of zeros in one gzip batch of some 48 kB: {caught.value.args[0].name()}")

    assert caught.value.args[0].name() == "MSG_SIZE_TOO_LARGE"


def test_where_a_topic_lets_such_a_batch_through_the_worker_outlives_it(
    target: Target, figure: Figure
) -> None:
    """It warned of the topic at its start; the batch costs memory for a moment; each record is rejected."""
    assert "relationships: compression.type is producer, should be uncompressed" in target.worker.log
    before, known = target.memory_mib(), len(target.rejected("relationships"))
    _expanding(target, "relationships", 48)
    target.sent += 48
    target.wait_until_taken()
    peak = target.memory_mib("VmHWM")
    figure(f"48 MiB from one batch of some 48 kB: memory {before:.0f} MiB before, at most {peak:.0f} MiB")

    assert len(target.rejected("relationships")) - known == 48
    assert peak < 600


def _bomb(mib: int, records: int) -> bytes:
    """So many records of zeros as one batch of zstd, some 40 bytes for each MiB."""
    packer = cramjam.zstd.Compressor()
    value = bytes(mib * MIB // records)
    for number in range(records):
        packer.compress(record(value, number=number))
    return batch(packed=bytes(packer.finish()), count=records, attributes=ZSTD)


def test_batches_that_expand_without_end_cost_bounded_memory(target: Target, figure: Figure) -> None:
    """Four times what we unpack is not unpacked, but kept as it came; of a row of others one at a time is."""
    known = len(target.rejected("relationships"))
    target.send_as_is("relationships", one := _bomb(256, 1), 1)
    row = _bomb(48, 48)
    for _ in range(6):
        target.send_as_is("relationships", row, 48)
    target.send([Message("relationships", None, b"behind the bombs", partition=0)])
    target.wait_until_taken()
    found = target.rejected("relationships")[known:]
    peak = target.memory_mib("VmHWM")
    figure(
        f"256 MiB in a batch of {len(one) / 1024:.0f} kB, then 6 of 48 MiB in {len(row) / 1024:.0f} kB each: "
        f"memory at most {peak:.0f} MiB"
    )

    assert len(found) == 6 * 48 + 2
    stored = [each.value or b"" for each in found]
    assert [one[17:65_536]] == [value[17:] for value in stored if value[16:17] == b"\2"]
    assert peak < 600


def test_batches_that_no_client_would_send_stop_no_partition(target: Target, figure: Figure) -> None:
    """Whatever the broker takes: read or kept, and a good event behind each of them counts."""
    known = {topic: len(target.rejected(topic)) for topic in ("surveys", "relationships")}
    expected = Counter[bytes]()
    sent = 0
    for unruly in UNRULY.values():
        for topic in ("surveys", "relationships")[not unruly.anywhere :]:
            target.send_as_is(topic, unruly.content, len(unruly.values))
            expected.update(each[:1] for each in unruly.values)
            sent += 1
            good = written(
                event(
                    "cx.purchase.v1" if topic == "relationships" else "cx.survey.declined.v1",
                    id=f"behind-{sent}",
                    time=now(),
                )
            )
            target.send_as_is(topic, batch(record(good, headers=[(b"\xff\xfe", b"1")])), 1)
    target.wait_until_taken()
    found = [each for topic, before in known.items() for each in target.rejected(topic)[before:]]
    figure(f"{sent} batches of {len(UNRULY)} kinds: {len(found)} records rejected, {sent} good ones counted")

    assert expected == Counter((each.value or b"")[:1] for each in found)
    assert {b"malformed"} == {each.headers["reason"] for each in found}


def test_spoiled_events_are_counted_or_rejected(target: Target, figure: Figure) -> None:
    """Three thousand good events of every type, each with some bytes exchanged; none is lost."""
    luck = random.Random(7)
    kinds = sorted(DATA)
    spoiled_ones = []
    for n in range(3_000):
        value = bytearray(written(event(kind := kinds[n % len(kinds)], id=f"fuzz-{n}", time=now())))
        for _ in range(luck.randint(1, 3)):
            at = luck.randrange(len(value))
            value[at : at + luck.randint(0, 6)] = luck.choice(FRAGMENTS)
        spoiled_ones.append(Message(TOPIC_OF[kind], b"fuzz", bytes(value), partition=n % 4))
    before = sum(len(target.rejected(topic)) for topic in TYPES)
    target.send(spoiled_ones)
    target.wait_until_taken()
    rejected = sum(len(target.rejected(topic)) for topic in TYPES) - before
    figure(f"of {len(spoiled_ones)} spoiled events {rejected} are in rejected, the others count")

    assert target.taken() == target.sent
    assert 1_500 < rejected <= 3_000


def test_all_of_it_can_be_read_again(target: Target, figure: Figure) -> None:
    """By a worker that starts anew, by `cx recompute`; by `cx redrive`, with strange records before it."""
    reasons = exposition.counters(
        exposition.parse(target.worker.get("/metrics")), "cx_rejected_total", "reason"
    )
    target.restart()
    nine = [interaction(f"again-{n}", tenantid="again") for n in range(9)]
    target.send([Message("interactions", None, value, partition=0) for value in nine])
    target.wait_until_counted("again", 9)
    again = cx(target.env, "recompute", "--from-topics", "--format", "openmetrics")
    counted = exposition.counters(exposition.parse(again.stdout.decode()), "cx_rejected_total", "reason")
    for name in ("a header whose name is no UTF-8", "attributes that no client sets"):
        target.send_as_is("rejected", UNRULY[name].content, 0)
    redriven = cx(target.env, "redrive", "--dry-run", "--reason", "off_scale")
    figure(f"recompute: {counted.total()} rejected, as the worker: {reasons.total()}")

    assert again.returncode == 1
    assert reasons == counted
    assert b"off_scale: " in redriven.stdout
    assert (0, b"") == (redriven.returncode, redriven.stderr)


def test_the_worker_has_taken_it_all_without_a_complaint(target: Target, figure: Figure) -> None:
    """No traceback, no error, and nothing of the hostile bytes in its log."""
    log = target.worker.log
    figure(f"{target.sent} records in all; the log has {len(log.splitlines())} lines")

    assert "Traceback" not in log
    assert " ERROR stream" not in log
    assert "script" not in log
    assert target.worker.stop() == 0
