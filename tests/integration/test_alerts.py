"""Drops on a real Kafka: raised once and cleared, whatever dies, and what the topic of tallies says."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stream import topics
from stream.settings import Settings
from stream.simulate import Plan
from tests.support.drops import HOUR_MS, Traffic, alerts, plan, replayed, watching
from tests.support.monitoring import Alertmanager, Prometheus, Webhook
from tests.support.ports import free_ports
from tests.support.processes import Worker
from tests.support.truth import wait_until_taken
from tests.support.wait import eventually

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

_DEADLINE_S = 60
_AT_ONCE = {
    "scrape_interval: 10s": "scrape_interval: 1s",
    "evaluation_interval: 10s": "evaluation_interval: 1s",
}
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


@pytest.mark.parametrize("how", ["killed", "handed over"])
def test_a_worker_that_goes_in_mid_drop_loses_no_evidence_and_raises_nothing_twice(
    watched: dict[str, str], start_worker: StartWorker, how: str
) -> None:
    """The next worker tells what an uninterrupted one would have: the same events, under the same ids."""
    traffic = Traffic(watched, plan("channel-drop"))
    first = start_worker(watched)
    first.wait_until_ready()
    early = traffic.publish(hours=2.1)
    wait_until_taken([first], early)
    assert [] == alerts(watched)
    later = watched | {"CX_METRICS_PORT": str(free_ports(1)[0])}
    if how == "killed":
        traffic.publish(hours=3)
        first.kill()
        second = start_worker(later)
    else:
        second = start_worker(later)
        traffic.publish(hours=3)
        first.stop()
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


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    """Who is told what cannot wait."""
    made = Webhook()
    yield made
    made.close()


@contextlib.contextmanager
def monitored(
    folder: Path, worker: Worker, webhook: Webhook, changed: dict[str, str]
) -> Iterator[Prometheus]:
    """A Prometheus and an Alertmanager as they are shipped, only quicker, and with somebody to tell."""
    receiver = f"- name: now\n    webhook_configs: [{{url: '{webhook.url}', send_resolved: true}}]"
    alertmanager = Alertmanager(
        folder / "alertmanager",
        {"- name: now": receiver, "group_wait: 10s": "group_wait: 1s", "interval: 5m": "interval: 1s"},
    )
    with alertmanager.process:
        prometheus = Prometheus(
            folder / "prometheus",
            workers=[f"127.0.0.1:{worker.port}"],
            alertmanagers=[alertmanager.address],
            changed=_AT_ONCE | changed,
        )
        with prometheus.process:
            yield prometheus


@pytest.mark.parametrize(
    ("scenario", "cause"),
    [
        ("channel-drop", "channel app, its own score"),
        ("mix-shift", "channel phone, its share of the answers"),
    ],
)
def test_whoever_is_on_call_is_told_once_where_it_comes_from_and_when_it_is_over(
    watched: dict[str, str],
    start_worker: StartWorker,
    webhook: Webhook,
    tmp_path: Path,
    scenario: str,
    cause: str,
) -> None:
    """The whole way: events, Kafka, worker, Prometheus, Alertmanager, webhook."""
    traffic, worker = Traffic(watched, plan(scenario)), start_worker(watched)
    worker.wait_until_ready()
    with monitored(tmp_path, worker, webhook, {"keep_firing_for: 15m": "keep_firing_for: 3s"}):
        traffic.publish(hours=2)
        wait_until_taken([worker], traffic.published)
        assert [] == webhook.told
        traffic.publish(hours=3.5)
        eventually(lambda: webhook.alerts("CxScoreDropped", "firing"), _DEADLINE_S, "the drop is told")
        traffic.publish(hours=5.5)
        eventually(lambda: webhook.alerts("CxScoreDropped", "resolved"), _DEADLINE_S, "the end is told")
    first, *more = webhook.alerts("CxScoreDropped", "firing")
    assert {first["fingerprint"]} == {each["fingerprint"] for each in more} | {first["fingerprint"]}
    assert {first["startsAt"]} == {each["startsAt"] for each in more} | {first["startsAt"]}
    assert ("acme", "total", "nps") == tuple(first["labels"][name] for name in ("tenant", "by", "metric"))
    parts = first["annotations"]["description"].partition("The largest parts of the change: ")[2]
    assert parts.startswith(cause), parts
    assert {"CxScoreDropped"} == {
        alert["labels"]["alertname"] for each in webhook.told for alert in each["alerts"]
    }
    assert 2 == len(distinct(alerts(watched)))


def test_nothing_is_raised_while_nothing_happens(watched: dict[str, str], start_worker: StartWorker) -> None:
    """However strong chance makes the evidence for a moment."""
    traffic = Traffic(watched, plan("steady"))
    traffic.publish(hours=5.5)
    worker = start_worker(watched)
    worker.wait_until_ready()
    wait_until_taken([worker], traffic.published)
    eventually(
        lambda: 'cx_drop_active{by="total"' in worker.get("/metrics"), _DEADLINE_S, "panes have closed"
    )
    assert [] == alerts(watched)
    assert [] == replayed(watched)


def test_silence_is_told_as_silence_and_not_as_a_drop(
    cx_env: dict[str, str], start_worker: StartWorker, webhook: Webhook, tmp_path: Path
) -> None:
    """By the wall clock: of the last hour the last minutes are empty."""
    settings = watching(cx_env, tmp_path) | {"CX_CLOCK": "wall"}
    asyncio.run(topics.ensure(Settings.from_env(settings)))
    now_ms = time.time_ns() // 1_000_000
    start_ms, silent_ms = now_ms - HOUR_MS * 55 // 60, now_ms - HOUR_MS // 10
    traffic = Traffic(settings, Plan(1, start_ms, 8.0, "silence", silent_ms, now_ms + HOUR_MS))
    traffic.publish(hours=55 / 60)
    worker = start_worker(settings)
    worker.wait_until_ready()
    with monitored(
        tmp_path,
        worker,
        webhook,
        {"for: 5m\n        labels:\n          severity: critical": "labels:\n          severity: critical"},
    ):
        eventually(lambda: webhook.alerts("CxNoAnswers", "firing"), _DEADLINE_S, "silence is told")
        eventually(
            lambda: 'cx_drop_active{by="total"' in worker.get("/metrics"), _DEADLINE_S, "panes have closed"
        )
    assert [] == webhook.alerts("CxScoreDropped", "firing")
    assert [] == alerts(settings)
