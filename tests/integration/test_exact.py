"""Every exported cell of two workers against the oracle, on real Kafka, with every kind of trouble."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from stream import topics
from stream.settings import Settings
from tests.support import exposition
from tests.support.configured import configured
from tests.support.ports import free_ports
from tests.support.processes import Worker
from tests.support.recount.model import Cell, Record
from tests.support.traffic import produce, read, read_sources
from tests.support.trouble import KNOWN_TENANTS, REJECTIONS, Trouble
from tests.support.truth import Truth, assert_scores, scrape, wait_until_taken

EVENTS = 20_000
SEED = int(os.environ.get("CX_TEST_SEED", "20260504"))
SETTINGS = {
    "CX_WINDOWS": "5m,1h,30d",
    "CX_TENANTS": KNOWN_TENANTS,
    "CX_DEDUP_RECORDS": "700",
    "CX_VIEWS": "total,channel,touchpoint,channel+touchpoint,plan,channel+plan,plan+region",
}
CUT = 64 * 1024
Counted = Counter[tuple[str, ...]]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]


class Run(NamedTuple):
    """Two workers that have taken a stream, and what the oracle says about it."""

    env: dict[str, str]
    workers: list[Worker]
    records: list[Record]
    truth: Truth

    def rejected(self) -> list[Record]:
        """The records of `cx.rejected`."""
        return read(self.env["CX_BROKER"].removeprefix("kafka://"), f"{self.env['CX_TOPIC_PREFIX']}rejected")


@pytest.fixture
def run(cx_env: dict[str, str], start_worker: Callable[[dict[str, str]], Worker], tmp_path: Path) -> Run:
    """Half of the stream waits for the workers, the other half comes while they run."""
    env = cx_env | SETTINGS | {"CX_CONFIG": configured(tmp_path)}
    bootstrap, prefix = env["CX_BROKER"].removeprefix("kafka://"), env["CX_TOPIC_PREFIX"]
    asyncio.run(topics.ensure(Settings.from_env(env)))
    messages = Trouble(SEED, now_ms=time.time_ns() // 1_000_000).messages(EVENTS)
    produce(bootstrap, prefix, messages[: EVENTS // 2])
    ports = map(str, free_ports(2))
    workers = [start_worker(env | {"CX_METRICS_PORT": port}) for port in ports]
    for worker in workers:
        worker.wait_until_ready()
    produce(bootstrap, prefix, messages[EVENTS // 2 :])
    records = read_sources(bootstrap, prefix)
    wait_until_taken(workers, len(records))
    return Run(env, workers, records, Truth.of(records, env))


def test_two_workers_export_exactly_what_the_oracle_counts(run: Run) -> None:
    """Every score and count of the 30 d window; outcomes, reasons, corrections; what was rejected."""
    now_ms = time.time_ns() // 1_000_000
    assert EVENTS == len(run.records)
    assert_scores(run.workers, run.truth.cells(["30d"], now_ms), ["30d"])

    pages, expected = scrape(run.workers), run.truth.recount
    assert all(exposition.scores(page) for page in pages), "one of the workers exports nothing"
    assert set(REJECTIONS) == {reason for _, reason in expected.rejected}
    counters: dict[str, tuple[tuple[str, ...], Counted]] = {
        "cx_records_total": (("topic", "outcome"), expected.records),
        "cx_rejected_total": (("topic", "reason"), expected.rejected),
        "cx_corrections_total": (("kind",), _by_kind(expected.corrections)),
        "cx_misplaced_records_total": (("topic",), _by_kind(expected.misplaced)),
    }
    wrong = {
        name: (counted - found, found - counted)
        for name, (labels, counted) in counters.items()
        if (found := _sum(pages, name, *labels)) != counted
    }
    assert {} == wrong, "missing and too many, by counter"
    counted = sum(n for (_, outcome), n in expected.records.items() if outcome == "counted")
    assert counted == sum(page["cx_event_age_seconds_count", ()] for page in pages)
    assert {1.0} == {page["cx_state_ready", ()] for page in pages}
    _assert_rejected(run)


def _by_kind(counted: Counter[str]) -> Counted:
    return Counter({(kind,): n for kind, n in counted.items() if n})


def _sum(pages: list[dict[Cell, float]], name: str, *labels: str) -> Counted:
    return sum((exposition.counters(page, name, *labels) for page in pages), Counter())


def _assert_rejected(run: Run) -> None:
    """Each rejected record once or more in `cx.rejected`, as received, with its place and the reason."""
    prefix, given = run.env["CX_TOPIC_PREFIX"], {(r.topic, r.partition, r.offset): r for r in run.records}
    found = {}
    for record in run.rejected():
        headers = dict(record.headers)
        topic = headers["topic"].decode().removeprefix(prefix)
        place = (topic, int(headers["partition"]), int(headers["offset"]))
        found[place] = headers["reason"].decode()
        original = given[place]
        assert original.key == record.key
        assert original.timestamp_ms == int(headers["timestamp"])
        assert (None if original.value is None else original.value[:CUT]) == record.value
        if original.value is not None and len(original.value) > CUT:
            assert len(original.value) == int(headers["length"])
        assert 0 < len(headers["detail"]) <= 200
    assert run.truth.recount.rejections == found
