"""Fixtures of all tests."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import kafka
from tests.support.own import own_service
from tests.support.processes import Worker


@pytest.fixture(scope="session")
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`host:port` of a real Kafka, one for the whole run; CX_TEST_BROKER names another."""
    given = os.environ.get("CX_TEST_BROKER")
    if given:
        yield given
        return
    broker = _new_broker(tmp_path_factory.mktemp("kafka"))
    broker.start()
    try:
        yield broker.bootstrap
    finally:
        broker.stop()


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[kafka.Broker]:
    """A real Kafka for one test alone, which may stop, kill and start it. Never CX_TEST_BROKER."""
    broker = _new_broker(tmp_path / "kafka")
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()


@pytest.fixture
def cx_env(kafka_broker: str, tmp_path: Path) -> dict[str, str]:
    """Settings of a service of this test's own on the real Kafka: own topics, group, folder and port."""
    return own_service(kafka_broker, tmp_path)


@pytest.fixture
def start_worker(tmp_path: Path) -> Iterator[Callable[[dict[str, str]], Worker]]:
    """Start workers with the given settings (each its own CX_METRICS_PORT); all end with the test."""
    workers: list[Worker] = []

    def start(settings: dict[str, str]) -> Worker:
        workers.append(Worker(settings, tmp_path / f"worker-{len(workers)}" / "log"))
        return workers[-1]

    yield start
    for worker in workers:
        worker.kill()


_FIGURES = pytest.StashKey[list[str]]()


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Call it with what was measured: it is shown at the end of the run, however the test ends."""

    def tell(text: str) -> None:
        request.config.stash.setdefault(_FIGURES, []).append(f"{request.node.name}: {text}")

    return tell


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    """Show the figures."""
    if figures := config.stash.get(_FIGURES, []):
        terminalreporter.section("figures")
        for line in figures:
            terminalreporter.line(line)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs Kafka by the fixtures it uses, so that `-m "not kafka"` leaves it out."""
    for item in items:
        if {"kafka_broker", "own_kafka", "cx_env"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.kafka)


def _new_broker(folder: Path) -> kafka.Broker:
    reason = kafka.skip_reason()
    if reason is not None:
        pytest.skip(reason)
    return kafka.Broker(folder)
