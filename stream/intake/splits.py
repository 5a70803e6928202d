"""What answers and invitations are split by: a few bytes in the state, looked up once by all that share it.

what the event says ──────────┐
its invitation, for the rest ─┴─▶ Split: dims, and which of them the event did not say ──▶ packed
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from stream.intake.placement import NOWHERE, Dims, Placement, Placer

_LEVELS: Final = ("interaction", "journey", "relationship")
"""Packed as their places: new ones come last."""
_REMEMBERED: Final = 20_000


class Split:
    """What an event is split by."""

    __slots__ = ("dims", "missing", "packed", "placement")

    def __init__(self, dims: Dims, missing: int, packed: bytes) -> None:
        self.dims = dims
        self.missing = missing
        """Bit i: the event did not say the i-th of level, channel, touchpoint, segments…"""
        self.packed = packed
        """Without the tenant."""
        self.placement: Placement = NOWHERE
        """As of last time."""


class Splits:
    """The splits of one source partition; the last so many are remembered."""

    def __init__(self, placer: Placer, segment_keys: Sequence[str]) -> None:
        self._placer = placer
        self._segment_keys = tuple(segment_keys)
        self._none = (None,) * len(self._segment_keys)
        self._said: dict[tuple[Any, ...], Split] = {}
        self._known: dict[tuple[str, bytes], Split] = {}
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode: msgspec.msgpack.Decoder[list[Any]] = msgspec.msgpack.Decoder(list[Any])

    def said(self, tenant: str, data: Any, asked: bytes = b"") -> Split:
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

    def within(self, split: Split, asked: bytes) -> Split:
        """The same event once its invitation is known."""
        _, *values, segments = split.dims
        return self._filled(split.dims.tenant, (*values, *segments), split.missing, asked)

    def unpacked(self, tenant: str, packed: bytes) -> Split:
        """The split that was packed so."""
        split = self._known.get((tenant, packed))
        if split is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            missing, level, channel, touchpoint, *segments = self._decode.decode(packed)
            dims = Dims(tenant, _LEVELS[level], channel, touchpoint, tuple(segments))
            split = self._known[tenant, packed] = Split(dims, missing, packed)
        return split

    def place(self, split: Split, at_ms: int) -> Placement:
        """The series that a new event of this time counts in."""
        placement = split.placement
        if at_ms >= placement.until_ms:
            placement = split.placement = self._placer.place(split.dims, at_ms)
        return placement

    def _filled(self, tenant: str, values: Sequence[str | None], missing: int, asked: bytes) -> Split:
        """Fill in what the event did not say; only then its level defaults to `interaction`."""
        filled = list(values)
        if asked:
            dims = self.unpacked(tenant, asked).dims
            known = (dims.level, dims.channel, dims.touchpoint, *dims.segments)
            filled = [known[i] if missing >> i & 1 else value for i, value in enumerate(filled)]
        level = _LEVELS.index(filled[0] or _LEVELS[0])
        return self.unpacked(tenant, self._encode([missing, level, *filled[1:]]))
