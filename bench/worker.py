"""A real `cx worker` on a backlog: started, watched through /metrics, its counts compared, stopped.

    ready, nothing counted ─▶ first │ … counting … │ done: every record counted AND every count shown
                               k = 0                  marks of the clock and of the worker's processor time

The first mark is the last look that still showed nothing, so no work is done before it but a slice or two;
the end is what a user would call the end: the true counts stand on /metrics, in all windows and views.
"""

import re
import time
from collections.abc import Mapping
from typing import NamedTuple

from bench import machine
from bench.bed import Backlog, Bed
from bench.results import Run, WrongCountsError
from bench.truth import VIEWS, WINDOWS_MS, Cell
from tests.support.exposition import differences, parse
from tests.support.processes import Worker

COUNTED = ("cx_interactions", "cx_survey_responses", "cx_surveys_sent")
"""The families whose counts are compared."""
Counts = dict[Cell, float]
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
    """Let one worker count a backlog; `more`: further settings, such as other windows and views."""
    group, folder = bed.fresh(what)
    settings = bed.settings(backlog, group, folder) | (more or {})
    expected = expectation(backlog, settings)
    with Worker(settings, folder / "log") as worker:
        first, done = _watch(worker, backlog, expected)
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


def _watch(worker: Worker, backlog: Backlog, expected: Counts) -> tuple[Mark, Mark]:
    """Marks of the beginning and the end. Raises WrongCountsError, also when the end never comes."""
    first = _first(worker, backlog)
    look, limit_s = first, time.monotonic() + _LIMIT_S
    while look.records < backlog.size:
        # Few looks on the way: each costs the worker a rendering. Many near the end.
        rate = look.records / (look.at_s - first.at_s) if look.records else 0.0
        pause_s = 0.8 * (backlog.size - look.records) / rate if rate else _SHORTEST_PAUSE_S
        time.sleep(min(max(pause_s, _SHORTEST_PAUSE_S), _LONGEST_PAUSE_S))
        look, page = _look(worker, backlog.source)
        check_outcomes(page, backlog, look.records)
        if time.monotonic() > limit_s:
            raise WrongCountsError(f"{look.records} of {backlog.size} records counted in {_LIMIT_S:g} s")
    return first, compare(worker, backlog, expected)


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


def expectation(backlog: Backlog, settings: Mapping[str, str]) -> Counts:
    """Every count that a worker with these settings shows in the end, but for those that are 0."""
    windows, views = (settings.get(name, "").split(",") for name in ("CX_WINDOWS", "CX_VIEWS"))
    cells = backlog.truth.cells(windows if windows[0] else WINDOWS_MS, views if views[0] else VIEWS)
    return {cell: value for cell, value in cells.items() if value}


def shown(page: str) -> Counts:
    """Every count on a page, but for those that are 0."""
    return {cell: value for cell, value in parse(page).items() if cell[0] in COUNTED and value}


def compare(worker: Worker, backlog: Backlog, expected: Counts) -> Mark:
    """The first look that shows every count of every window and view right; else WrongCountsError."""
    limit_s = time.monotonic() + _SETTLE_S
    while True:
        look, page = _look(worker, backlog.source)
        wrong = differences(expected, shown(page))
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


def check_outcomes(page: str, backlog: Backlog, counted: int) -> None:
    """Raise WrongCountsError unless every record so far was counted, and none of them twice."""
    others = {name: n for name, n in outcomes(page, backlog.source).items() if n and name != "counted"}
    if others or counted > backlog.size:
        raise WrongCountsError(f"{counted} of {backlog.size} records counted, and {others}")
