"""Window arithmetic: integer milliseconds, half-open intervals.

A window of size S ends at time E and is made of `count` panes of width w = S / count::

      pane k-count+1                     pane k
    ├───────────┼───────────┼── … ──┼───────────┤
    [ … )        [ … )                [k·w, (k+1)·w)
                                           ▲ E lies in pane k = ⌊E / w⌋

Panes are half-open, so an event at exactly (k+1)·w counts in pane k+1. A pane is at most 1/60 of its window.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

PANES = 60


class Window(Protocol):
    """A window as the settings hold it."""

    @property
    def label(self) -> str:
        """As spelled by the operator, such as ``5m``."""
        ...

    @property
    def size_ms(self) -> int:
        """Length in milliseconds."""
        ...


class Ladder(NamedTuple):
    """How one window is cut into panes."""

    label: str
    width_ms: int
    panes: int

    def pane(self, at_ms: int) -> int:
        """The number of the pane that holds the time."""
        return at_ms // self.width_ms

    def first(self, end_ms: int) -> int:
        """The first pane of the window that ends in the pane of ``end_ms``."""
        return end_ms // self.width_ms - self.panes + 1


DETECTOR = Ladder("", 60_000, 180)
"""The panes in which drops are looked for. Answers later than three hours are too late for it, uncounted."""


def rung(window: Window) -> Ladder:
    """The widest pane of at most 1/60 of the window that divides it into whole panes.

    Raises ValueError for a window shorter than 60 ms.
    """
    if window.size_ms < PANES:
        raise ValueError(f"window {window.label} is shorter than {PANES} ms")
    count = next(n for n in range(PANES, window.size_ms + 1) if window.size_ms % n == 0)
    return Ladder(window.label, window.size_ms // count, count)


def ladders(windows: Sequence[Window]) -> tuple[Ladder, ...]:
    """One ladder a window, in the order of the settings."""
    return tuple(rung(window) for window in windows)


def longest(rungs: Sequence[Ladder]) -> int:
    """The index of the longest window."""
    return max(range(len(rungs)), key=lambda window: rungs[window].width_ms * rungs[window].panes)


def common_width_ms(rungs: Sequence[Ladder]) -> int:
    """The widest pane from which every ladder's pane can be told: the greatest common divisor."""
    return math.gcd(*(each.width_ms for each in rungs))
