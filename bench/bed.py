"""Where everything runs: one broker, a folder, source topics made once; no run finds what another left."""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka.admin import AdminClient

from bench import events
from bench.load import load
from bench.truth import Truth
from stream.settings import Settings
from stream.topics import ensure, specs
from tests.support.ports import free_ports
from tests.support.wait import eventually

PARTITIONS = 4
_JOBS: Mapping[str, tuple[str, Callable[[int, int, Truth], Iterator[events.Keyed]]]] = {
    "interactions": ("interactions", events.interactions),
    "answers": ("surveys", events.answers),
}


class Backlog(NamedTuple):
    """A source topic full of events: `prefix` + `source` is its name."""

    prefix: str
    source: str
    size: int
    start_ms: int
    truth: Truth

    @property
    def topic(self) -> str:
        """Name of the topic."""
        return self.prefix + self.source


class Bed:
    """The broker and what lies on it. `folder` is the run's own, `sizes` events by measurement."""

    def __init__(self, bootstrap: str, folder: Path, *, quick: bool, say: Callable[[str], None]) -> None:
        self.bootstrap = bootstrap
        self.folder = folder
        self.quick = quick
        self.say = say
        self._admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
        self._backlogs: dict[tuple[str, int], Backlog] = {}
        self._numbers = itertools.count(1)
        self._run = f"bench{time.time_ns() // 1_000_000:x}"

    def size(self, full: int, quick: int) -> int:
        """How many events a measurement takes."""
        return quick if self.quick else full

    def backlog(self, job: str, count: int) -> Backlog:
        """A topic with `count` events of a job (`interactions`, `answers`), and their truth; made once."""
        found = self._backlogs.get((job, count))
        if found is None:
            source, make = _JOBS[job]
            self.say(f"{count:,} {job} into a topic")
            found = self._source(f"{self._run}-{job}-{count}.", source, count)
            load(self.bootstrap, found.topic, make(count, found.start_ms, found.truth))
            self._backlogs[job, count] = found
        return found

    def empty(self, job: str, count: int) -> Backlog:
        """A new topic for `count` events that are yet to be sent, and their truth."""
        source, make = _JOBS[job]
        group, _ = self.fresh("empty")
        backlog = self._source(f"{group}.", source, count)
        deque(make(count, backlog.start_ms, backlog.truth), maxlen=0)
        return backlog

    def blank(self, source: str, count: int) -> Backlog:
        """A new source topic without events, and nothing said about those that it is to hold."""
        group, _ = self.fresh("blank")
        return self._source(f"{group}.", source, count)

    def beside(self, backlog: Backlog, source: str) -> str:
        """Another source topic under a backlog's prefix, for the same worker; its name."""
        return self._source(backlog.prefix, source, backlog.size).topic

    def _source(self, prefix: str, source: str, count: int) -> Backlog:
        """Make a source topic as `cx topics create` does."""
        start_ms = time.time_ns() // 1_000_000 - events.AGE_MS - count
        backlog = Backlog(prefix, source, count, start_ms, Truth())
        settings = Settings.from_env(
            {
                "CX_BROKER": f"kafka://{self.bootstrap}",
                "CX_TOPIC_PREFIX": backlog.prefix,
                "CX_PARTITIONS": str(PARTITIONS),
            }
        )
        asyncio.run(ensure(settings, [spec for spec in specs(settings) if spec.name == backlog.topic]))
        return backlog

    def fresh(self, what: str) -> tuple[str, Path]:
        """A group name that was never used, and an empty folder."""
        name = f"{self._run}-{what}-{next(self._numbers)}"
        folder = self.folder / name
        folder.mkdir(parents=True)
        return name, folder

    def settings(self, backlog: Backlog, group: str, folder: Path) -> dict[str, str]:
        """The environment of a worker: everything as it comes, but for its place and the clock of replays."""
        return {
            "CX_BROKER": f"kafka://{self.bootstrap}",
            "CX_TOPIC_PREFIX": backlog.prefix,
            "CX_APP_ID": group,
            "CX_PARTITIONS": str(PARTITIONS),
            "CX_DATADIR": str(folder / "data"),
            "CX_METRICS_PORT": str(free_ports(1)[0]),
            "CX_CLOCK": "event",
            "CX_LOG_LEVEL": "WARNING",
        }

    def clean(self, group: str) -> None:
        """Remove every topic but the sources, so that no run reads what another one wrote."""
        sources = {backlog.topic for backlog in self._backlogs.values()}
        mine = {topic for topic in self._topics() if topic.startswith(self._run) and topic not in sources}
        if mine:
            self._wait(self._admin.delete_topics(sorted(mine)))
            eventually(lambda: not (mine & self._topics()), 30, f"{len(mine)} topics are gone")
        self._wait(self._admin.delete_consumer_groups([group]))

    def _topics(self) -> set[str]:
        return set(self._admin.list_topics(timeout=10).topics)

    @staticmethod
    def _wait(futures: Mapping[str, Any]) -> None:
        for future in futures.values():
            if error := future.exception(timeout=20):
                name = str(error.args[0].name()) if error.args else ""
                if name not in {"UNKNOWN_TOPIC_OR_PART", "GROUP_ID_NOT_FOUND"}:
                    raise error
