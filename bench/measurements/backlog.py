"""A worker starts against millions of waiting events: the memory it takes, and how soon its port answers.

`/healthz` and `/metrics` are asked every tenth of a second from another process, from the first answer until
everything is counted.
"""

import math
import threading
import time
from collections.abc import Iterator, Sequence

from bench import events, machine
from bench.bed import Bed
from bench.load import load
from bench.results import Run, WrongCountsError
from bench.truth import Truth
from bench.worker import outcomes
from tests.support.processes import Worker

TITLE = "start against a backlog"
_TEMPLATES = 20_000
_SURVEYS = 20
"""One event in so many is of the surveys."""
_EVERY_S = 0.1
_PATIENCE_S = 30.0
_LIMIT_S = 1_200.0


class _Asker(threading.Thread):
    """Asks a path again and again and takes the times."""

    def __init__(self, worker: Worker, path: str) -> None:
        super().__init__(daemon=True)
        self.seconds: list[float] = []
        self.page = ""
        self._worker = worker
        self._path = path
        self._over = threading.Event()

    def run(self) -> None:
        """Until told to end."""
        while not self._over.wait(_EVERY_S):
            began = time.monotonic()
            try:
                self.page = self._worker.get(self._path, timeout=_PATIENCE_S)
            except OSError:
                if self.seconds:
                    raise
                continue  # not listening yet
            self.seconds.append(time.monotonic() - began)

    def end(self) -> None:
        """Ask no more."""
        self._over.set()
        self.join()


def run(bed: Bed) -> Run:
    """Count a backlog of interactions with some survey traffic among them."""
    count = bed.size(5_000_000, 500_000)
    surveys = count // _SURVEYS
    backlog = bed.blank("interactions", count)
    bed.say(f"{count:,} events into two topics")
    load(bed.bootstrap, backlog.topic, _interactions(count - surveys, backlog.start_ms))
    answers = bed.beside(backlog, "surveys")
    load(bed.bootstrap, answers, events.answers(surveys, backlog.start_ms, Truth()))
    group, folder = bed.fresh("backlog")
    with Worker(bed.settings(backlog, group, folder), folder / "log") as worker:
        askers = [_Asker(worker, path) for path in ("/healthz", "/metrics")]
        for asker in askers:
            asker.start()
        began, cpu_s = time.monotonic(), machine.cpu_s(worker.pid)
        _wait(worker, askers[1], count)
        seconds, cpu_s = time.monotonic() - began, machine.cpu_s(worker.pid) - cpu_s
        for asker in askers:
            asker.end()
        figures = {"peak_rss_mb": machine.peak_bytes(worker.pid) / 1e6}
        worker.stop(30)
    for name, asker in zip(("healthz", "metrics"), askers, strict=True):
        figures[f"{name}_p99_s"] = _quantile(asker.seconds, 0.99)
        figures[f"{name}_max_s"] = max(asker.seconds)
    bed.clean(group)
    return Run(count, seconds, cpu_s, figures)


def _wait(worker: Worker, metrics: _Asker, count: int) -> None:
    limit_s, counted = time.monotonic() + _LIMIT_S, 0
    while counted < count:
        time.sleep(0.5)
        worker.check_alive()
        if not metrics.is_alive():
            raise WrongCountsError("the port stopped answering")
        pages = [outcomes(metrics.page, topic) for topic in ("interactions", "surveys")]
        counted = sum(page.get("counted", 0) for page in pages)
        if time.monotonic() > limit_s:
            raise WrongCountsError(f"{counted} of {count} records counted in {_LIMIT_S:g} s")


def _quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[math.ceil(share * len(values)) - 1]


def _interactions(count: int, start_ms: int) -> Iterator[events.Keyed]:
    """The same over and over, each under another id."""
    made = events.interactions(min(count, _TEMPLATES), start_ms, Truth())
    parts = [(key, *_around_id(value)) for key, value in made]
    for number in range(count):
        key, before, after = parts[number % len(parts)]
        yield key, b"%b%032x%b" % (before, number, after)


def _around_id(value: bytes) -> tuple[bytes, bytes]:
    """What stands before and behind the 32 characters of an event's id."""
    start = value.index(b'"id":"') + len(b'"id":"')
    return value[:start], value[start + 32 :]
