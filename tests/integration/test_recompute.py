"""`cx recompute` and the stream: the same figures to the last digit, from the topics and from a file."""

import asyncio
import re
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from stream import topics
from stream.settings import Settings
from tests.support import exposition
from tests.support.ports import free_ports
from tests.support.processes import CX, Worker, environment
from tests.support.spoiled import rfc3339
from tests.support.traffic import produce, read_sources
from tests.support.trouble import KNOWN_TENANTS, Trouble
from tests.support.truth import Truth, assert_scores, taken, wait_until_taken
from tests.support.wait import eventually

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
SETTINGS = {
    "CX_WINDOWS": "5m,1h,30d",
    "CX_TENANTS": KNOWN_TENANTS,
    "CX_DEDUP_RECORDS": "400",
    "CX_VIEWS": "total,channel,channel+touchpoint,plan+region",
}
SCORE = re.compile(r"(?:" + "|".join(exposition.SCORED) + r")(?:_lower|_upper)?\{")
StartWorker = Callable[[dict[str, str]], Worker]


def cx(env: dict[str, str], *arguments: str, status: int = 0) -> str:
    """What a command prints."""
    command = [*CX, *arguments]
    done = subprocess.run(
        command, env=environment(env), capture_output=True, text=True, check=False, timeout=120
    )
    assert status == done.returncode, done.stderr
    return done.stdout


def score_lines(page: str, window: str = "") -> list[str]:
    """The samples of scores and counts as they are written, of one window or all."""
    return [line for line in page.splitlines() if SCORE.match(line) and f'window="{window}' in line]


def page_of(worker: Worker) -> str:
    """The worker's metrics in OpenMetrics text."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{worker.port}/metrics", headers={"Accept": OPENMETRICS}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.read().decode())


def assert_same_lines(worker: Worker, recomputed: list[str], window: str = "") -> None:
    """The worker comes to write exactly these lines."""
    assert len(recomputed) > 500

    def same() -> bool:
        assert recomputed == score_lines(page_of(worker), window)
        return True

    eventually(same, 30, "worker and recompute write the same lines")


def started(env: dict[str, str], start_worker: StartWorker, count: int) -> Worker:
    """A worker that has taken a stream of trouble."""
    bootstrap, prefix = env["CX_BROKER"].removeprefix("kafka://"), env["CX_TOPIC_PREFIX"]
    asyncio.run(topics.ensure(Settings.from_env(env)))
    produce(bootstrap, prefix, Trouble(5, time.time_ns() // 1_000_000).messages(count))
    worker = start_worker(env | {"CX_METRICS_PORT": str(free_ports(1)[0])})
    worker.wait_until_ready()
    wait_until_taken([worker], count)
    return worker


@pytest.mark.slow
def test_the_topics_recomputed_are_the_workers_page(
    cx_env: dict[str, str], start_worker: StartWorker
) -> None:
    """By the event clock, line by line; and the counters. Exit status 1 tells of rejected records."""
    env = cx_env | SETTINGS | {"CX_CLOCK": "event"}
    worker = started(env, start_worker, 5000)
    page = cx(env, "recompute", "--from-topics", "--format", "openmetrics", status=1)
    assert_same_lines(worker, score_lines(page))
    assert page.endswith("# EOF\n")
    recomputed, live = exposition.parse_openmetrics(page), exposition.parse(worker.get("/metrics"))
    assert taken([recomputed]) == taken([live])
    for name, *labels in (
        ("cx_rejected_total", "topic", "reason"),
        ("cx_corrections_total", "kind"),
        ("cx_misplaced_records_total", "topic"),
    ):
        assert exposition.counters(recomputed, name, *labels) == exposition.counters(live, name, *labels)


@pytest.mark.slow
def test_windows_end_where_recompute_is_told_to_end_them(
    cx_env: dict[str, str], start_worker: StartWorker
) -> None:
    """By the wall clock: now, as the worker and the oracle; in two days, as the oracle."""
    env = cx_env | SETTINGS
    worker = started(env, start_worker, 3000)
    records = read_sources(env["CX_BROKER"].removeprefix("kafka://"), env["CX_TOPIC_PREFIX"])
    assert_scores([worker], Truth.of(records, env).cells(["30d"], time.time_ns() // 1_000_000), ["30d"])
    page = cx(env, "recompute", "--from-topics", "--format", "openmetrics", status=1)
    assert_same_lines(worker, score_lines(page, "30d"), "30d")

    now_ms = time.time_ns() // 1_000_000
    for at_ms in (now_ms, now_ms + 2 * 86_400_000):
        page = cx(
            env, "recompute", "--from-topics", "--format", "openmetrics", "--at", rfc3339(at_ms), status=1
        )
        expected = Truth.of(records, env).cells(None, at_ms)
        assert [] == exposition.differences(expected, exposition.scores(exposition.parse_openmetrics(page)))


@pytest.mark.slow
def test_a_file_recomputed_is_the_page_of_a_worker_that_it_was_published_to(
    cx_env: dict[str, str], start_worker: StartWorker, tmp_path: Path
) -> None:
    """`cx simulate`, `cx publish`, `cx worker` and `cx recompute`, in the hands of a user."""
    env = cx_env | SETTINGS | {"CX_CLOCK": "event"}
    file = tmp_path / "events.ndjson"
    file.write_text(
        cx(env, "simulate", "--start", "-3h", "--duration", "2h", "--rate", "1"), encoding="utf-8"
    )
    count = len(file.read_text(encoding="utf-8").splitlines())
    cx(env, "topics", "create")
    cx(env, "publish", str(file))
    worker = start_worker(env)
    worker.wait_until_ready()
    wait_until_taken([worker], count)
    page = cx(env, "recompute", str(file), "--format", "openmetrics")
    assert_same_lines(worker, score_lines(page))
    assert {"surveys", "interactions", "relationships"} == {
        topic for topic, _ in taken([exposition.parse_openmetrics(page)])
    }
