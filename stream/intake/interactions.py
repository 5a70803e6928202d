"""What an interaction changes: one count in every series of its values. Most records are interactions."""

from collections import Counter
from typing import cast

from stream.intake.clocks import Clocks
from stream.intake.columns import Columns
from stream.intake.combination import Combination
from stream.intake.placement import Placer
from stream.intake.tally import Tallies
from stream.scoring.families import cell_of


class Interactions:
    """Says where interactions are counted; those with the same values share the answer."""

    def __init__(self, tallies: Tallies, placer: Placer) -> None:
        self.overflowed: Counter[str] = Counter()
        """By label, since they were last taken."""
        self._tallies = tallies
        self._placer = placer
        self._found: list[Combination] = []

    def find(self, combination: Combination, at_ms: int) -> bool:
        """See that an interaction of this time can be counted; whether it says that it was good or bad."""
        if combination.valence is None:
            return False
        placement = combination.placement = self._placer.place(combination.dims, at_ms)
        cell = cell_of("positive", combination.valence)
        combination.deltas = self._tallies.deltas(placement, "positive", cell)
        self._found.append(combination)
        self.overflowed.update(placement.overflowed)
        return True

    def count(self, admitted: Columns, clocks: Clocks) -> None:
        """Count interactions at their times, in order; the clocks go on with them.

        Only which series have a name depends on what time it is: for that alone the clocks are asked.
        """
        width_ms, told, times_ms = self._tallies.width_ms, 0, admitted.times_ms
        combinations = cast("list[Combination]", admitted.combinations)
        for i, (combination, at_ms) in enumerate(zip(combinations, times_ms, strict=True), 1):
            if at_ms >= combination.placement.until_ms:
                if combination.valence is None:
                    continue
                told = clocks.take(admitted, told, i)
                self.find(combination, at_ms)
            combination.deltas[at_ms // width_ms] += 1
        clocks.take(admitted, told, len(times_ms))

    def settle(self) -> None:
        """Forget where interactions are counted: it is good until the tallies settle."""
        for combination in self._found:
            combination.forget()
        self._found.clear()
