"""From counts by narrow panes to those by the panes of every window. Pure.

event time // width ──▶ panes of window 0 ──▶ … ──▶ each from the widest narrower panes that fit into it
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

ByPane = Mapping[int, list[int]]
"""Counts by pane."""
Plus = Callable[[Iterable[list[int]]], list[int]]
"""Adds up counts."""


class Climb:
    """The ways up to the panes of some widths."""

    def __init__(self, widths: Sequence[int]) -> None:
        """`widths`: of each window's panes, in widths of the narrow ones."""
        self._steps = _steps(widths)

    def up(self, narrow: ByPane, add_up: Plus) -> list[ByPane]:
        """By window, the sums. Where nothing was to be added up they are the same objects."""
        levels: list[ByPane] = []
        for below, ratio in self._steps:
            found = narrow if below is None else levels[below]
            levels.append(found if ratio == 1 else _wider(found, ratio, add_up))
        return levels


def _wider(narrow: ByPane, ratio: int, add_up: Plus) -> ByPane:
    """The sums of panes `ratio` times as wide."""
    found: dict[int, list[list[int]]] = {}
    for pane, counts in narrow.items():
        found.setdefault(pane // ratio, []).append(counts)
    return {pane: several[0] if len(several) == 1 else add_up(several) for pane, several in found.items()}


def _steps(widths: Sequence[int]) -> list[tuple[int | None, int]]:
    """For each width the index of the widest earlier one that divides it (None: 1), and how often it fits."""
    steps: list[tuple[int | None, int]] = []
    for i, width in enumerate(widths):
        fitting = [(widths[j], j) for j in range(i) if width % widths[j] == 0]
        below, index = max(fitting, default=(1, None))
        steps.append((index, width // below))
    return steps
