"""Which series an event counts in: one for each view whose values it has, within the tenant's bound.

    dims (tenant, level, channel, touchpoint, segments)  ──views──▶  Placement: series of every view
                                                          │
                         more than CX_MAX_SERIES of the tenant: the new series' labels are `other`

Who has a name and who does not follows from the records alone (`names.py`). A placement is remembered by its
dims, so an event costs one look-up. What was counted in `other` is taken from `other` again: the views that
overflowed are kept, as a bit mask, with whatever may be taken back.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Protocol

from stream.intake.names import Names, SeriesLabels

OTHER = "other"
_REMEMBERED = 4
_ALWAYS_MS, _NEVER_MS = 2**63, -(2**63)


class View(Protocol):
    """A way to split: `total` has no keys."""

    @property
    def label(self) -> str:
        """As spelled in CX_VIEWS."""
        ...

    @property
    def keys(self) -> tuple[str, ...]:
        """`channel`, `touchpoint` or segment keys."""
        ...


class Dims(NamedTuple):
    """What an event can be split by; None: it has none. `segments` are in the order of the keys."""

    tenant: str
    level: str
    channel: str | None
    touchpoint: str | None
    segments: tuple[str | None, ...]


class Placement:
    """The series of one combination of values."""

    __slots__ = ("effects", "named", "overflow", "overflowed", "series", "tenant", "until_ms")

    def __init__(
        self,
        tenant: str,
        series: tuple[SeriesLabels, ...],
        overflow: int,
        overflowed: tuple[str, ...],
        named: tuple[SeriesLabels, ...] = (),
    ) -> None:
        self.tenant = tenant
        self.series = series
        self.named = named
        """Those that take room."""
        self.overflow = overflow
        """Bit i: the i-th view's series is `other`."""
        self.overflowed = overflowed
        """The labels that were replaced."""
        self.effects: dict[Any, Any] = {}
        """What is counted with it (`effects.py`), for as long as that is good."""
        self.until_ms = _NEVER_MS
        """For events of that time or later, ask the placer again."""


NOWHERE: Final = Placement("", (), 0, ())
"""Says to ask the placer."""


class Placer:
    """Finds the series of an event."""

    def __init__(self, views: Sequence[View], segment_keys: Sequence[str], names: Names) -> None:
        self._views = tuple(views)
        self._position = {key: i for i, key in enumerate(segment_keys)}
        self._names = names
        self._fresh: dict[Dims, Placement] = {}
        self._former: dict[tuple[Dims, int], Placement] = {}

    def place(self, dims: Dims, at_ms: int) -> Placement:
        """The series that a new event with these values and this time counts in."""
        placement = self._fresh.get(dims)
        if placement is None or at_ms >= placement.until_ms:
            return self._look(dims, at_ms)
        return placement

    def replace(self, dims: Dims, overflow: int) -> Placement:
        """The series that an event was counted in, by its values and the overflow of its placement then."""
        key = dims, overflow
        placement = self._former.get(key)
        if placement is None:
            if len(self._former) >= _REMEMBERED * self._names.most:
                self._former.clear()
            placement = self._former[key] = self._place(dims, overflow, 0)
        return placement

    def expire(self, clock_ms: int) -> None:
        """Free the names that no window holds; `clock_ms`: the highest of the tenants' clocks."""
        if self._names.expire(clock_ms):
            self._forget()

    def _look(self, dims: Dims, at_ms: int) -> Placement:
        """Decide anew, where room may have become free or a name is used longer than before."""
        pane = self._names.pane(at_ms)
        if self._names.free(dims.tenant) or len(self._fresh) >= _REMEMBERED * self._names.most:
            self._forget()
        placement = self._fresh.get(dims)
        if placement is None:
            placement = self._fresh[dims] = self._place(dims, None, pane)
        for series in placement.named:
            self._names.use(dims.tenant, series, pane)
        if not placement.overflow:
            until_ms = self._names.end_ms(pane) if placement.named else _ALWAYS_MS
            placement.until_ms = max(placement.until_ms, until_ms)
        return placement

    def _forget(self) -> None:
        """Whoever still holds a placement must ask again."""
        for placement in self._fresh.values():
            placement.until_ms = _NEVER_MS
        self._fresh.clear()

    def _place(self, dims: Dims, overflow: int | None, pane: int) -> Placement:
        found, named, mask, replaced = [], [], 0, set()
        for bit, view in enumerate(self._views):
            values = [self._value(dims, key) for key in view.keys]
            if None in values:
                continue
            series, other = (_series(dims.level, view, each) for each in (values, [OTHER] * len(values)))
            if overflow is not None:
                fits = not overflow >> bit & 1
            else:
                fits = series == other or self._names.use(dims.tenant, series, pane)
            if not fits:
                mask |= 1 << bit
                replaced |= {_label(key) for key in view.keys}
            elif series != other:
                named.append(series)
            found.append(series if fits else other)
        return Placement(dims.tenant, tuple(found), mask, tuple(sorted(replaced)), tuple(named))

    def _value(self, dims: Dims, key: str) -> str | None:
        if key in ("channel", "touchpoint"):
            return dims.channel if key == "channel" else dims.touchpoint
        return dims.segments[self._position[key]]


def _label(key: str) -> str:
    return key if key in ("channel", "touchpoint") else "segment"


def _series(level: str, view: View, values: Sequence[str | None]) -> SeriesLabels:
    by_key = dict(zip(view.keys, values, strict=True))
    segment = "+".join(value or "" for key, value in by_key.items() if _label(key) == "segment")
    return level, view.label, by_key.get("channel") or "", by_key.get("touchpoint") or "", segment
