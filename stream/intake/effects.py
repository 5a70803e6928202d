"""What answers and invitations add to tallies, looked up once by all that add the same until these settle."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from typing import Final

from stream.intake.group import Group
from stream.intake.pending import Deltas, Extent
from stream.intake.placement import Dims, Placement, Placer
from stream.intake.tally import Tallies
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


class _ByBase(dict[int, dict["Effect", int]]):
    """How often each effect was counted, by event time // width."""

    def __missing__(self, base: int) -> dict["Effect", int]:
        found = self[base] = {}
        return found


class Reach:
    """Where all that counts in the same families of a tenant is counted."""

    __slots__ = ("adds", "counts", "extents", "groups", "told")

    def __init__(self, groups: Sequence[Group]) -> None:
        self.groups = groups
        """Those whose windows, by event time, end no earlier than what is counted."""
        self.counts = _ByBase()
        self.adds = self.told = 0
        """What was added since the tallies were told of it, and of how many times they were."""
        self.extents: dict[Extent, int] = {}
        """What of the tallies' pending deltas it reaches: with each effect, at most so many by series."""


class Effect:
    """What is added to how many cells."""

    __slots__ = ("cells", "reach")

    def __init__(self, cells: Sequence[tuple[Deltas, int]], reach: Reach) -> None:
        self.cells = cells
        self.reach = reach


class Effects:
    """Counts answers and invitations where they belong, and takes them back."""

    def __init__(self, tallies: Tallies, placer: Placer) -> None:
        self._tallies = tallies
        self._width_ms = tallies.width_ms
        self._placer = placer
        self._found: list[Placement] = []
        """Those that remember what is added with them."""
        self._reaches: dict[tuple[str, Sequence[str]], Reach] = {}
        """By tenant and families."""
        self._high_ms: dict[Group, int] = {}
        """Of each group that is counted in, as it was before."""

    def add(self, dims: Dims, placement: Placement, at_ms: int, what: What) -> None:
        """Count at a time, in the series of a placement of these dims."""
        effect = placement.effects.get(what)
        if effect is None:
            effect = placement.effects[what] = self._find(dims, placement, what)
        reach = effect.reach
        reach.adds += 1
        counts = reach.counts[at_ms // self._width_ms]
        counts[effect] = counts.get(effect, 0) + 1
        for group in reach.groups:
            if at_ms > group.high_ms:  # noqa: PLR1730 - `max` is a call
                group.high_ms = at_ms

    def former(self, dims: Dims, overflow: int) -> Placement:
        """The placement in which something was counted before, by the overflow of that time."""
        return self._placer.replace(dims, overflow)

    def tell(self) -> None:
        """Let the tallies know what is pending here: no less than that."""
        for reach in self._reaches.values():
            if not reach.adds:
                continue
            adds, told, reach.adds, reach.told = reach.adds, reach.told, 0, len(reach.counts)
            bases = list(islice(reversed(reach.counts), len(reach.counts) - told))
            for extent, most in reach.extents.items():
                extent.singly += adds * most
                extent.bases.update(bases)

    def settle(self) -> None:
        """Count in the tallies, and forget where: it is good until they settle."""
        for placement in self._found:
            placement.effects.clear()
        self._found.clear()
        for reach in self._reaches.values():
            for base, counts in reach.counts.items():
                for effect, n in counts.items():
                    for deltas, amount in effect.cells:
                        deltas[base] = deltas.get(base, 0) + n * amount
        self._reaches.clear()
        for group, before_ms in self._high_ms.items():
            if group.high_ms > before_ms:
                self._tallies.lifted(group)
        self._high_ms.clear()

    def _find(self, dims: Dims, placement: Placement, what: What) -> Effect:
        """What to add to which cells."""
        if not placement.effects:
            self._found.append(placement)
        tallies, former = self._tallies, self._placer.replace(dims, placement.overflow)
        recipe, families = _recipe(what)
        reach = self._reaches.get((dims.tenant, families))
        if reach is None:
            groups = tuple([tallies.group(dims.tenant, family) for family in families])
            reach = self._reaches[dims.tenant, families] = Reach(groups)
            for group in groups:
                self._high_ms.setdefault(group, group.high_ms)
        cells = tuple([(tallies.deltas(former, family, cell), amount) for family, cell, amount in recipe])
        most = len(cells) * len(former.series)
        for deltas, _ in cells:
            if deltas.extent not in reach.extents:
                reach.told = 0  # it was told of no times yet
            reach.extents[deltas.extent] = max(reach.extents.get(deltas.extent, 0), most)
        return Effect(cells, reach)


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
