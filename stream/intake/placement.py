"""Which series an event counts in: one for each view whose values it has, within the tenant's bound.

    dims (tenant, level, channel, touchpoint, segments)  ──views──▶  Placement: series of every view
                                                          │
                         more than CX_MAX_SERIES of the tenant: the new series' labels are `other`

A placement is remembered by its dims, so an event costs one look-up. What was counted in `other` is taken
from `other` again: the views that overflowed are kept, as a bit mask, with whatever may be taken back.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol, TypeVar

OTHER = "other"
_REMEMBERED = 4
_K = TypeVar("_K")

SeriesLabels = tuple[str, str, str, str, str]
"""level, by, channel, touchpoint, segment: a series without its tenant."""


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

    __slots__ = ("overflow", "overflowed", "series", "tenant")

    def __init__(
        self, tenant: str, series: tuple[SeriesLabels, ...], overflow: int, overflowed: tuple[str, ...]
    ) -> None:
        self.tenant = tenant
        self.series = series
        self.overflow = overflow
        """Bit i: the i-th view's series is `other`."""
        self.overflowed = overflowed
        """The labels that were replaced."""


class Placer:
    """Finds the series of an event."""

    def __init__(self, views: Sequence[View], segment_keys: Sequence[str], max_series: int) -> None:
        self._views = tuple(views)
        self._position = {key: i for i, key in enumerate(segment_keys)}
        self._max_series = max_series
        self._known: defaultdict[str, set[SeriesLabels]] = defaultdict(set)
        self._fresh: dict[Dims, Placement] = {}
        self._former: dict[tuple[Dims, int], Placement] = {}

    def place(self, dims: Dims) -> Placement:
        """The series that a new event with these values counts in."""
        placement = self._fresh.get(dims)
        if placement is None:
            placement = self._remember(self._fresh, dims, self._place(dims, None))
        return placement

    def replace(self, dims: Dims, overflow: int) -> Placement:
        """The series that an event was counted in, by its values and the overflow of its placement then."""
        key = dims, overflow
        placement = self._former.get(key)
        if placement is None:
            placement = self._remember(self._former, key, self._place(dims, overflow))
        return placement

    def _remember(self, cache: dict[_K, Placement], key: _K, placement: Placement) -> Placement:
        if len(cache) >= _REMEMBERED * self._max_series:
            cache.clear()
        cache[key] = placement
        return placement

    def _place(self, dims: Dims, overflow: int | None) -> Placement:
        found, mask, replaced = [], 0, set()
        for bit, view in enumerate(self._views):
            values = [self._value(dims, key) for key in view.keys]
            if None in values:
                continue
            series = _series(dims.level, view, values)
            if not self._fits(dims.tenant, view, series) if overflow is None else overflow >> bit & 1:
                mask |= 1 << bit
                replaced |= {_label(key) for key in view.keys}
                series = _series(dims.level, view, [OTHER] * len(values))
            found.append(series)
        return Placement(dims.tenant, tuple(found), mask, tuple(sorted(replaced)))

    def _fits(self, tenant: str, view: View, series: SeriesLabels) -> bool:
        known = self._known[tenant]
        if not view.keys or series in known:
            return True
        if len(known) >= self._max_series:
            return False
        known.add(series)
        return True

    def _value(self, dims: Dims, key: str) -> str | None:
        if key in ("channel", "touchpoint"):
            return dims.channel if key == "channel" else dims.touchpoint
        return dims.segments[self._position[key]]

    def restore(self, live: Iterable[tuple[str, SeriesLabels]]) -> None:
        """Begin with the series that are alive, as (tenant, series); all other room is free again."""
        self._known.clear()
        self._fresh.clear()
        for tenant, series in live:
            if series[1:] != ("total", "", "", "") and OTHER not in series[2:4]:
                self._known[tenant].add(series)


def _label(key: str) -> str:
    return key if key in ("channel", "touchpoint") else "segment"


def _series(level: str, view: View, values: Sequence[str | None]) -> SeriesLabels:
    by_key = dict(zip(view.keys, values, strict=True))
    segment = "+".join(value or "" for key, value in by_key.items() if _label(key) == "segment")
    return level, view.label, by_key.get("channel") or "", by_key.get("touchpoint") or "", segment
