"""From the publisher's `produce` to a value on /metrics, at a steady 20 000 events/s into one worker.

The k-th event has arrived at the first look that shows k of them: events are exchangeable here, so this is
exact for counts, though not for each event.
"""

import bisect
import json
import sys
import time
from pathlib import Path

from bench import machine, worker
from bench.bed import Backlog, Bed
from bench.results import Run, WrongCountsError
from tests.support.processes import Process, Worker

TITLE = "event to /metrics at 20 000 events/s"
_RATE = 20_000
_LOOK_EVERY_S = 0.02
_LIMIT_S = 60.0
_WARM_UP_S = 2.0

Look = tuple[float, int]
"""When, and how many were shown."""


def run(bed: Bed) -> Run:
    """Send for some seconds and watch."""
    backlog = bed.empty("interactions", bed.size(20, 6) * _RATE)
    group, folder = bed.fresh("latency")
    with Worker(bed.settings(backlog, group, folder), folder / "log") as service:
        service.wait_until_ready()
        with Process(_sender(bed, backlog, folder), folder / "sender.log") as sender:
            first, looks, last = _watch(service, sender, backlog)
            sender.wait(_LIMIT_S)
        worker.compare(service, backlog, worker.expectation(backlog, {}))
        service.stop()
    bed.clean(group)
    ticks = json.loads((folder / "ticks.json").read_text(encoding="utf-8"))
    return Run(
        last.records - first.records, last.at_s - first.at_s, last.cpu_s - first.cpu_s, _figures(ticks, looks)
    )


def _sender(bed: Bed, backlog: Backlog, folder: Path) -> list[str]:
    command = [
        sys.executable,
        "-m",
        "bench.peers.sender",
        "--bootstrap",
        bed.bootstrap,
        "--topic",
        backlog.topic,
    ]
    command += ["--count", str(backlog.size), "--rate", str(_RATE), "--start-ms", str(backlog.start_ms)]
    return [*command, "--out", str(folder / "ticks.json")]


def _watch(service: Worker, sender: Process, backlog: Backlog) -> tuple[worker.Mark, list[Look], worker.Mark]:
    looks: list[Look] = []
    first = worker.Mark(0, 0, 0)
    limit_s = time.monotonic() + _LIMIT_S + backlog.size / _RATE
    while True:
        shown = _shown(service.get("/metrics"))
        looks.append((time.monotonic(), shown))
        if not shown:
            first = worker.Mark(0, time.monotonic(), machine.cpu_s(service.pid))
        if shown >= backlog.size:
            return first, looks, worker.Mark(shown, time.monotonic(), machine.cpu_s(service.pid))
        if sender.returncode or time.monotonic() > limit_s:
            raise WrongCountsError(f"{shown} of {backlog.size} events were ever shown\n{sender.log[-1_000:]}")
        time.sleep(_LOOK_EVERY_S)


def _shown(page: str) -> int:
    longest = 'window="90d"} '
    lines = [line for line in page.splitlines() if line.startswith('cx_interactions{by="total",')]
    return sum(int(float(line.rpartition(longest)[2])) for line in lines if longest in line)


def _figures(ticks: list[Look], looks: list[Look]) -> dict[str, float]:
    """Percentiles over events, the first two seconds left out."""
    counts = [count for _, count in looks]
    waits: list[tuple[float, int]] = []
    former = 0
    for at_s, sent in ticks:
        if at_s > ticks[0][0] + _WARM_UP_S:
            waits.append((looks[bisect.bisect_left(counts, sent)][0] - at_s, sent - former))
        former = sent
    waits.sort()
    return {f"p{share}_ms": 1000 * _percentile(waits, share / 100) for share in (50, 99, 100)}


def _percentile(waits: list[tuple[float, int]], share: float) -> float:
    wanted, seen = share * sum(weight for _, weight in waits), 0
    for wait, weight in waits:
        seen += weight
        if seen >= wanted:
            return wait
    return waits[-1][0]
