"""State that a worker finds at its start: of other settings, of a topic made anew, ahead of its group.

One service on a real Kafka goes through all of it; after each refusal it still shows the same scores.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from stream import topics
from stream.settings import Settings
from tests.support.own import own_service
from tests.support.processes import Worker
from tests.support.traffic import ends, produce, read_sources
from tests.support.trouble import KNOWN_TENANTS, Trouble
from tests.support.truth import Truth, assert_scores, scrape, taken, wait_until_taken
from tests.support.wait import eventually

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

EVENTS = 4_000
USAGE = 2
Figure = Callable[[str], None]


class Service:
    """One worker after the other with the same topics and the same state."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        self.bootstrap = bootstrap
        self.folder = folder
        self.env = own_service(bootstrap, folder) | {
            "CX_WINDOWS": "1h,30d",
            "CX_TENANTS": KNOWN_TENANTS,
            "CX_HASH_KEY_FILE": self.key("one"),
        }
        self.admin = AdminClient({"bootstrap.servers": bootstrap})
        asyncio.run(topics.ensure(Settings.from_env(self.env)))
        prefix = self.env["CX_TOPIC_PREFIX"]
        produce(bootstrap, prefix, Trouble(3, time.time_ns() // 1_000_000).messages(EVENTS))
        self.truth = Truth.of(read_sources(bootstrap, prefix), self.env)
        self._started = 0

    def key(self, secret: str) -> str:
        """A file with this key of hashes."""
        file = self.folder / f"{secret}.key"
        file.write_text(f"a key of this test, {secret}", encoding="utf-8")
        return str(file)

    def worker(self, **changed: str) -> Worker:
        """A worker with these settings changed."""
        self._started += 1
        return Worker(self.env | changed, self.folder / f"worker-{self._started}" / "log")

    def refused(self, **changed: str) -> str:
        """What a worker says that ends at its start, with status 2."""
        with self.worker(**changed) as worker:
            assert worker.wait(60) == USAGE
            (line,) = {line for line in worker.log.splitlines() if line.startswith("cx: ")}
            assert "Traceback (most recent call last)" not in worker.log.partition("cx: ")[2]
            return line

    def assert_unchanged(self, worker: Worker) -> int:
        """Fail unless it shows what the oracle counts, in every cell; returns how many those are."""
        cells = self.truth.cells(["30d"], time.time_ns() // 1_000_000)
        assert_scores([worker], cells, ["30d"])
        return len(cells)


@pytest.fixture(scope="module")
def service(kafka_broker: str, tmp_path_factory: pytest.TempPathFactory) -> Service:
    """A service that has counted everything and was stopped."""
    made = Service(kafka_broker, tmp_path_factory.mktemp("state"))
    with made.worker() as worker:
        worker.wait_until_ready()
        wait_until_taken([worker], EVENTS)
        made.assert_unchanged(worker)
        assert worker.stop() == 0
    return made


def test_a_group_without_offsets_reads_history_again_and_counts_nothing_twice(
    service: Service, figure: Figure
) -> None:
    """As after a pause longer than the broker keeps offsets: every cell is as before."""
    group = service.env["CX_APP_ID"]

    def forgotten() -> bool:
        service.admin.delete_consumer_groups([group])[group].result(10)
        return True

    eventually(forgotten, 30, "the group is empty, and deleted")
    with service.worker() as worker:
        worker.wait_until_ready()
        wait_until_taken([worker], EVENTS)
        cells = service.assert_unchanged(worker)
        outcomes = taken(scrape([worker]))
        assert worker.stop() == 0
    figure(f"{EVENTS} records read again: {cells} cells as before, outcomes {dict(outcomes)}")

    assert {"replayed"} == {outcome for _, outcome in outcomes}
    assert EVENTS == outcomes.total()


@pytest.mark.parametrize(
    ("changed", "names"),
    [
        ({"CX_WINDOWS": "1h,7d", "CX_VIEWS": "total"}, ("CX_WINDOWS was ['1h', '30d'], is", "CX_VIEWS was")),
        ({"CX_CLOCK": "event"}, ("CX_CLOCK was wall, is event",)),
        ({"CX_HASH_KEY_FILE": "other"}, ("CX_HASH_KEY_FILE was key ",)),
    ],
    ids=("windows and views", "clock", "hash key"),
)  # fmt: skip
def test_state_of_other_settings_is_refused_by_name(
    service: Service, changed: dict[str, str], names: tuple[str, ...]
) -> None:
    """Each of them, with what it was and what it is, and what to do; never the key itself."""
    if "CX_HASH_KEY_FILE" in changed:
        changed = {"CX_HASH_KEY_FILE": service.key(changed["CX_HASH_KEY_FILE"])}
    line = service.refused(**changed)

    assert f"the state of CX_APP_ID={service.env['CX_APP_ID']} was made under other settings" in line
    assert all(name in line for name in names)
    assert "Set them back, or run `cx rebuild`" in line
    assert "a key of this test" not in line


def test_what_refused_workers_found_is_still_there(service: Service) -> None:
    """With the settings of before, a worker goes on as if they had never been started."""
    with service.worker() as worker:
        worker.wait_until_ready()
        service.assert_unchanged(worker)
        assert worker.stop() == 0


def test_a_topic_made_anew_is_noticed(service: Service) -> None:
    """Its offsets begin again below those that the state knows: counting on would leave out what comes."""
    name = f"{service.env['CX_TOPIC_PREFIX']}surveys"
    for gone in service.admin.delete_topics([name]).values():
        gone.result(30)

    def made() -> bool:
        asyncio.run(topics.ensure(Settings.from_env(service.env)))
        return ends(service.bootstrap, name) == 0

    eventually(made, 30, "the topic is there again, and empty")
    line = service.refused()

    assert f"{name} partition " in line
    assert "ends at offset 0, but the state of CX_APP_ID=" in line
    assert "the topic was made anew, or this is another cluster. Run `cx rebuild`" in line
