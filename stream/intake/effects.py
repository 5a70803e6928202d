"""What answers and invitations add to tallies, looked up once by all that add the same until these settle."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from stream.intake.pending import Deltas
from stream.intake.placement import Dims, Placement, Placer
from stream.intake.tally import Group, Tallies
from stream.scoring.answers import FAMILIES_OF, added, unpacked
from stream.scoring.families import cell_of

SENT: Final = b"\xff"
RESPONDED: Final = b"\xfe"
_RATE: Final = {SENT: cell_of("response", "sent"), RESPONDED: cell_of("response", "responded")}
"""What stands for answers where it is the invitation that counts."""
_Cell = tuple[str, int, int]
"""Family, cell, how much."""
What = bytes | tuple[bytes, bytes, int]
"""What to count: answers; or answers, those of them that do not count for they are superseded, and a sign.

Most are answers alone, which cost less to look up. A sign of -1 takes back.
"""


class Effects:
    """Counts answers and invitations where they belong, and takes them back."""

    def __init__(self, tallies: Tallies, placer: Placer) -> None:
        self._tallies = tallies
        self._width_ms = tallies.width_ms
        self._placer = placer
        self._found: list[Placement] = []
        """Those that remember what is added with them."""
        self._groups: dict[tuple[str, Sequence[str]], Sequence[Group]] = {}
        """By tenant and families; one for all that raise the same."""
        self._high_ms: dict[Group, int] = {}
        """Of each of these groups, as it was before."""

    def add(self, dims: Dims, placement: Placement, at_ms: int, what: What) -> None:
        """Count at a time, in the series of a placement of these dims."""
        effect = placement.effects.get(what)
        if effect is None:
            effect = placement.effects[what] = self._find(dims, placement, what)
        base = at_ms // self._width_ms
        cells, groups = effect
        for deltas, amount in cells:
            deltas[base] += amount
        for group in groups:
            if at_ms > group.high_ms:  # noqa: PLR1730 - `max` is a call
                group.high_ms = at_ms

    def former(self, dims: Dims, overflow: int) -> Placement:
        """The placement in which something was counted before, by the overflow of that time."""
        return self._placer.replace(dims, overflow)

    def settle(self) -> None:
        """Forget where to count: it is good until the tallies settle."""
        for placement in self._found:
            placement.effects.clear()
        self._found.clear()
        self._groups.clear()
        for group, before_ms in self._high_ms.items():
            if group.high_ms > before_ms:
                self._tallies.lifted(group)
        self._high_ms.clear()

    def _find(
        self, dims: Dims, placement: Placement, what: What
    ) -> tuple[Sequence[tuple[Deltas, int]], Sequence[Group]]:
        """Where to count how much; the families whose windows, by event time, end no earlier than that."""
        if not placement.effects:
            self._found.append(placement)
        tallies, former = self._tallies, self._placer.replace(dims, placement.overflow)
        cells, families = _recipe(what)
        groups = self._groups.get((dims.tenant, families))
        if groups is None:
            groups = tuple([tallies.group(dims.tenant, family) for family in families])
            self._groups[dims.tenant, families] = groups
            for group in groups:
                self._high_ms.setdefault(group, group.high_ms)
        return tuple(
            [(tallies.deltas(former, family, cell), amount) for family, cell, amount in cells]
        ), groups


@lru_cache(20_000)
def _recipe(what: What) -> tuple[Sequence[_Cell], Sequence[str]]:
    """What to count of answers, and the families whose windows end no earlier than these."""
    answers, superseded, sign = (what, b"", 1) if isinstance(what, bytes) else what
    if answers in _RATE:
        return [("response", _RATE[answers], sign)], ("response",)
    cells = [
        (family, cell, sign * n) for family, cell, n in added(unpacked(answers.translate(None, superseded)))
    ]
    families = [family for family, _, _ in cells]
    if sign > 0:
        families += [family for metric, _ in unpacked(answers) for family in FAMILIES_OF[metric]]
    return cells, tuple(dict.fromkeys(families))
