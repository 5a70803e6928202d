"""Known secrets go in; they come out nowhere but where they must be: among the bytes of rejected records.

A comment, a customer, a response, an invitation, a journey, a password, an e-mail address and what stands in
unknown fields, each told by a word that occurs nowhere else; in good events, edits and retractions, and in
events that are rejected for each of several reasons. The worker logs all it can (DEBUG), and keeps its
entities on a disk.

Seen to fail for each place: with a secret put into a log line, a label, a counter, the key of a tally, the
state, an error, the detail of a rejection, a file, and a password into the settings' text.
"""

import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition

from stream.client import InvalidEvent, Publisher
from stream.settings import Settings
from tests.support.events import event, written
from tests.support.own import own_service
from tests.support.processes import Worker
from tests.support.secure_kafka import SCRAM_PASSWORD, USER, SecureBroker
from tests.support.stories import Message
from tests.support.traffic import produce
from tests.support.truth import wait_until_taken
from tests.support.wait import eventually

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

CUSTOMER, RESPONSE, INVITATION = "canary-customer-7f", "canary-response-7f", "canary-invitation-7f"
COMMENT, UNKNOWN, EMAIL = "canary comment 7f", "canary-unknown-7f", "canary.mail.7f@example.org"
IDENTITY, SOURCE, JOURNEY = "canary-id-7f", "/canary-source-7f", "canary-journey-7f"
LABEL = "canary label 7f"
CANARIES = (CUSTOMER, RESPONSE, INVITATION, COMMENT, UNKNOWN, EMAIL, IDENTITY, SOURCE, JOURNEY, LABEL)
ALL = (*CANARIES, SCRAM_PASSWORD, "canary")


@pytest.fixture
def env(secure: SecureBroker, tmp_path: Path) -> dict[str, str]:
    """Settings with a password, and with a secret key of hashes."""
    key = tmp_path / "hash.key"
    key.write_text("a key of this test", encoding="utf-8")
    return own_service(secure.sasl, tmp_path) | {
        "CX_LOG_LEVEL": "DEBUG",
        "CX_HASH_KEY_FILE": str(key),
        "CX_MIN_PRIVACY": "0",
        "CX_STORE": "rocksdb",
        "CX_BROKER_CA_FILE": str(secure.authority.file),
        "CX_BROKER_USERNAME": USER,
        "CX_BROKER_PASSWORD": SCRAM_PASSWORD,
        "CX_BROKER_MECHANISM": "SCRAM-SHA-512",
    }


def survey(kind: str, number: int, **data: Any) -> dict[str, Any]:
    """An event full of canaries."""
    return event(
        f"cx.survey.{kind}.v1",
        {"secret": UNKNOWN, **data},
        id=f"{IDENTITY}-{kind}-{number}",
        source=SOURCE,
        subject=CUSTOMER,
        time=datetime.now(UTC).isoformat(),
        extension=UNKNOWN,
    )


def good() -> list[dict[str, Any]]:
    """Sent, answered, edited, retracted, and answered once more to what was retracted."""
    answer = {
        "response_id": RESPONSE,
        "invitation_id": INVITATION,
        "comment": COMMENT,
        "channel": "web",
        "journey_id": JOURNEY,
        "segments": {"unused": UNKNOWN},
    }
    other = {**answer, "response_id": f"{RESPONSE}-2", "level": "journey"}
    return [
        survey("sent", 1, invitation_id=INVITATION, journey_id=JOURNEY),
        survey("answered", 1, **answer),
        survey("answered", 2, **answer, revision=2),
        survey("answered", 3, **other),
        survey("retracted", 1, response_id=RESPONSE),
        survey("answered", 4, **answer, revision=3),
    ]


def bad() -> list[dict[str, Any]]:
    """Events that are rejected, for reasons that quote other programs' words."""
    answers = [{"metric": "nps", "value": 9}]
    return [
        survey("answered", 10, response_id=RESPONSE, comment=COMMENT, answers=answers, channel=LABEL),
        survey("answered", 11, response_id=RESPONSE, answers=[{"metric": LABEL, "value": 9}]),
        survey("answered", 12, response_id=RESPONSE, answers=[{"metric": "nps", "value": COMMENT}]),
        survey("answered", 13, response_id=RESPONSE, answers=answers, level=LABEL),
        survey("answered", 14, response_id=RESPONSE, answers=answers) | {"subject": EMAIL},
        survey("answered", 15, response_id=RESPONSE, answers=answers) | {"time": COMMENT},
        survey("answered", 16, response_id=RESPONSE, answers=answers) | {"type": LABEL},
        survey("answered", 17, response_id=RESPONSE, answers=answers) | {"specversion": LABEL},
        survey("answered", 18, response_id=RESPONSE, answers=answers) | {"tenantid": LABEL},
        survey("answered", 19, response_id=RESPONSE, answers=answers, segments={LABEL: COMMENT}),
    ]


