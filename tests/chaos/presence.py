"""When which series was exported by whom, from what was seen of it. Pure.

    worker A   ├──present──┤
    worker B                     ├──present──
                           └─────┘ missing

A series is with a worker from its first to its last sight in a row. What lies between two such stretches is
missing, what two have in common is doubled. Seconds of the monotonic clock.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

Series = str
_JOIN_S = 1.0


class Sight(NamedTuple):
    """What a scrape of one worker found, nothing without an answer; asked at `from_s`, answered at `to_s`."""

    seat: int
    from_s: float
    to_s: float
    series: frozenset[Series]


class Stretch(NamedTuple):
    """A span of time."""

    from_s: float
    to_s: float


def stretches(sights: Iterable[Sight]) -> dict[Series, list[Stretch]]:
    """By series, where it was with a worker; one entry for each worker and time."""
    found: dict[Series, list[Stretch]] = {}
    open_: dict[tuple[int, Series], Stretch] = {}
    former: dict[int, frozenset[Series]] = {}
    for sight in sorted(sights, key=lambda s: s.to_s):
        for series in former.get(sight.seat, frozenset()) - sight.series:
            found.setdefault(series, []).append(open_.pop((sight.seat, series)))
        for series in sight.series:
            begun = open_.get((sight.seat, series))
            open_[sight.seat, series] = Stretch(sight.to_s if begun is None else begun.from_s, sight.to_s)
        former[sight.seat] = sight.series
    for (_, series), stretch in open_.items():
        found.setdefault(series, []).append(stretch)
    return found


def missing(held: Sequence[Stretch], until_s: float) -> list[Stretch]:
    """Between its first sight and the end, when nobody had it."""
    gaps, reached_s = [], None
    for stretch in sorted(held):
        if reached_s is not None and stretch.from_s > reached_s:
            gaps.append(Stretch(reached_s, stretch.from_s))
        reached_s = max(stretch.to_s, reached_s or stretch.to_s)
    if reached_s is not None and reached_s < until_s - _JOIN_S:
        gaps.append(Stretch(reached_s, until_s))
    return gaps


def doubled(held: Sequence[Stretch]) -> list[Stretch]:
    """When two or more had it."""
    found, reached_s = [], float("-inf")
    for stretch in sorted(held):
        if stretch.from_s < reached_s:
            found.append(Stretch(stretch.from_s, min(stretch.to_s, reached_s)))
        reached_s = max(reached_s, stretch.to_s)
    return [stretch for stretch in found if stretch.to_s > stretch.from_s]


def joined(spans: Iterable[Stretch], gap_s: float = 0.0) -> list[Stretch]:
    """Spans that overlap, or lie less than `gap_s` apart, as one."""
    found: list[Stretch] = []
    for span in sorted(spans):
        if found and span.from_s <= found[-1].to_s + gap_s:
            found[-1] = Stretch(found[-1].from_s, max(found[-1].to_s, span.to_s))
        else:
            found.append(span)
    return found


def seconds(spans: Iterable[Stretch]) -> float:
    """How long the spans are together, what they have in common once."""
    return sum(span.to_s - span.from_s for span in joined(spans))


def recoveries(struck_s: Sequence[float], wrong: Iterable[Stretch]) -> list[float]:
    """For each strike, in order of time, the seconds until what went wrong before the next was right again.

    0 when nothing went wrong; when the next strike came before all was right, its wrong counts too.
    """
    spans, found = joined(wrong, _JOIN_S), []
    for i, at_s in enumerate(struck_s):
        next_s = struck_s[i + 1] if i + 1 < len(struck_s) else float("inf")
        ends = [span.to_s for span in spans if span.to_s > at_s and span.from_s < next_s]
        found.append(max(ends) - at_s if ends else 0.0)
    return found


def quantile(values: Sequence[float], share: float) -> float:
    """The nearest-rank quantile; 0 of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def by_kind(names: Sequence[str], values: Sequence[float]) -> Mapping[str, list[float]]:
    """Values grouped by name, in the order in which the names first come."""
    groups: dict[str, list[float]] = {}
    for name, value in zip(names, values, strict=True):
        groups.setdefault(name, []).append(value)
    return groups
