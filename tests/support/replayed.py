"""A service whose windows end where events do: sent messages part by part, each compared with the oracle."""

import asyncio
from collections.abc import Callable, Iterable

from stream import topics
from stream.settings import Settings
from tests.support.ports import free_ports
from tests.support.processes import Worker
from tests.support.recount.model import Cell
from tests.support.stories import Message
from tests.support.traffic import produce, read_sources
from tests.support.truth import Truth, assert_scores

StartWorker = Callable[[dict[str, str]], Worker]


class Replayed:
    """Workers, and what they are sent."""

    def __init__(self, env: dict[str, str], start: StartWorker, workers: int) -> None:
        self.env, self._start = env, start
        self.bootstrap, self.prefix = env["CX_BROKER"].removeprefix("kafka://"), env["CX_TOPIC_PREFIX"]
        asyncio.run(topics.ensure(Settings.from_env(env)))
        self.workers = [self.start() for _ in range(workers)]
        for worker in self.workers:
            worker.wait_until_ready()

    def start(self) -> Worker:
        """One more worker."""
        return self._start(self.env | {"CX_METRICS_PORT": str(free_ports(1)[0])})

    def send(self, messages: Iterable[Message]) -> None:
        """Send messages in this order."""
        produce(self.bootstrap, self.prefix, messages)

    def assert_exact(self) -> dict[Cell, float]:
        """Wait until every cell of every window is what the oracle counts."""
        expected = Truth.of(read_sources(self.bootstrap, self.prefix), self.env).cells()
        assert_scores(self.workers, expected, deadline=60)
        return expected
