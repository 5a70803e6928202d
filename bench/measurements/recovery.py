"""kill -9 of a worker that remembers a quarter: how long until it is ready again, and in how much memory.

The changelogs are as they are after the answers came in as one backlog: hardly compacted, which is more to
read than usual. They do not depend on the store, so one state is recovered with either. `ready_s` begins at
the kill, and has in it that Kafka waits for the dead worker (CX_SESSION_TIMEOUT, 10 s).
"""

import contextlib
import time
from collections import Counter
from typing import Any, NamedTuple

import orjson
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from bench import machine
from bench.bed import PARTITIONS, Bed
from bench.load import load
from bench.quarter import INVITED, quarter
from bench.results import Run, WrongCountsError
from bench.worker import COUNTED, outcomes
from tests.support.exposition import parse
from tests.support.processes import Worker
from tests.support.wait import eventually

TITLE = "recovery after kill -9"
_LIMIT_S = 600.0
_KINDS = {b"r": "answer", b"i": "invitation", b"c": "pane"}


class _Kept(NamedTuple):
    """What stands in changelogs, by kind: how many, and the bytes of their keys and last values.

    Of panes, the series in them: several are one record, which begins with the stamp of each.
    """

    held: Counter[str]
    size: Counter[str]


def run(bed: Bed) -> Run:
    """Fill a worker, kill it, recover in memory, kill that, recover on the disk."""
    answers = bed.size(1_000_000, 100_000)
    backlog = bed.blank("surveys", answers + answers // INVITED)
    bed.say(f"{backlog.size:,} survey events into a topic")
    load(bed.bootstrap, backlog.topic, quarter(answers, backlog.start_ms))
    group, folder = bed.fresh("recovery")
    env = bed.settings(backlog, group, folder)
    with Worker(env, folder / "log") as worker:
        worker.wait_until_ready()
        began = time.monotonic()
        _fill(worker, backlog.size)
        bed.say(f"counted in {time.monotonic() - began:.0f} s")
        expected = _scores(worker, answers)
        figures = {"filled_peak_rss_mb": machine.peak_bytes(worker.pid) / 1e6}
        killed_s = _kill(worker)
    for store in ("memory", "rocksdb"):
        with Worker(env | {"CX_STORE": store, "CX_LOG_LEVEL": "INFO"}, folder / f"log-{store}") as worker:
            worker.wait_until_ready(_LIMIT_S)
            figures[f"{store}_ready_s"] = time.monotonic() - killed_s
            figures[f"{store}_peak_rss_mb"] = machine.peak_bytes(worker.pid) / 1e6
            figures[f"{store}_cpu_s"] = machine.cpu_s(worker.pid)
            if _scores(worker, answers) != expected:
                raise WrongCountsError(f"after recovery (CX_STORE={store}) the scores are others")
            if store == "memory":
                killed_s = _kill(worker)
            else:
                worker.stop(60)  # or its group lives on for a while
    kept = _kept(bed.bootstrap, f"{group}-intake-surveys")
    figures["panes"] = kept.held["pane"]
    figures |= {f"{kind}_bytes": kept.size[kind] / kept.held[kind] for kind in _KINDS.values()}
    bed.clean(group)
    return Run(0, 0, 0, figures)


def _fill(worker: Worker, count: int) -> None:
    """Wait until everything is counted; few looks, each costs the worker a rendering."""
    limit_s, counted = time.monotonic() + _LIMIT_S, 0
    while counted < count:
        worker.check_alive()
        if time.monotonic() > limit_s:
            raise WrongCountsError(f"{counted} of {count} records counted in {_LIMIT_S:g} s")
        time.sleep(2)
        with contextlib.suppress(OSError):  # not listening yet
            counted = outcomes(worker.get("/metrics", timeout=30), "surveys").get("counted", 0)


def _scores(worker: Worker, answers: int) -> dict[Any, float]:
    """Every count, once all answers are in and nothing moves; by the event clock it stays so."""
    shown: dict[Any, float] = {}

    def settled() -> bool:
        nonlocal shown
        former, page = shown, parse(worker.get("/metrics", timeout=30))
        shown = {cell: value for cell, value in page.items() if cell[0] in COUNTED}
        whole = {("by", "total"), ("window", "90d")}
        found = sum(
            value for (name, labels), value in shown.items() if name == COUNTED[1] and whole <= set(labels)
        )
        return found == answers and former == shown

    eventually(settled, 120, f"all of {answers} answers are shown")
    return shown


def _kill(worker: Worker) -> float:
    worker.kill()
    return time.monotonic()


def _kept(bootstrap: str, topic: str) -> _Kept:
    """What a changelog holds."""
    settings = {"bootstrap.servers": bootstrap, "group.id": "bench-kept", "enable.partition.eof": True}
    consumer = Consumer(settings)
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in range(PARTITIONS)])
    last: dict[tuple[int, bytes], bytes] = {}
    ended = 0
    while ended < PARTITIONS:
        for message in consumer.consume(10_000, 1.0):
            if message.error():
                ended += 1
                continue
            place, value = (message.partition() or 0, message.key() or b""), message.value()
            if value is None:
                last.pop(place, None)
            else:
                last[place] = value
    consumer.close()
    kept = _Kept(Counter(), Counter())
    for (_, key), value in last.items():
        kind = _KINDS.get(key[:1], "other")
        kept.held[kind] += len(orjson.loads(value)[0]) if kind == "pane" else 1
        kept.size[kind] += len(key) + len(value)
    return kept
