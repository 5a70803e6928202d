"""What the workers export in the end, beside what the oracle counts."""

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from http.client import HTTPException

from tests.chaos.report import Cells
from tests.chaos.service import Service
from tests.support import exposition
from tests.support.processes import Worker
from tests.support.recount.model import Cell
from tests.support.traffic import read, read_sources
from tests.support.truth import Truth, scrape, taken

COUNTS = ("cx_survey_responses", "cx_interactions", "cx_surveys_sent")
_SETTLE_S = 90.0


def wait_until_counted(service: Service, records: int) -> Counter[tuple[str, ...]]:
    """Records by topic and outcome, once the workers have counted so many, or do not come to it."""
    pause, end_s = threading.Event(), time.monotonic() + _SETTLE_S
    while True:
        found = taken(_pages(service.alive()))
        if found.total() >= records or time.monotonic() > end_s:
            pause.wait(2.0)  # what is counted twice comes late
            return taken(_pages(service.alive()))
        pause.wait(0.5)


def compare(service: Service, truth: Truth, since_s: float) -> Cells:
    """Compare until all is right, or for as long as that may take."""
    windows = None if service.clock == "event" else ["30d"]
    expected = truth.cells(windows, time.time_ns() // 1_000_000)
    pause, end_s = threading.Event(), time.monotonic() + _SETTLE_S
    while True:
        cells = _cells(_pages(service.alive()), expected, windows, still=truth.still)
        cells.settled_s = time.monotonic() - since_s
        if cells.right or time.monotonic() > end_s:
            return cells
        pause.wait(1.0)


def _pages(workers: Sequence[Worker]) -> list[dict[Cell, float]]:
    pages = []
    for worker in workers:
        try:
            pages += scrape([worker])
        except (OSError, HTTPException):
            pages.append({("cx_state_ready", ()): 0.0})
    return pages


def _cells(
    pages: Sequence[Mapping[Cell, float]],
    expected: Mapping[Cell, float],
    windows: list[str] | None,
    *,
    still: bool,
) -> Cells:
    found: dict[Cell, float] = {}
    cells = Cells(compared=len(expected))
    for page in pages:
        own = exposition.scores(page, windows, still=still)
        cells.doubled += sorted(found.keys() & own.keys())
        found |= own
    cells.wrong = exposition.differences(expected, found)
    cells.not_ready = sum(page.get(("cx_state_ready", ())) != 1.0 for page in pages)
    for cell in expected.keys() | found.keys():
        if cell[0] in COUNTS:
            more = found.get(cell, 0.0) - expected.get(cell, 0.0)
            cells.over += max(more, 0.0)
            cells.under += max(-more, 0.0)
            cells.counted += expected.get(cell, 0.0)
    return cells


def oracle(service: Service) -> tuple[Truth, int]:
    """What must be exported for all records that stand in Kafka, and how many there are."""
    records = read_sources(service.broker.bootstrap, service.env["CX_TOPIC_PREFIX"])
    return Truth.of(records, service.env), len(records)


def unrejected(service: Service, truth: Truth) -> int:
    """How many records are missing in `cx.rejected`, there wrongly, or there for another reason."""
    prefix = service.env["CX_TOPIC_PREFIX"]
    found = set()
    for record in read(service.broker.bootstrap, f"{prefix}rejected"):
        headers = {name: value.decode(errors="replace") for name, value in record.headers}
        place = (headers["topic"].removeprefix(prefix), int(headers["partition"]), int(headers["offset"]))
        found.add((place, headers["reason"]))
    return len(found ^ set(truth.recount.rejections.items()))
