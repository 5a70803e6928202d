"""Processor time of a scrape of 100 000 samples: rows out of the windows, rendered, joined, as /metrics does.

Between two scrapes a hundredth of the series changed, as when series are many and events are few. The body
must be the one that prometheus_client renders of the same rows.
"""

import time
from collections.abc import Callable, Iterable, Iterator

from isal import igzip
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from bench.bed import Bed
from bench.results import Run, WrongCountsError
from stream.catalogue import SERIES_LABELS
from stream.export.render import SERIES_FAMILIES, Renderer
from stream.scoring.estimates import Limits
from stream.scoring.families import Row
from stream.scoring.kpis import samples
from stream.scoring.merge import Merger
from stream.scoring.message import SHEET, Labels, Message
from stream.scoring.panes import ladders
from stream.settings import Settings

TITLE = "scrape of many series"
_SAMPLES = 100_000
_SAMPLES_A_ROW = 7
_CHANGED = 100
"""One series in so many."""
_LIMITS = Limits(5, 30)
_START_MS = 1_780_000_000_000


def run(bed: Bed) -> Run:
    """Scrape once cold, once with nothing changed, once with a little."""
    service = _Service(bed.size(_SAMPLES, _SAMPLES // 10))
    first_ms, _ = service.scrape()
    still_ms, _ = service.scrape()
    service.change()
    changed_ms, body = service.scrape()
    reference_ms, reference = _timed(lambda: generate_latest(_registry(service.merger.rows())))
    if body != reference:
        raise WrongCountsError("the page is not what prometheus_client renders of the same rows")
    gzip_ms, _ = _timed(lambda: igzip.compress(body, compresslevel=1, mtime=0))
    figures = {
        "samples": float(body.count(b"\n") - body.count(b"\n# ") - 1),
        "first_cpu_ms": first_ms,
        "unchanged_cpu_ms": still_ms,
        "hundredth_changed_cpu_ms": changed_ms,
        "gzip_cpu_ms": gzip_ms,
        "prometheus_client_cpu_ms": reference_ms,
    }
    return Run(0, 0, 0, figures)


class _Service:
    """The part of a worker that a scrape asks: merged windows, and a renderer with a memory."""

    def __init__(self, count: int) -> None:
        rungs = ladders(Settings().windows)
        self.merger = Merger(rungs, by_event_time=True)
        self._windows = [(index, rung.pane(_START_MS)) for index, rung in enumerate(rungs)]
        self._renderer = Renderer(_LIMITS)
        self._series = [
            (number // SHEET, ("interaction", "channel", f"channel-{number}", "", ""))
            for number in range(count // (_SAMPLES_A_ROW * len(rungs)) + 1)
        ]
        self._position = 0
        self._put(self._series, 50)

    def change(self) -> None:
        """Count something more in a hundredth of the series."""
        self._put(self._series[::_CHANGED], 51)

    def scrape(self) -> tuple[float, bytes]:
        """Processor milliseconds, and the page."""
        return _timed(lambda: b"".join(self._renderer.parts(self.merger.series(), openmetrics=False)))

    def _put(self, series: Iterable[tuple[int, Labels]], count: int) -> None:
        """The same series stands on the same sheet each time, as a source partition tells it."""
        cells = [
            (window, pane, sheet, labels, (count + index % 7, 20, 30))
            for index, (sheet, labels) in enumerate(series)
            for window, pane in self._windows
        ]
        message = Message("interactions-0", self._position, "acme", "positive", _START_MS, cells)
        self.merger.fold(self._position, message)
        self._position += 1


class _Plain(Collector):
    """The same samples through prometheus_client."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = rows

    def collect(self) -> Iterator[Metric]:
        # A counter's name is without the ending that its samples and its page have.
        metrics = {
            each.name: Metric(each.name.removesuffix("_total"), each.help, each.kind)
            for each in SERIES_FAMILIES
        }
        for row in sorted(self._rows):
            place = dict(zip(SERIES_LABELS, (*row.series, row.window), strict=True))
            for name, labels, value in sorted(samples(row.family, row.tally, _LIMITS)):
                metrics[name].add_sample(name, place | dict(labels), value)
        yield from metrics.values()


def _registry(rows: Iterable[Row]) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_Plain(rows))
    return registry


def _timed(work: Callable[[], bytes]) -> tuple[float, bytes]:
    began = time.process_time()
    made = work()
    return (time.process_time() - began) * 1000, made
