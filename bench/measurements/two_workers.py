"""Two workers on one group against one: what the second costs in processor time, and what it brings.

Both are ready, with two of the four partitions each, before the events come: all at once, made beforehand.
One worker is measured in the same way, so that the ratios compare like with like. On a machine with few
cores, which the broker shares, only the ratio per CPU-second means anything.
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench import events, machine
from bench.bed import Backlog, Bed
from bench.load import load
from bench.results import Run, WrongCountsError
from bench.worker import Counts, Mark, check_outcomes, expectation, outcomes, shown
from tests.support.exposition import differences
from tests.support.processes import Worker
from tests.support.wait import eventually

TITLE = "two workers on one group"
_READY_S = 90.0
_LIMIT_S = 300.0
_SETTLE_S = 20.0
_LOOK_EVERY_S = 0.25
_LEAST_SHARE = 0.1
"""No worker of two does less than this share of the records, or it was no run of two."""


def run(bed: Bed) -> Run:
    """One worker, then two; the rate is that of the two."""
    count = bed.size(400_000, 150_000)
    one, two = _measured(bed, count, 1), _measured(bed, count, 2)
    ratios = {
        "two_to_one_per_cpu_second": two.per_cpu_second / one.per_cpu_second,
        "two_to_one_per_second": two.per_second / one.per_second,
        "one_per_cpu_second": one.per_cpu_second,
    }
    return Run(two.events, two.seconds, two.cpu_seconds, ratios)


def _measured(bed: Bed, count: int, workers: int) -> Run:
    backlog = bed.blank("interactions", count)
    records = list(events.interactions(count, backlog.start_ms, backlog.truth))
    group, folder = bed.fresh(f"workers-{workers}")
    with ExitStack() as stack:
        started = [stack.enter_context(_worker(bed, backlog, group, folder / str(n))) for n in range(workers)]
        eventually(lambda: all(map(_settled, started)), _READY_S, f"{workers} workers share the partitions")
        first = _look(started, backlog)[0]
        load(bed.bootstrap, backlog.topic, records)
        del records
        done = _watch(started, backlog)
        for each in started:
            each.stop(30)
    bed.clean(group)
    return Run(count, done.at_s - first.at_s, done.cpu_s - first.cpu_s)


def _worker(bed: Bed, backlog: Backlog, group: str, folder: Path) -> Worker:
    folder.mkdir()
    worker = Worker(bed.settings(backlog, group, folder), folder / "log")
    worker.wait_until_ready(_READY_S)
    return worker


def _settled(worker: Worker) -> bool:
    """Ready, and with partitions of the source: the lag of a worker without any is not known."""
    try:
        worker.get("/readyz")
        return 'cx_consumer_lag_records{topic="interactions"} 0' in worker.get("/metrics")
    except OSError:
        return False


def _look(workers: Sequence[Worker], backlog: Backlog) -> tuple[Mark, list[str]]:
    pages = [worker.get("/metrics", timeout=30) for worker in workers]
    cpu_s = sum(machine.cpu_s(worker.pid) for worker in workers)
    counted = sum(outcomes(page, backlog.source).get("counted", 0) for page in pages)
    return Mark(counted, time.monotonic(), cpu_s), pages


def _watch(workers: Sequence[Worker], backlog: Backlog) -> Mark:
    """The first look at which all is counted and every count is right. Raises WrongCountsError."""
    expected = expectation(backlog, {})
    limit_s, settled_s = time.monotonic() + _LIMIT_S, 0.0
    while True:
        look, pages = _look(workers, backlog)
        for page in pages:
            check_outcomes(page, backlog, look.records)
        if look.records == backlog.size:
            settled_s = settled_s or time.monotonic()
            wrong = differences(expected, together(pages))
            if not wrong:
                check_shares([outcomes(page, backlog.source).get("counted", 0) for page in pages])
                return look
            if time.monotonic() > settled_s + _SETTLE_S:
                raise WrongCountsError(
                    f"{len(wrong)} of {len(expected)} counts are wrong, such as {wrong[0]}"
                )
        if time.monotonic() > limit_s:
            raise WrongCountsError(f"{look.records} of {backlog.size} records counted in {_LIMIT_S:g} s")
        time.sleep(_LOOK_EVERY_S)


def together(pages: Sequence[str]) -> Counts:
    """What several workers show; a count that two of them show is wrong, so it is added up and seen."""
    found: Counts = {}
    for page in pages:
        for cell, value in shown(page).items():
            found[cell] = found.get(cell, 0.0) + value
    return found


def check_shares(counted: Sequence[int]) -> None:
    """Raise WrongCountsError when a worker did next to nothing: then it was not a run of so many."""
    if min(counted) < _LEAST_SHARE * sum(counted):
        raise WrongCountsError(f"the workers counted {', '.join(map(str, counted))} records")
