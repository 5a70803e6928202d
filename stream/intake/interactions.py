"""What an interaction changes: one count in every series of its values. Most records are interactions."""

from collections import Counter

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

    def settle(self) -> None:
        """Forget where interactions are counted: it is good until the tallies settle."""
        for combination in self._found:
            combination.forget()
        self._found.clear()
