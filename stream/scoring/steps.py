"""Counts of customers at a window's two ends, as steps along the panes that the window may end in. Pure.

A customer is active over spells. Of a window of n panes that ends in pane k, the start is what was true when
pane k-n ended, the end what is true when pane k ends::

    active        ├──────────────┤                 spell, in panes
    at the start       ├──────────────┤            the same, n panes later
    lost                         ├────┤            there at the start, and not at the end

Each is a step function of k, stored as what changes at which pane; its value is the sum of all changes up to
k. So a loss that lies in the future needs no event to come about: the window reaches it. Key of a change:
twice its pane, and one more for the lost. What every window has reached may be added up under pane 0.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from stream.scoring.sparse import pairs

ACTIVE: Final = 0
LOST: Final = 1
CHUNK: Final = 64
"""Panes of which the changes are stored together."""

Spell = tuple[int, int]
"""From, to: half-open; in milliseconds or in panes."""


def changes(spells: Iterable[Spell], width_ms: int, panes: int) -> dict[int, int]:
    """Return by key what a customer with these spells (ms, in order, apart) changes of a window of panes."""
    active = _in_panes(spells, width_ms)
    start = [(from_ + panes, to + panes) for from_, to in active]
    found: dict[int, int] = {}
    for kind, spans in ((ACTIVE, start), (LOST, _without(start, active))):
        for from_, to in spans:
            for pane, delta in ((from_, 1), (to, -1)):
                key = 2 * pane + kind
                found[key] = found.get(key, 0) + delta
    return {key: delta for key, delta in found.items() if delta}


def chunk_of(key: int) -> int:
    """The chunk that a change is stored in."""
    return key // 2 // CHUNK


def reached(flat: Sequence[int], pane: int) -> tuple[int, int]:
    """Add up the changes up to a pane: active at the start, lost."""
    found = [0, 0]
    for key, delta in pairs(flat):
        if key // 2 <= pane:
            found[key & 1] += delta
    return found[ACTIVE], found[LOST]


def _in_panes(spells: Iterable[Spell], width_ms: int) -> list[Spell]:
    """The panes at whose ends a customer is active; a spell within one pane is not seen."""
    found: list[Spell] = []
    for from_ms, to_ms in spells:
        from_, to = max(0, from_ms // width_ms), max(0, to_ms // width_ms)
        if found and found[-1][1] >= from_:
            found[-1] = found[-1][0], max(found[-1][1], to)
        elif from_ < to:
            found.append((from_, to))
    return found


def _without(spans: Iterable[Spell], others: Sequence[Spell]) -> list[Spell]:
    """What of the spans is in none of the others."""
    left = list(spans)
    for from_, to in others:
        left = [
            part
            for span in left
            for part in ((span[0], min(span[1], from_)), (max(span[0], to), span[1]))
            if part[0] < part[1]
        ]
    return left
