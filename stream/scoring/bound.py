"""Which series of a tenant and KPI family are shown by name, and which together as `other`. Pure.

Each source partition keeps within CX_MAX_SERIES, but together they can name a multiple of it. So the bound
holds again where they are merged: the first CX_MAX_SERIES series keep their names, the counts of the others
add up in the `other` of their view. A series is shown the same way for as long as any count of it is held, so
what was added is what is taken away; after a restart the largest keep their names.
"""

from collections import Counter
from collections.abc import Mapping

from stream.scoring.message import Labels

OTHER = "other"


class Bound:
    """The names of one tenant and KPI family."""

    __slots__ = ("_held", "_most", "_named", "_shown", "overflowed")

    def __init__(self, most: int) -> None:
        """At most so many series are shown by name; `total` and `other` come on top."""
        self._most = most
        self._named = 0
        self._held: dict[Labels, tuple[Labels, int]] = {}
        """How many cells of each series are held; the key again, since a dict does not give it back."""
        self._shown: dict[Labels, Labels] = {}
        self.overflowed: Counter[str] = Counter()
        """By label, series that went to `other` since this was last emptied."""

    def hold(self, series: Labels) -> Labels:
        """One more cell of a series is held; returns the one object that all its cells may share."""
        shared, cells = self._held.get(series, (series, 0))
        self._held[series] = shared, cells + 1
        return shared

    def release(self, series: Labels) -> None:
        """One cell less; with the last one the series is forgotten, and its room is free."""
        shared, cells = self._held[series]
        if cells > 1:
            self._held[series] = shared, cells - 1
            return
        del self._held[series]
        shown = self._shown.pop(series, None)
        self._named -= shown == series and _takes_room(series)

    def shown(self, series: Labels) -> Labels:
        """The series under which a series is shown."""
        found = self._shown.get(series)
        if found is None:
            found = self._shown[series] = self._decide(series)
            if found != series:
                self.overflowed.update(_labels(series))
        return found

    def settle(self, sizes: Mapping[Labels, int]) -> None:
        """All is loaded: the largest series keep their names."""
        self._shown.clear()
        self._named = 0
        for series in sorted(sizes, key=lambda each: (-sizes[each], each)):
            self._shown[series] = self._decide(series)

    def _decide(self, series: Labels) -> Labels:
        if not _takes_room(series):
            return series
        if self._named >= self._most:
            return _other(series)
        self._named += 1
        return series


def _takes_room(series: Labels) -> bool:
    return series[1] != "total" and series != _other(series)


def _other(series: Labels) -> Labels:
    """The series of a view for all whose own is not shown: every value is `other`."""
    level, by, channel, touchpoint, segment = series
    return (
        level,
        by,
        channel and OTHER,
        touchpoint and OTHER,
        segment and "+".join([OTHER] * (1 + segment.count("+"))),
    )


def _labels(series: Labels) -> list[str]:
    names = ("channel", "touchpoint", "segment")
    return [name for name, value in zip(names, series[2:], strict=True) if value]
