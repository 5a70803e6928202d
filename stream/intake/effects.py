"""What answers and invitations add to tallies, looked up once by all that add the same until these settle."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from stream.intake.placement import Placer
from stream.intake.splits import Split
from stream.intake.tally import Deltas, Group, Tallies
from stream.scoring.answers import FAMILIES_OF, added, unpacked
from stream.scoring.families import cell_of

SENT: Final = cell_of("response", "sent")
RESPONDED: Final = cell_of("response", "responded")
_Cell = tuple[str, int, int]
"""Family, cell, how much."""


class Effect(NamedTuple):
    """Where to count how much."""

    cells: Sequence[tuple[Deltas, int]]
    groups: Sequence[Group]
    """Whose windows end no earlier than the event, if by event time."""


class Effects:
    """Counts answers and invitations where they belong, and takes them back."""

    def __init__(self, tallies: Tallies, placer: Placer) -> None:
        self._tallies = tallies
        self._placer = placer
        self._found: dict[tuple[Split, int, int, bytes | int, bytes], Effect] = {}

    def answers(
        self, split: Split, overflow: int, at_ms: int, answers: bytes, superseded: bytes, sign: int = 1
    ) -> None:
        """Count answers at their time, or take them back; of these, `superseded` do not count."""
        key = split, overflow, sign, answers, superseded
        effect = self._found.get(key)
        if effect is None:
            effect = self._found[key] = self._effect(split, overflow, *_recipe(answers, superseded, sign))
        self._add(effect, at_ms)

    def invitation(self, split: Split, overflow: int, at_ms: int, cell: int, sign: int = 1) -> None:
        """Count an invitation in a cell of the response rate, or take it back."""
        key = split, overflow, sign, cell, b""
        effect = self._found.get(key)
        if effect is None:
            cells = [("response", cell, sign)]
            effect = self._found[key] = self._effect(split, overflow, cells, ["response"])
        self._add(effect, at_ms)

    def settle(self) -> None:
        """Forget where to count: it is good until the tallies settle."""
        self._found.clear()

    def _effect(self, split: Split, overflow: int, cells: Iterable[_Cell], families: Iterable[str]) -> Effect:
        placement, tallies = self._placer.replace(split.dims, overflow), self._tallies
        return Effect(
            [(tallies.deltas(placement, family, cell), amount) for family, cell, amount in cells],
            [tallies.group(split.dims.tenant, family) for family in families],
        )

    def _add(self, effect: Effect, at_ms: int) -> None:
        base = at_ms // self._tallies.width_ms
        for deltas, amount in effect.cells:
            deltas[base] += amount
        for group in effect.groups:
            if at_ms > group.high_ms:
                self._tallies.lift(group, at_ms)


@lru_cache(20_000)
def _recipe(answers: bytes, superseded: bytes, sign: int) -> tuple[Sequence[_Cell], Sequence[str]]:
    """What to count of answers, and the families whose windows end no earlier than these."""
    cells = [
        (family, cell, sign * n) for family, cell, n in added(unpacked(answers.translate(None, superseded)))
    ]
    families = [family for family, _, _ in cells]
    if sign > 0:
        families += [family for metric, _ in unpacked(answers) for family in FAMILIES_OF[metric]]
    return cells, tuple(dict.fromkeys(families))
