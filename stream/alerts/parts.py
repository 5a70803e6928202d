"""Which series are watched, and which are parts of them. Pure.

A view that splits by more keys than a watched one splits each of its series: with `channel` watched,
`channel+touchpoint` tells by touchpoint where a channel's score comes from.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from stream.alerts.watcher import Part
from stream.scoring.families import Tally
from stream.scoring.message import Labels
from stream.values import View

_MOST_PARTS = 500
"""Of one series in a pane; more are among the answers without a value."""


class Split(NamedTuple):
    """A watched series in a pane: all of it, and its parts."""

    whole: Tally
    parts: dict[Part, Tally]


def splits(panes: Mapping[Labels, Tally], watched: View, views: Iterable[View]) -> dict[Labels, Split]:
    """The series of the watched view, by labels, out of all series of one level in a pane."""
    found = {series: Split(counts, {}) for series, counts in panes.items() if series[1] == watched.label}
    finer = {view.label: view for view in views if set(watched.keys) < set(view.keys)}
    for series in sorted(panes):
        view = finer.get(series[1])
        if view is None:
            continue
        values = dict(_values(series, view))
        split = found.get(_series(series[0], watched, values))
        if split is not None and len(split.parts) < _MOST_PARTS:
            rest = [key for key in view.keys if key not in watched.keys]
            split.parts["+".join(rest), "+".join(values[key] for key in rest)] = panes[series]
    return found


def _values(series: Labels, view: View) -> Iterator[tuple[str, str]]:
    """The values of a view's keys."""
    _, _, channel, touchpoint, segment = series
    segments = iter(segment.split("+"))
    for key in view.keys:
        yield key, channel if key == "channel" else touchpoint if key == "touchpoint" else next(segments)


def _series(level: str, view: View, values: Mapping[str, str]) -> Labels:
    """The series of a view that has these values."""
    own = {key: values[key] for key in view.keys}
    channel, touchpoint = own.pop("channel", ""), own.pop("touchpoint", "")
    return level, view.label, channel, touchpoint, "+".join(own.values())
