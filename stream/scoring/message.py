"""What a source partition tells stage two: its counts of a tenant and KPI family, and how far it is."""

from collections.abc import Sequence
from typing import NamedTuple

import orjson

SourceName = str
"""`topic-partition` of a source partition."""
Labels = tuple[str, ...]
"""Level, view, channel, touchpoint, segment; of a cell with part of a sparse tally also which part."""
Sheet = tuple[SourceName, int]
"""A source partition, and one of the sheets that it makes of a pane's cells."""
Row = tuple[int, int, int, Labels, Sequence[int]]
"""window index, pane, sheet, series, counts."""
SHEET = 8
"""The cells of a pane come so many to a sheet, which is one record of a changelog: each by itself would be a
record of which most is its key. Cells with part of a sparse tally are large, and have a sheet each."""


class Message(NamedTuple):
    """What one source partition sends of one tenant and family, as absolute counts at its position."""

    source: SourceName
    position: int
    tenant: str
    family: str
    high_ms: int
    rows: Sequence[Row]


class Mark(NamedTuple):
    """How far a source partition has come; what it counted up to there was sent before.

    `mark_ms`: the time it has reached, -1: none. `tenants`: how many watched ones it knows of. `at_end`: by
    event time, that it was read to its end, and holds nobody back.
    """

    source: SourceName
    position: int
    mark_ms: int
    tenants: int
    at_end: bool = False


def series_of(labels: Labels) -> Labels:
    """The series that a cell is of."""
    return labels[:5]


def encode(app_id: str, told: Message | Mark) -> bytes:
    """As stored in the tallies topic; the application id keeps a rebuild beside us apart.

    Every series is spelled once, and rows have its place: most come once for each of many panes.
    """
    if isinstance(told, Mark):
        return orjson.dumps([app_id, *told])
    *head, rows = told
    places: dict[Labels, int] = {}
    short = [
        (window, pane, sheet, places.setdefault(series, len(places)), *counts)
        for window, pane, sheet, series, counts in rows
    ]
    return orjson.dumps([app_id, *head, list(places), short])


def decode(app_id: str, value: bytes | None) -> Message | Mark | None:
    """What was told, or None when it is another application's, or none at all."""
    if value is None:
        return None
    owner, *fields = orjson.loads(value)
    if owner != app_id:
        return None
    if len(fields) == len(Mark._fields):
        return Mark(*fields)
    *head, spelled, short = fields
    series = list(map(tuple, spelled))
    rows = [(window, pane, sheet, series[at], tuple(counts)) for window, pane, sheet, at, *counts in short]
    source, position, tenant, family, high_ms = head
    return Message(source, position, tenant, family, high_ms, rows)
