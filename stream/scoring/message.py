"""What stage one sends to stage two: a source partition's counts of one tenant and KPI family."""

from collections.abc import Sequence
from typing import NamedTuple

import orjson

SourceName = str
"""`topic-partition` of a source partition."""
Labels = tuple[str, str, str, str, str]


class Message(NamedTuple):
    """What one source partition sends of one tenant and family, as absolute counts at its position."""

    source: SourceName
    position: int
    tenant: str
    family: str
    high_ms: int
    rows: Sequence[tuple[int, int, Labels, Sequence[int]]]
    """window index, pane, series, counts."""


def encode(app_id: str, message: Message) -> bytes:
    """A message as stored in the tallies topic; the application id keeps a rebuild beside us apart."""
    return orjson.dumps([app_id, *message])


def decode(app_id: str, value: bytes | None) -> Message | None:
    """The message, or None when it is another application's, or none at all."""
    if value is None:
        return None
    owner, source, position, tenant, family, high_ms, rows = orjson.loads(value)
    if owner != app_id:
        return None
    return Message(
        source, position, tenant, family, high_ms, [(w, p, tuple(s), tuple(c)) for w, p, s, c in rows]
    )
