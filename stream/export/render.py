"""The families of series in the Prometheus text format and in OpenMetrics.

Byte for byte what ``prometheus_client`` would write for the same samples, at a fraction of its cost: between
two scrapes most windows of most series stand still, so the text of each is kept until its tally changes, and
a scrape is little more than one join: a series whose rows are the same objects costs one look.
Only the header lines differ between the two formats.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import groupby
from typing import Final, TypeAlias

from stream import catalogue
from stream.alerts.lookout import Standing
from stream.catalogue import MetricFamily
from stream.export.drops import Drops
from stream.export.numbers import number_text
from stream.scoring.estimates import Labels, Limits, Sample
from stream.scoring.families import Row, Rows, Series, Tally
from stream.scoring.kpis import samples

SERIES_FAMILIES: Final = tuple(
    family for family in catalogue.FAMILIES if family.of_series and family.available
)
"""The metric families rendered here, in the order of export."""

END: Final = b"# EOF\n"
"""The line that closes an OpenMetrics body, and no other."""

_Place: TypeAlias = tuple[str, str]  # window, KPI family: the order of a series' lines within a metric family


def render(rows: Iterable[Row], limits: Limits, *, openmetrics: bool) -> bytes:
    """Return the whole exposition of `rows`, once. Whoever renders again and again keeps a `Renderer`."""
    parts = Renderer(limits).parts([(row,) for row in rows], openmetrics=openmetrics)
    return b"".join((*parts, END) if openmetrics else parts)


class Renderer:
    """Renders rows, and remembers the text of those that did not change. For one thread at a time."""

    def __init__(self, limits: Limits) -> None:
        """Start with nothing remembered."""
        self._limits = limits
        self._texts: dict[Series, _SeriesText] = {}
        self._drops = Drops(lambda labels, sample: _line(sample, _label_text(labels + sample.labels)))

    def parts(
        self, series: Iterable[Rows], standings: Collection[Standing] = (), *, openmetrics: bool
    ) -> list[bytes]:
        """Return, to be joined, all families in catalogue order, without `END`.

        Samples are sorted by series, window and KPI family, then by their own labels.

        `series`: rows of one series each, in any number of tuples; at most one row for each window and KPI
        family. What is absent is forgotten.
        `standings`: what is watched for drops.
        """
        self._take(series)
        headers = _OPENMETRICS_HEADERS if openmetrics else _TEXT_HEADERS
        parts = {name: [header] for name, header in headers.items()}
        for text in self._texts.values():
            for name, block in text.blocks.items():
                parts[name].append(block)
        for name, block in self._drops.blocks(standings).items():
            parts[name].append(block)
        return [part for blocks in parts.values() for part in blocks]

    def _take(self, series: Iterable[Rows]) -> None:
        found: dict[Series, list[Rows]] = {}
        for rows in series:
            found.setdefault(rows[0].series, []).append(rows)
        known = self._texts
        if found.keys() != known.keys():
            self._texts = {each: known.get(each) or _SeriesText(each) for each in sorted(found)}
        for each, told in found.items():
            self._texts[each].take(told, self._limits)


class _SeriesText:
    """The text of all windows and KPI families of one series."""

    def __init__(self, series: Series) -> None:
        self.blocks: dict[str, bytes] = {}
        """The lines of each metric family; one that may not be shown is absent."""
        self._series = series
        self._told: list[Rows] = []
        self._tallies: dict[_Place, Tally] = {}
        self._lines: dict[_Place, _Lines] = {}

    def take(self, told: list[Rows], limits: Limits) -> None:
        """Make the lines anew where a tally changed, and drop those whose tally is gone."""
        if told == self._told:  # the same objects are equal without a look inside
            return
        tallies = {(row.window, row.family): row.tally for rows in told for row in rows}
        former, lines = self._tallies, self._lines
        if tallies.keys() != lines.keys():
            self._lines = {p: lines.get(p) or _Lines(self._series, *p) for p in sorted(tallies)}
        for place, tally in tallies.items():
            if former.get(place) != tally:
                self._lines[place].write(tally, limits)
        self._told, self._tallies = told, tallies  # not before: what was not written would count as known
        texts: dict[str, list[str]] = {}
        for each in self._lines.values():
            for name, text in each.by_name.items():
                texts.setdefault(name, []).append(text)
        self.blocks = {name: "".join(parts).encode() for name, parts in texts.items()}


class _Lines:
    """The lines of one series, window and KPI family, by metric family."""

    __slots__ = ("_family", "_label_texts", "_labels", "by_name")

    def __init__(self, series: Series, window: str, family: str) -> None:
        self.by_name: dict[str, str] = {}
        self._family = family
        self._labels = tuple(zip(catalogue.SERIES_LABELS, (*series, window), strict=True))
        self._label_texts: dict[Labels, str] = {}

    def write(self, tally: Tally, limits: Limits) -> None:
        """Replace the lines by those of another tally."""
        ordered = sorted(samples(self._family, tally, limits))
        by_name = groupby(ordered, lambda sample: sample.metric_family)
        self.by_name = {name: "".join([self._line(sample) for sample in lines]) for name, lines in by_name}

    def _line(self, sample: Sample) -> str:
        text = self._label_texts.get(sample.labels)
        if text is None:
            text = self._label_texts[sample.labels] = _label_text(self._labels + sample.labels)
        return _line(sample, text)


def _line(sample: Sample, label_text: str) -> str:
    return f"{sample.metric_family}{label_text} {number_text(sample.value)}\n"


def _label_text(labels: Labels) -> str:
    """Return the braces and what is in them, sorted by label name as ``prometheus_client`` sorts them."""
    return "{" + ",".join([f'{name}="{_escape(value)}"' for name, value in sorted(labels)]) + "}"


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _text_header(family: MetricFamily) -> bytes:
    help_ = family.help.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {family.name} {help_}\n# TYPE {family.name} {family.kind}\n".encode()


def _openmetrics_header(family: MetricFamily) -> bytes:
    name = family.openmetrics_name
    unit = f"# UNIT {name} {family.openmetrics_unit}\n" if family.openmetrics_unit else ""
    return f"# HELP {name} {_escape(family.help)}\n# TYPE {name} {family.kind}\n{unit}".encode()


_TEXT_HEADERS: Final = {family.name: _text_header(family) for family in SERIES_FAMILIES}
_OPENMETRICS_HEADERS: Final = {family.name: _openmetrics_header(family) for family in SERIES_FAMILIES}
