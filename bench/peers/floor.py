"""The floor: a bare aiokafka consumer, orjson and a dict of panes.

It validates nothing, knows no identity, keeps one kind of pane and loses all of it when it ends: what is
spent above it is the price of a service.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer

from bench.peers.protocol import Key, Stopwatch, epoch_s, task, tell

_AT_ONCE = 10_000
_Panes = dict[tuple[str, str, str, int], list[int]]
_CELLS = {"positive": 0, "neutral": 1, "negative": 2}


def count(records: Sequence[Any], panes: _Panes, minutes: dict[str, int]) -> None:
    """Add interactions to panes of a minute; a minute is parsed once, and then known by its text."""
    loads, cells = orjson.loads, _CELLS
    for record in records:
        event = loads(record.value)
        data = event["data"]
        text = event["time"][:16]
        minute = minutes.get(text)
        if minute is None:
            minute = minutes[text] = int(epoch_s(event["time"])) // 60
        key = event["tenantid"], data["channel"], data["touchpoint"], minute
        pane = panes.get(key)
        if pane is None:
            pane = panes[key] = [0, 0, 0]
        pane[cells[data["valence"]]] += 1


async def main() -> None:
    """Count the topic once."""
    told = task()
    consumer = AIOKafkaConsumer(
        told.topic, bootstrap_servers=told.bootstrap, group_id=told.group, auto_offset_reset="earliest"
    )
    await consumer.start()
    watch, panes, minutes, done = Stopwatch(told.count), _Panes(), dict[str, int](), False
    while not done:
        fetched = await consumer.getmany(timeout_ms=200, max_records=_AT_ONCE)
        for records in fetched.values():
            count(records, panes, minutes)
        if fetched:
            done = watch.add(sum(map(len, fetched.values())))
    watch.stop()
    await consumer.stop()
    totals: Counter[Key] = Counter()
    for (tenant, channel, touchpoint, _), pane in panes.items():
        for valence, cell in _CELLS.items():
            totals[tenant, channel, touchpoint, valence] += pane[cell]
    tell(told, watch, totals)


if __name__ == "__main__":
    asyncio.run(main())
