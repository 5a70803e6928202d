"""What answers and invitations are split by: a few bytes in the state, looked up once by all that share it.

what the event says ──────────┐
its invitation, for the rest ─┴─▶ Split: dims, and which of them the event did not say ──▶ packed

    1iweb,cart      the level was not said: interaction; channel web, touchpoint cart
"""

from collections.abc import Sequence
from typing import Any, Final

from stream.intake.placement import NOWHERE, Dims, Placement, Placer

_LEVELS: Final = ("interaction", "journey", "relationship")
"""Packed as their initials: none is a hexadecimal digit, and no two are the same."""
_INITIALS: Final = {level[0]: level for level in _LEVELS}
_NO_LABEL: Final = ","
"""No character of a label's value; those may be [A-Za-z0-9_.:-], and not empty."""
_REMEMBERED: Final = 20_000


class Split:
    """What an event is split by."""

    __slots__ = ("dims", "missing", "packed", "placement")

    def __init__(self, dims: Dims, missing: int, packed: str) -> None:
        self.dims = dims
        self.missing = missing
        """Bit i: the event did not say the i-th of level, channel, touchpoint, segments…"""
        self.packed = packed
        """Without the tenant: what was not said, in hexadecimal digits; the level's initial; the values."""
        self.placement: Placement = NOWHERE
        """As of last time."""


class Splits:
    """The splits of one source partition; the last so many are remembered."""

    def __init__(self, placer: Placer, segment_keys: Sequence[str]) -> None:
        self._placer = placer
        self._segment_keys = tuple(segment_keys)
        self._none = (None,) * len(self._segment_keys)
        self._said: dict[tuple[Any, ...], Split] = {}
        self._known: dict[tuple[str, str], Split] = {}

    def said(self, tenant: str, data: Any, asked: str = "") -> Split:
        """What an event says of itself; `asked`: the split, packed, of the invitation that says the rest."""
        given = data.segments
        segments = tuple([given.get(key) for key in self._segment_keys]) if given else self._none
        key = tenant, data.level, data.channel, data.touchpoint, segments, asked
        split = self._said.get(key)
        if split is None:
            if len(self._said) >= _REMEMBERED:
                self._said.clear()
            values = (data.level, data.channel, data.touchpoint, *segments)
            missing = sum(1 << i for i, value in enumerate(values) if value is None)
            split = self._said[key] = self._filled(tenant, values, missing, asked)
        return split

    def within(self, split: Split, asked: str) -> Split:
        """The same event once its invitation is known."""
        _, *values, segments = split.dims
        return self._filled(split.dims.tenant, (*values, *segments), split.missing, asked)

    def unpacked(self, tenant: str, packed: str) -> Split:
        """The split that was packed so."""
        split = self._known.get((tenant, packed))
        if split is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            split = self._known[tenant, packed] = Split(*_unpacked(tenant, packed), packed)
        return split

    def place(self, split: Split, at_ms: int) -> Placement:
        """The series that a new event of this time counts in."""
        placement = split.placement
        if at_ms >= placement.until_ms:
            placement = split.placement = self._placer.place(split.dims, at_ms)
        return placement

    def _filled(self, tenant: str, values: Sequence[str | None], missing: int, asked: str) -> Split:
        """Fill in what the event did not say; only then its level defaults to `interaction`."""
        filled = list(values)
        if asked:
            dims = self.unpacked(tenant, asked).dims
            known = (dims.level, dims.channel, dims.touchpoint, *dims.segments)
            filled = [known[i] if missing >> i & 1 else value for i, value in enumerate(filled)]
        level = filled[0] or _LEVELS[0]
        values = _NO_LABEL.join([value or "" for value in filled[1:]])
        return self.unpacked(tenant, f"{missing:x}{level[0]}{values}")


def _unpacked(tenant: str, packed: str) -> tuple[Dims, int]:
    """What is said, and which of it the event did not say itself."""
    at = next(i for i, character in enumerate(packed) if character in _INITIALS)
    channel, touchpoint, *segments = [value or None for value in packed[at + 1 :].split(_NO_LABEL)]
    return Dims(tenant, _INITIALS[packed[at]], channel, touchpoint, tuple(segments)), int(packed[:at], 16)
