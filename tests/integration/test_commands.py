"""Commands on a real Kafka: topics, publish, redrive."""

import subprocess
from pathlib import Path

import pytest
from kafka import KafkaProducer

from stream.settings import Settings
from tests.support.events import event, written
from tests.support.processes import CX, REPOSITORY, environment
from tests.support.records import records


def _cx(env: dict[str, str], *args: str, text: bytes = b"") -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*CX, *args], input=text, capture_output=True, check=False, env=environment(env), cwd=REPOSITORY
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def test_topics_are_made_once_and_differences_are_told(cx_env: dict[str, str]) -> None:
    """`create` leaves what is there; another number of partitions ends with 1."""
    prefix = cx_env["CX_TOPIC_PREFIX"]
    assert _cx(cx_env, "topics", "check").returncode == 1

    made = _cx(cx_env, "topics", "create")
    assert (0, "") == (made.returncode, made.stderr)
    assert f"made {prefix}surveys\n" in made.stdout

    again = _cx(cx_env, "topics", "create")
    assert (0, "every topic is there\n", "") == (again.returncode, again.stdout, again.stderr)
    assert _cx(cx_env, "topics", "check").returncode == 0

    other = _cx(cx_env | {"CX_PARTITIONS": "3"}, "topics", "create")
    assert other.returncode == 1
    assert f"{prefix}surveys: partitions is 4, should be 3\n" in other.stderr


def test_publish_sends_the_valid_lines_and_names_the_others(cx_env: dict[str, str], tmp_path: Path) -> None:
    """From a file or stdin; status 1 when a line was wrong, 2 when no broker or topic is there."""
    good = written(event("cx.interaction.v1"))
    path = tmp_path / "events.ndjson"
    path.write_bytes(good + b"\nnonsense\n" + good)

    assert _cx(cx_env, "publish", str(path)).returncode == 2
    _cx(cx_env, "topics", "create")
    some = _cx(cx_env, "publish", str(path))
    every = _cx(cx_env, "publish", "-", text=good)

    assert (1, True) == (some.returncode, f"{path}:2: malformed" in some.stderr)
    assert some.stderr.endswith("2 sent, 1 wrong (1 malformed)\n")
    assert (0, "1 sent, 0 wrong\n") == (every.returncode, every.stderr)
    settings = Settings.from_env(cx_env)
    assert [good] * 3 == [each.value for each in records(settings.bootstrap, settings.topic("interactions"))]


@pytest.fixture
def rejected(cx_env: dict[str, str]) -> dict[str, str]:
    """Settings of a service with six rejected records: two kept twice or cut, one of another topic."""
    _cx(cx_env, "topics", "create")
    settings = Settings.from_env(cx_env)
    producer = KafkaProducer(bootstrap_servers=settings.bootstrap)
    surveys = settings.topic("surveys")
    for reason, topic, offset, further in (
        ("bad_label", surveys, 0, []),
        ("future", surveys, 1, [("ce_id", b"1")]),
        ("too_big", surveys, 2, [("length", b"99999")]),
        ("bad_label", surveys, 0, []),
        ("bad_label", "elsewhere", 0, []),
        ("bad_label", surveys, 3, []),
    ):
        headers = [
            ("reason", reason),
            ("detail", "x"),
            ("topic", topic),
            ("partition", "1"),
            ("offset", str(offset)),
        ]
        producer.send(
            settings.topic("rejected"),
            key=b"acme:c-1",
            value=b"%s %d" % (reason.encode(), offset),
            headers=[(name, text.encode()) for name, text in headers] + further,
        )
    producer.flush()
    producer.close()
    return cx_env


def _redriven(env: dict[str, str]) -> list[tuple[bytes, bytes, list[tuple[str, bytes]]]]:
    settings = Settings.from_env(env)
    return [
        (each.key, each.value, each.headers)
        for each in records(settings.bootstrap, settings.topic("surveys"))
    ]


def test_redrive_sends_each_record_of_a_reason_back_once(rejected: dict[str, str]) -> None:
    """With its key and its own headers; a second run finds nothing; the other reasons are left for later."""
    assert "2 would be sent\n" in _cx(rejected, "redrive", "--reason", "bad_label", "--dry-run").stdout
    assert [] == _redriven(rejected)

    first = _cx(rejected, "redrive", "--reason", "bad_label")
    assert (1, "bad_label: 2\n2 sent\n") == (first.returncode, first.stdout)
    assert "1 not sent: not from a topic of CX_TOPIC_PREFIX\n" in first.stderr
    assert [(b"acme:c-1", b"bad_label 0", []), (b"acme:c-1", b"bad_label 3", [])] == _redriven(rejected)

    second = _cx(rejected, "redrive", "--reason", "bad_label")
    assert (0, "0 sent\n") == (second.returncode, second.stdout)

    rest = _cx(rejected, "redrive")
    assert (1, "future: 1\n1 sent\n") == (rest.returncode, rest.stdout)
    assert "1 not sent: only their beginning was kept\n" in rest.stderr
    assert (b"acme:c-1", b"future 1", [("ce_id", b"1")]) == _redriven(rejected)[-1]


def test_redrive_again_sends_what_was_sent_before(rejected: dict[str, str]) -> None:
    """And forgets nothing about the other reasons."""
    _cx(rejected, "redrive")

    assert _cx(rejected, "redrive", "--reason", "future", "--again").stdout == "future: 1\n1 sent\n"
    assert _cx(rejected, "redrive").stdout == "0 sent\n"


def test_redrive_without_the_topic_is_told(cx_env: dict[str, str]) -> None:
    """Status 2."""
    done = _cx(cx_env, "redrive")

    assert (2, True) == (done.returncode, "cx topics create" in done.stderr)


def test_an_unknown_reason_is_a_usage_error(cx_env: dict[str, str]) -> None:
    """The known ones are listed."""
    done = _cx(cx_env, "redrive", "--reason", "nonsense")

    assert (2, True) == (done.returncode, "off_scale" in done.stderr)
