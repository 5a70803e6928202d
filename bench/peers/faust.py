"""Plain Faust: an agent that takes one event at a time, and a windowed table with its changelog.

panes      a tumbling table of a minute per source partition; a reader adds up what it needs
hopping    re-keyed with group_by, then a table of one hour advancing by a minute: one window out of the book
"""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import faust
import orjson

from bench.peers.protocol import KEYS, Key, Stopwatch, Task, epoch_s, task, tell

_PARTITIONS = 4
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)


class Count:
    """The application: its table, its agent, what it found."""

    def __init__(self, told: Task) -> None:
        self.told = told
        self.watch = Stopwatch(told.count)
        self.finished = asyncio.Event()
        self.app = faust.App(
            told.group,
            broker=f"kafka://{told.bootstrap}",
            store="memory://",
            datadir=str(told.folder),
            web_enabled=False,
            topic_partitions=_PARTITIONS,
        )
        self._at_s = 0.0
        table: Any = self.app.Table("counts", default=int, partitions=_PARTITIONS)
        if told.form == "hopping":
            windowed = table.hopping(_HOUR, _MINUTE, expires=2 * _HOUR)
        else:
            windowed = table.tumbling(_MINUTE, expires=2 * _HOUR)
        self.table = windowed.relative_to(lambda _event: self._at_s)
        source = self.app.topic(told.topic, value_type=bytes, value_serializer="raw")
        self.app.agent(source, name="count")(self._re_keyed if told.form == "hopping" else self._by_partition)

    async def _by_partition(self, stream: Any) -> None:
        key_of = KEYS[self.told.job]
        async for value in stream:
            event = orjson.loads(value)
            key = key_of(event)
            if key is not None:
                self._at_s = epoch_s(event["time"])
                self.table[f"{_partition()}|{'|'.join(key)}"] += 1
            if self.watch.add(1):
                self.finished.set()

    async def _re_keyed(self, stream: Any) -> None:
        key_of = KEYS[self.told.job]

        def new_key(value: bytes) -> str:
            return "|".join(key_of(orjson.loads(value)) or ())

        # Faust names the topic between after the agent and this name alone, so the name carries the group.
        async for value in stream.group_by(new_key, name=f"{self.told.group}-key"):
            event = orjson.loads(value)
            self._at_s = epoch_s(event["time"])
            self.table[new_key(value)] += 1
            if self.watch.add(1):
                self.finished.set()

    async def ended(self, worker: faust.Worker) -> None:
        """Done is when the changelog is sent as well."""
        await self.finished.wait()
        while self.app.producer.buffer.size:  # noqa: ASYNC110 - Faust has nothing to wait for
            await asyncio.sleep(0.01)
        self.watch.stop()
        tell(self.told, self.watch, self._totals())
        asyncio.get_running_loop().create_task(worker.stop())

    def _totals(self) -> Counter[Key]:
        totals: Counter[Key] = Counter()
        for (text, _window), value in self.table.table.data.items():
            key = tuple(text.split("|"))
            totals[key if self.told.form == "hopping" else key[1:]] += value
        return totals


def _partition() -> int:
    event: Any = faust.current_event()
    return int(event.message.partition)


def main() -> None:
    """Run until the topic is counted."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    count = Count(task())
    worker = faust.Worker(count.app, loglevel="WARN", loop=loop)
    count.app.task(lambda: count.ended(worker))
    worker.execute_from_commandline()


if __name__ == "__main__":
    main()
