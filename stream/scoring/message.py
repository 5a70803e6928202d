"""What a source partition tells stage two: its counts of a tenant and KPI family, and how far it is."""

from collections.abc import Sequence
from typing import NamedTuple

import orjson

SourceName = str
"""`topic-partition` of a source partition."""
Labels = tuple[str, ...]
"""Level, view, channel, touchpoint, segment; of a cell with part of a sparse tally also which part."""


class Message(NamedTuple):
    """What one source partition sends of one tenant and family, as absolute counts at its position."""

    source: SourceName
    position: int
    tenant: str
    family: str
    high_ms: int
    rows: Sequence[tuple[int, int, Labels, Sequence[int]]]
    """window index, pane, series, counts."""


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
    """As stored in the tallies topic; the application id keeps a rebuild beside us apart."""
    return orjson.dumps([app_id, *told])


def decode(app_id: str, value: bytes | None) -> Message | Mark | None:
    """What was told, or None when it is another application's, or none at all."""
    if value is None:
        return None
    owner, *fields = orjson.loads(value)
    if owner != app_id:
        return None
    if len(fields) == len(Mark._fields):
        return Mark(*fields)
    source, position, tenant, family, high_ms, rows = fields
    return Message(
        source, position, tenant, family, high_ms, [(w, p, tuple(s), tuple(c)) for w, p, s, c in rows]
    )
