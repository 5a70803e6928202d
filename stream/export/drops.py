"""What is watched for drops, as metrics and as JSON: evidence, and of a drop its size and parts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from stream.alerts.closing import Key
from stream.alerts.lookout import Standing
from stream.catalogue import SERIES_LABELS
from stream.scoring.estimates import Labels, Sample

Line: TypeAlias = Callable[[Labels, Sample], str]
"""Writes a sample of the series with these labels."""


def labels_of(standing: Standing) -> Labels:
    """The labels of a watched series; its window is empty, since the detector has none."""
    tenant, _, series = standing.series
    return tuple(zip(SERIES_LABELS, (tenant, *series, ""), strict=True))


def samples(standing: Standing) -> Iterator[Sample]:
    """What is exported of a watched series; size, onset and parts only while its alarm stands."""
    metric = ("metric", standing.series[1])
    yield Sample("cx_drop_evidence_ratio", (metric,), standing.evidence)
    yield Sample("cx_drop_active", (metric,), float(standing.active))
    yield Sample("cx_drop_late_answers_total", (metric,), float(standing.late))
    if standing.points is not None:
        yield Sample("cx_drop_points", (metric,), standing.points)
    if standing.since_ms is not None:
        yield Sample("cx_drop_since_timestamp_seconds", (metric,), standing.since_ms / 1000)
    for each in sorted(standing.contributions):
        own = (metric, ("view", each.view), ("value", each.value), ("part", each.part))
        yield Sample("cx_drop_contribution_points", own, each.points)


class Drops:
    """Writes lines, and remembers those of standings that did not change. For one thread at a time."""

    def __init__(self, line: Line) -> None:
        """Start with nothing remembered."""
        self._line = line
        self._texts: dict[Key, tuple[Standing, dict[str, str]]] = {}

    def blocks(self, standings: Iterable[Standing]) -> Mapping[str, bytes]:
        """The lines of each metric family, sorted by series."""
        former, self._texts = self._texts, {}
        texts: dict[str, list[str]] = {}
        for standing in sorted(standings, key=lambda each: (each.series[0], each.series[2], each.series[1])):
            known = former.get(standing.series)
            lines = known[1] if known is not None and known[0] is standing else self._lines(standing)
            self._texts[standing.series] = standing, lines
            for name, text in lines.items():
                texts.setdefault(name, []).append(text)
        return {name: "".join(parts).encode() for name, parts in texts.items()}

    def _lines(self, standing: Standing) -> dict[str, str]:
        labels, found = labels_of(standing), dict[str, str]()
        for sample in samples(standing):
            text = self._line(labels, sample)
            found[sample.metric_family] = found.get(sample.metric_family, "") + text
        return found


def drops(
    standings: Iterable[Standing], tenants: Collection[str], views: Collection[str]
) -> list[dict[str, Any]]:
    """Every watched series of these tenants and views (none: of all), those whose alarm stands first."""
    chosen = [
        each
        for each in standings
        if (not tenants or each.series[0] in tenants) and (not views or each.series[2][1] in views)
    ]
    chosen.sort(key=lambda each: (not each.active, each.series))
    return [_drop(each) for each in chosen]


def _drop(standing: Standing) -> dict[str, Any]:
    """Labels of the series, its metric, and what stands of it; `evidence` of 1 raises the alarm."""
    labels = {name: value for name, value in labels_of(standing) if name != "window"}
    return {
        **labels,
        "metric": standing.series[1],
        "evidence": standing.evidence,
        "active": standing.active,
        "points": standing.points,
        "since_ms": standing.since_ms,
        "contributions": [each._asdict() for each in standing.contributions],
        "late": standing.late,
    }
