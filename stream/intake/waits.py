"""When a ticket's customer waited, from its events in the order of their times. Pure.

    opened        bot       human     human       reopened          resolved
      │            ·          │         ·             │                 │
      ├──── first response ───┤                       ├── waits … ──────┤  (a human may still answer)

Each start (opened, reopened, handed over) begins anew: a wait before it that had no answer is dropped. Only
people end a measurement. Resolving ends the waiting; should somebody answer after it, that is the first
response all the same.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

START: Final = 0
RESPONSE: Final = 1
RESOLVED: Final = 2
"""Of events at one time, the lower kind comes first."""

Moment = tuple[int, int]
"""Time in milliseconds, kind."""


class Waits(NamedTuple):
    """First responses as (start, response) in milliseconds; since when the customer waits now, or None."""

    answered: tuple[tuple[int, int], ...]
    since_ms: int | None


def waits(moments: Iterable[Moment]) -> Waits:
    """What the events of one ticket come to; it does not matter in which order they are given."""
    answered = []
    since_ms: int | None = None
    resolved = False
    for at_ms, kind in sorted(moments):
        if kind == START:
            since_ms, resolved = at_ms, False
        elif kind == RESOLVED:
            resolved = True
        elif since_ms is not None:
            answered.append((since_ms, at_ms))
            since_ms = None
    return Waits(tuple(answered), None if resolved else since_ms)
