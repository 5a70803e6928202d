"""Plain Faust on the same schedule: one event at a time, a table with its changelog, at least once.

It counts only the canaries, by record key: each has an event id of its own, comes once and is valid, so that
nothing that plain counting would get wrong anyway is held against it.
"""

import asyncio
import json
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faust
from kafka import KafkaConsumer, TopicPartition

from stream import topics
from stream.settings import Settings
from tests.chaos.load import PARTITIONS, Load
from tests.chaos.schedule import SEATS, SESSION_S, schedule
from tests.chaos.seats import Seats
from tests.support.processes import Process
from tests.support.traffic import read
from tests.support.wait import eventually

_APP, _TABLE, _TOPIC = "plain", "counts", "plain.interactions"
_SETTLE_S = 120.0


def app() -> faust.App:
    """The application, as Faust's guide has it; only the session is as short as ours."""
    made = faust.App(
        _APP,
        broker=os.environ["PLAIN_BROKER"],
        datadir=os.environ["PLAIN_DATADIR"],
        store="memory://",
        web_enabled=False,
        topic_partitions=PARTITIONS,
        broker_session_timeout=SESSION_S,
        broker_heartbeat_interval=SESSION_S / 3,
    )
    table: Any = made.Table(_TABLE, default=int, partitions=PARTITIONS)
    source = made.topic(
        _TOPIC, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"
    )

    async def count(stream: Any) -> None:
        async for event in stream.events():
            table[event.key.decode()] += 1

    made.agent(source, name="count")(count)
    return made


class Plain(Seats[Process]):
    """The same broker and seats, with plain Faust in them."""

    def start(self) -> None:
        """Start all workers, and wait until something is counted in each partition."""
        for seat in range(SEATS):
            self._start(seat)
        eventually(lambda: all(self._committed()), 120, "plain Faust reads all partitions")

    def _launch(self, seat: int, log: Path) -> Process:
        settings = {
            "PLAIN_BROKER": f"kafka://{self.broker.bootstrap}",
            "PLAIN_DATADIR": str(self.data(seat)),
        }
        return Process([sys.executable, "-m", "tests.chaos.plain"], log, settings)

    def _committed(self) -> list[int]:
        return [committed for committed, _ in self._places()]

    def behind(self) -> int:
        """How many records are not yet committed."""
        return sum(end - committed for committed, end in self._places())

    def _places(self) -> list[tuple[int, int]]:
        consumer = KafkaConsumer(bootstrap_servers=self.broker.bootstrap, group_id=_APP)
        try:
            at = [TopicPartition(_TOPIC, partition) for partition in range(PARTITIONS)]
            ends = consumer.end_offsets(at)
            return [(consumer.committed(each) or 0, ends[each]) for each in at]
        finally:
            consumer.close(autocommit=False)

    def counts(self) -> Counter[str]:
        """What its changelog holds."""
        counts: Counter[str] = Counter()
        for record in read(self.broker.bootstrap, f"{_APP}-{_TABLE}-changelog"):
            assert record.key is not None
            counts[json.loads(record.key)] = json.loads(record.value) if record.value else 0
        return counts

    def sent(self) -> Counter[str]:
        """What was to be counted."""
        return Counter((record.key or b"").decode() for record in read(self.broker.bootstrap, _TOPIC))


@dataclass
class Comparison:
    """What plain Faust made of the same strikes."""

    sent: Mapping[str, int]
    counts: Mapping[str, int]
    behind: int
    settled_s: float

    def __str__(self) -> str:
        more = {key: self.counts.get(key, 0) - n for key, n in self.sent.items()}
        over, under = sum(max(n, 0) for n in more.values()), sum(max(-n, 0) for n in more.values())
        total = sum(self.sent.values())
        wrong, off = sum(map(bool, more.values())), f"over {over} ({over / total:.2%}), under {under}"
        rows = {
            "plain Faust": f"{len(more)} cells, {wrong} wrong",
            "  counted": f"{total}, {off} ({under / total:.2%})",
            "  not read": f"{self.behind} records, {self.settled_s:.0f} s after the load",
        }
        return "\n".join(f"{name:18}{text}" for name, text in rows.items())


def compare(seed: int, length_s: float, folder: Path, *, broker: bool) -> Comparison:
    """Strike plain Faust as `Run` strikes ours, with canaries alone; then read what it has counted."""
    service, over = Plain(folder), threading.Event()

    def supervise() -> None:
        while not over.wait(0.1):
            service.watch_over()

    supervisor = threading.Thread(target=supervise, daemon=True)
    try:
        service.broker.start()
        settings = {"CX_BROKER": f"kafka://{service.broker.bootstrap}", "CX_TOPIC_PREFIX": "plain."}
        asyncio.run(topics.ensure(Settings.from_env(settings | {"CX_PARTITIONS": str(PARTITIONS)})))
        load = Load(service.broker.bootstrap, "plain.", seed, 0.0, length_s)
        load.start()
        service.start()
        supervisor.start()
        for phase in schedule(seed, length_s, broker=broker):
            service.strike(phase)
        load.stop()
        stopped_s = time.monotonic()
        while service.behind() and time.monotonic() < stopped_s + _SETTLE_S:
            over.wait(1.0)
        settled_s = time.monotonic() - stopped_s
        counts: Counter[str] | None = None
        while counts != (counts := service.counts()):
            over.wait(2.0)  # Faust sends table writes in the background
        return Comparison(service.sent(), counts, service.behind(), settled_s)
    finally:
        over.set()
        service.close()


if __name__ == "__main__":
    faust.Worker(app(), loglevel="WARN").execute_from_commandline()
