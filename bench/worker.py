"""A real `cx worker` on a backlog: started, watched through /metrics, its counts compared, stopped.

    ready, nothing counted ─▶ first │ … counting … │ done: every record counted AND every count shown
                               k = 0                  marks of the clock and of the worker's processor time

The first mark is the last look that still showed nothing, so no work is done before it but a slice or two;
the end is what a user would call the end: the true counts stand on /metrics, in all windows and views.
"""

import re
import time
from typing import NamedTuple

from bench import machine
from bench.bed import Backlog, Bed
from bench.results import Run, WrongCountsError
from tests.support.exposition import differences, parse
from tests.support.processes import Worker

COUNTED = ("cx_interactions", "cx_survey_responses", "cx_surveys_sent")
"""The families whose counts are compared."""
_LIMIT_S = 600.0
_SETTLE_S = 20.0
_FIRST_LOOKS_S, _LONGEST_PAUSE_S, _SHORTEST_PAUSE_S = 0.02, 2.0, 0.05
_STOP_LIMIT_S = 30.0


class Mark(NamedTuple):
    """A look at the worker."""

    records: int
    at_s: float
    cpu_s: float


def measure(bed: Bed, backlog: Backlog, what: str, more: dict[str, str] | None = None) -> Run:
    """Let one worker with default windows and views count a backlog; `more`: further settings."""
    group, folder = bed.fresh(what)
    settings = bed.settings(backlog, group, folder) | (more or {})
    with Worker(settings, folder / "log") as worker:
        first, done = watch(worker, backlog)
        rss_mb = machine.peak_bytes(worker.pid) / 1e6
        began = time.monotonic()
        worker.stop(_STOP_LIMIT_S)
        stop_s = time.monotonic() - began
    bed.clean(group)
    return Run(
        done.records - first.records,
        done.at_s - first.at_s,
        done.cpu_s - first.cpu_s,
        {"peak_rss_mb": rss_mb, "stop_s": stop_s},
    )


def watch(worker: Worker, backlog: Backlog) -> tuple[Mark, Mark]:
    """Marks of the beginning and the end. Raises WrongCountsError, also when the end never comes."""
    first = _first(worker, backlog)
    look, limit_s = first, time.monotonic() + _LIMIT_S
    while look.records < backlog.size:
        # Few looks on the way: each costs the worker a rendering. Many near the end.
        rate = look.records / (look.at_s - first.at_s) if look.records else 0.0
        pause_s = 0.8 * (backlog.size - look.records) / rate if rate else _SHORTEST_PAUSE_S
        time.sleep(min(max(pause_s, _SHORTEST_PAUSE_S), _LONGEST_PAUSE_S))
        look, page = _look(worker, backlog.source)
        _check_outcomes(page, backlog, look.records)
        if time.monotonic() > limit_s:
            raise WrongCountsError(f"{look.records} of {backlog.size} records counted in {_LIMIT_S:g} s")
    return first, compare(worker, backlog)


def _first(worker: Worker, backlog: Backlog) -> Mark:
    """The last look at which nothing was counted."""
    limit_s, former = time.monotonic() + _LIMIT_S, None
    while time.monotonic() < limit_s:
        worker.check_alive()
        try:
            look, _ = _look(worker, backlog.source)
        except OSError:  # not listening yet
            time.sleep(_FIRST_LOOKS_S)
            continue
        if look.records:
            if former is None:
                raise WrongCountsError("the worker had counted before it was first looked at")
            return former
        former = look
        time.sleep(_FIRST_LOOKS_S)
    raise WrongCountsError(f"nothing was counted in {_LIMIT_S:g} s")


def compare(worker: Worker, backlog: Backlog) -> Mark:
    """The first look that shows every count of every window and view right; else WrongCountsError."""
    expected, limit_s = backlog.truth.cells(), time.monotonic() + _SETTLE_S
    while True:
        look, page = _look(worker, backlog.source)
        found = {cell: value for cell, value in parse(page).items() if cell[0] in COUNTED and value}
        wrong = differences({cell: value for cell, value in expected.items() if value}, found)
        if not wrong:
            return look
        if time.monotonic() > limit_s:
            raise WrongCountsError(f"{len(wrong)} of {len(expected)} counts are wrong, such as {wrong[0]}")
        time.sleep(_SHORTEST_PAUSE_S)


def _look(worker: Worker, topic: str) -> tuple[Mark, str]:
    page = worker.get("/metrics", timeout=30)
    return Mark(outcomes(page, topic).get("counted", 0), time.monotonic(), machine.cpu_s(worker.pid)), page


def outcomes(page: str, topic: str) -> dict[str, int]:
    """Records of a topic by outcome, as the page says."""
    pattern = rf'^cx_records_total\{{outcome="(\w+)",topic="{topic}"\}} (\S+)'
    return {name: int(float(value)) for name, value in re.findall(pattern, page, re.MULTILINE)}


def _check_outcomes(page: str, backlog: Backlog, counted: int) -> None:
    others = {name: n for name, n in outcomes(page, backlog.source).items() if n and name != "counted"}
    if others or counted > backlog.size:
        raise WrongCountsError(f"{counted} of {backlog.size} records counted, and {others}")
