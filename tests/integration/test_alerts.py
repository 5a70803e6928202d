"""Drops on a real Kafka: raised once and cleared, whatever dies, and what the topic of tallies says."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stream import topics
from stream.settings import Settings
from tests.support.drops import Traffic, alerts, replayed, watching
from tests.support.ports import free_ports
from tests.support.processes import Worker
from tests.support.truth import wait_until_taken
from tests.support.wait import eventually

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

_DEADLINE_S = 60
StartWorker = Callable[[dict[str, str]], Worker]


@pytest.fixture
def watched(cx_env: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """A service that watches the NPS; its topics are there."""
    settings = watching(cx_env, tmp_path)
    asyncio.run(topics.ensure(Settings.from_env(settings)))
    return settings


def distinct(events: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """By type and id; one that was sent again says the same."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for each in events:
        assert each == found.setdefault((each["type"], each["id"]), each)
    return found


def test_a_kill_in_mid_drop_loses_no_evidence_and_raises_nothing_twice(
    watched: dict[str, str], start_worker: StartWorker
) -> None:
    """The next worker tells what an uninterrupted one would have: the same events, under the same ids."""
    traffic = Traffic(watched, "channel-drop")
    first = start_worker(watched)
    first.wait_until_ready()
    early = traffic.publish(hours=2.1)
    wait_until_taken([first], early)
    assert [] == alerts(watched)
    traffic.publish(hours=3)
    first.kill()

    second = start_worker(watched | {"CX_METRICS_PORT": str(free_ports(1)[0])})
    traffic.publish(hours=5.5)
    eventually(lambda: len(distinct(alerts(watched))) >= 2, _DEADLINE_S, "the alarm is cleared")
    second.stop()
    told = distinct(alerts(watched))
    assert [
        ("cx.alert.raised.v1", "acme|interaction|total||||nps|1"),
        ("cx.alert.cleared.v1", "acme|interaction|total||||nps|1"),
    ] == list(told)
    assert distinct(replayed(watched)) == told
    data = next(iter(told.values()))["data"]
    first_part = data["contributions"][0]
    assert ("channel", "app", "rate") == (first_part["view"], first_part["value"], first_part["part"])