def test_no_secret_comes_out(
    env: dict[str, str],
    start_worker: Callable[[dict[str, str]], Worker],
    figure: Callable[[str], None],
    secure: SecureBroker,
) -> None:
    """In no page, log line, tally, stored state, score, alert, error, or header of a rejected record."""
    settings = Settings.from_env(env)
    worker = start_worker(env)
    worker.wait_until_ready()
    shown = {"repr(settings)": repr(settings)}
    with Publisher(settings) as publisher:
        for each in good():
            publisher.publish(each)
        for number, each in enumerate(bad()):
            with pytest.raises(InvalidEvent) as caught:
                publisher.publish(each)
            shown[f"error {number}"] = str(caught.value)
    rejected = [written(each) for each in bad()] + [b"{" + COMMENT.encode()]
    sent = [Message("surveys", CUSTOMER.encode(), value, (("ce_secret", b"canary"),)) for value in rejected]
    produce(secure.broker.bootstrap, env["CX_TOPIC_PREFIX"], sent)
    wait_until_taken([worker], len(good()) + len(bad()) + 1)
    eventually(lambda: _read(secure, settings.topic("scores")), 30, "scores are published")
    shown |= _pages(worker) | _files(Path(env["CX_DATADIR"]))
    assert worker.stop() == 0
    shown["log"] = worker.log
    topics, kept = _topics(secure, env)

    found = [
        f"{word!r} in {place}"
        for place, text in {**shown, **topics}.items()
        for word in ALL
        if word.lower() in text.lower()
    ]
    figure(
        f"{len(ALL)} canaries in {len(good())} good and {len(rejected)} rejected events, looked for in "
        f"{len(shown)} texts and {len(topics)} topics, {sum(map(len, [*shown.values(), *topics.values()]))} "
        f"characters; found {len(found)}"
    )
    assert [] == found
    assert sorted(rejected) == sorted(kept), "where they must be, byte for byte"
    assert len(topics) == 8
    assert "cx_nps_score{" in shown["/metrics"], "the good events came through"


def _pages(worker: Worker) -> dict[str, str]:
    """Every page, in each format."""
    pages = {path: worker.get(path) for path in ("/metrics", "/", "/healthz", "/readyz", "/api/scores")}
    request = urllib.request.Request(
        f"http://127.0.0.1:{worker.port}/metrics", headers={"Accept": "application/openmetrics-text"}
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        pages["OpenMetrics"] = answer.read().decode()
    return pages


def _files(folder: Path) -> dict[str, str]:
    """All that a worker has on its disk."""
    files = {str(each): repr(each.read_bytes()) for each in folder.rglob("*") if each.is_file()}
    assert any("entities" in name for name in files), "there is a database"
    return files


def _topics(secure: SecureBroker, env: dict[str, str]) -> tuple[dict[str, str], list[bytes]]:
    """All that stands in each topic but the sources, as text; of rejected records without their bytes."""
    prefix, app_id = env["CX_TOPIC_PREFIX"], env["CX_APP_ID"]
    names = [f"{prefix}{name}" for name in ("tallies", "scores", "alerts")]
    names += [f"{app_id}-intake-{name}" for name in ("surveys", "interactions", "relationships")]
    names.append(f"{app_id}-scores-state")
    found = {name: repr(_read(secure, name)) for name in names}
    rejected = _read(secure, f"{prefix}rejected")
    # A rejected record keeps its bytes: value, key, and its own ce_ headers.
    found["rejected"] = repr(
        [each for _, _, headers in rejected for each in headers if each[0] != "ce_secret"]
    )
    empty = {name.partition(".")[2] for name, text in found.items() if text == "[]"}
    assert empty <= {"alerts"}, "what is looked through is there"
    return found, [value for _, value, _ in rejected]


def _read(secure: SecureBroker, topic: str) -> list[tuple[bytes, bytes, list[tuple[str, bytes]]]]:
    """Key, value and headers of all records of a topic."""
    consumer = Consumer({"bootstrap.servers": secure.broker.bootstrap, "group.id": topic})
    found: list[Any] = []
    try:
        for number in range(4):
            end = consumer.get_watermark_offsets(TopicPartition(topic, number))[1]
            consumer.assign([TopicPartition(topic, number, 0)])
            at = 0
            while at < end and (record := consumer.poll(10)) is not None:
                at = (record.offset() or 0) + 1
                found.append((record.key(), record.value(), record.headers() or []))
    finally:
        consumer.close()
    return found
