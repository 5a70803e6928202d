"""Workers that join while others read: each record adds to one outcome once, whatever rebalances."""

import asyncio
import time
from collections.abc import Callable

import pytest

from stream import topics
from stream.settings import Settings
from tests.support.ports import free_ports
from tests.support.processes import Worker
from tests.support.traffic import produce, read_sources
from tests.support.trouble import KNOWN_TENANTS, Trouble
from tests.support.truth import Truth, assert_scores, scrape, taken, wait_until_taken

SETTINGS = {"CX_WINDOWS": "30d", "CX_TENANTS": KNOWN_TENANTS}
STRETCHES, EVENTS = 4, 3000


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_joining_workers_count_every_record_once(
    cx_env: dict[str, str], start_worker: Callable[[dict[str, str]], Worker]
) -> None:
    """Each joins over records that wait: three rebalances with work under way."""
    env = cx_env | SETTINGS
    bootstrap, prefix = env["CX_BROKER"].removeprefix("kafka://"), env["CX_TOPIC_PREFIX"]
    asyncio.run(topics.ensure(Settings.from_env(env)))
    trouble = Trouble(1, time.time_ns() // 1_000_000)
    workers: list[Worker] = []
    for number in range(STRETCHES):
        produce(bootstrap, prefix, trouble.messages(EVENTS))
        workers.append(start_worker(env | {"CX_METRICS_PORT": str(free_ports(1)[0])}))
        if number == 0:
            workers[0].wait_until_ready()
    for worker in workers:
        worker.wait_until_ready()
    records = read_sources(bootstrap, prefix)
    wait_until_taken(workers, len(records))
    truth = Truth.of(records, env)
    assert_scores(workers, truth.cells(now_ms=time.time_ns() // 1_000_000))
    expected, found = truth.recount.records, taken(scrape(workers))
    assert (expected - found, found - expected) == ({}, {}), "missing and too many"
