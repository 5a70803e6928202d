"""What answers and invitations add to tallies, looked up once by all that add the same until these settle."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from stream.intake.pending import Deltas
from stream.intake.placement import Placer
from stream.intake.splits import Split
from stream.intake.tally import Group, Tallies
from stream.scoring.answers import FAMILIES_OF, added, unpacked
from stream.scoring.families import cell_of

SENT: Final = b"\xff"
RESPONDED: Final = b"\xfe"
_RATE: Final = {SENT: cell_of("response", "sent"), RESPONDED: cell_of("response", "responded")}
"""What stands for answers where it is the invitation that counts."""
_Cell = tuple[str, int, int]
"""Family, cell, how much."""
_Effect = tuple[Sequence[tuple[Deltas, int]], Sequence[Group]]
"""Where to count how much; the families whose windows end no earlier than the event, if by event time."""


class Effects:
    """Counts answers and invitations where they belong, and takes them back."""

    def __init__(self, tallies: Tallies, placer: Placer) -> None:
        self._tallies = tallies
        self._placer = placer
        self._found: dict[tuple[Split, int, bytes, bytes, int], _Effect] = {}
        self._lifted: set[Group] = set()
        """Of which a later event was counted than before."""

    def add(
        self, split: Split, overflow: int, at_ms: int, answers: bytes, superseded: bytes, sign: int
    ) -> None:
        """Count answers at their time, or take them back (`sign` -1); of these, `superseded` do not count."""
        key = split, overflow, answers, superseded, sign
        effect = self._found.get(key)
        if effect is None:
            effect = self._found[key] = self._effect(split, overflow, *_recipe(answers, superseded, sign))
        cells, groups = effect
        base = at_ms // self._tallies.width_ms
        for deltas, amount in cells:
            deltas[base] += amount
        for group in groups:
            if at_ms > group.high_ms:
                group.high_ms = at_ms
                self._lifted.add(group)

    def settle(self) -> None:
        """Forget where to count: it is good until the tallies settle."""
        self._found.clear()
        for group in self._lifted:
            self._tallies.lifted(group)
        self._lifted.clear()

    def _effect(
        self, split: Split, overflow: int, cells: Iterable[_Cell], families: Iterable[str]
    ) -> _Effect:
        placement, tallies = self._placer.replace(split.dims, overflow), self._tallies
        return (
            [(tallies.deltas(placement, family, cell), amount) for family, cell, amount in cells],
            [tallies.group(split.dims.tenant, family) for family in families],
        )


@lru_cache(20_000)
def _recipe(answers: bytes, superseded: bytes, sign: int) -> tuple[Sequence[_Cell], Sequence[str]]:
    """What to count of answers, and the families whose windows end no earlier than these."""
    if answers in _RATE:
        return [("response", _RATE[answers], sign)], ("response",)
    cells = [
        (family, cell, sign * n) for family, cell, n in added(unpacked(answers.translate(None, superseded)))
    ]
    families = [family for family, _, _ in cells]
    if sign > 0:
        families += [family for metric, _ in unpacked(answers) for family in FAMILIES_OF[metric]]
    return cells, tuple(dict.fromkeys(families))
