"""When a customer was active, from the changes of all their subscriptions. Pure.

    subscription 1   started ├──────┤ paused     resumed ├────┤ cancelled
    subscription 2                      started ├─────────────────┤ cancelled
    active                   ├──────┤           ├─────────────────┤

A change holds from its time on, be it past or to come: started and resumed make a subscription active,
paused and cancelled end that. Of changes of one subscription at one time the later named here wins: started,
resumed, paused, cancelled.
"""

from collections.abc import Iterable
from typing import Final

from stream.scoring.steps import Spell

STARTED: Final = 0
RESUMED: Final = 1
PAUSED: Final = 2
CANCELLED: Final = 3
FOREVER_MS: Final = 2**53

Change = tuple[int, int, int]
"""Subscription, time in milliseconds, kind."""


def spells(changes: Iterable[Change]) -> list[Spell]:
    """The customer's spells in milliseconds, in order and apart; one without an end lasts for ever."""
    return union(each for own in by_subscription(changes).values() for each in _own(own))


def by_subscription(changes: Iterable[Change]) -> dict[int, list[tuple[int, int]]]:
    """Time and kind of each subscription's changes, in order."""
    found: dict[int, list[tuple[int, int]]] = {}
    for subscription, at_ms, kind in sorted(changes):
        found.setdefault(subscription, []).append((at_ms, kind))
    return found


def _own(changes: Iterable[tuple[int, int]]) -> list[Spell]:
    found: list[Spell] = []
    since_ms: int | None = None
    for at_ms, kind in changes:
        if kind >= PAUSED and since_ms is not None:
            found.append((since_ms, at_ms))
            since_ms = None
        elif kind < PAUSED and since_ms is None:
            since_ms = at_ms
    if since_ms is not None:
        found.append((since_ms, FOREVER_MS))
    return found


def union(spans: Iterable[Spell]) -> list[Spell]:
    """Spans joined where they touch or overlap, in order; empty ones are none."""
    found: list[Spell] = []
    for from_ms, to_ms in sorted(spans):
        if from_ms >= to_ms:
            continue
        if found and from_ms <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], to_ms)
        else:
            found.append((from_ms, to_ms))
    return found
