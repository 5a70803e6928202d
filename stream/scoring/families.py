"""What is counted for each KPI family, and for which series.

A *tally* is a tuple of whole numbers, one for each cell of its family. The tallies of one series add up cell
by cell: over panes to a window, over source partitions to a series. Everything exported for a series and
window is a function of such a tally (``kpis.py``), so nothing but counts has to be kept or moved.

=========  =============================  ================================
family     cells                          a value is
=========  =============================  ================================
nps        promoter, passive, detractor   the answer, 0 to 10
csat       1, 2, 3, 4, 5                  the answer
ces        1, 2, 3, 4, 5, 6, 7            the answer
needs      high, middle, low              the answer, 1 to 5
ease       high, middle, low              the answer, 1 to 5
enjoyment  high, middle, low              the answer, 1 to 5
pyramid    sums of these three            (joint: ``trio.py``)
index      sums of three answers          (joint: ``trio.py``)
positive   positive, neutral, negative    the valence of an interaction
response   sent, responded                what became of an invitation
journey    achieved, failed, abandoned    how a journey ended
buyers     once, again                    how often a customer bought
=========  =============================  ================================

``journey_duration``, ``first_response`` and ``first_response_business`` are sparse: counts by bucket
(``sketch.py``). ``waiting`` is too: tickets by the time since when they wait. ``churn_subscription`` and
``churn_purchase`` are customers active at a window's start, and of these lost at its end (``steps.py``).
``value`` is sparse: what customers are worth (``worth.py``), at the time of their first purchase.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from stream.scoring import trio

_PART: Final = 1_024
_WAITING: Final = 2**22
"""Of keys that are times in ms: a good hour. One second each would leave a cell for every ticket."""

Tally: TypeAlias = tuple[int, ...]
Value: TypeAlias = int | str


@dataclass(frozen=True, slots=True)
class Family:
    """The layout of one KPI family's tallies.

    `cell_by_value` maps every value on the family's scale to the index in `cells` of the cell that it adds 1
    to; empty where a contribution is more than one cell.
    """

    name: str
    cells: tuple[str, ...]
    cell_by_value: Mapping[Value, int] = field(repr=False)
    part: int = 0
    """Of a sparse family, which has no cells but keys with counts (``sparse.py``), how many keys in a row are
    kept together; 0: it is not sparse."""
    steps: bool = False
    """Whether it compares the two ends of a window: what is moved are steps (``steps.py``), no tallies."""
    standing: bool = False
    """Whether it tells how things stand where a window ends, whenever they began: one figure for all windows.

    Kept for the longest window alone; a row of it is how many there are, and how old the oldest is in ms.
    """

    dated: bool = False
    """Whether it depends on the day a window ends on: a row of it begins with that (days since 1970)."""

    @property
    def sparse(self) -> bool:
        """Whether it has keys with counts instead of cells."""
        return self.part > 0

    @property
    def empty(self) -> Tally:
        """The tally of nothing: one zero for each cell."""
        return (0,) * len(self.cells)


class Series(NamedTuple):
    """One line of scores. Every field is a label of the metrics; ``""`` where the view does not use it."""

    tenant: str
    level: str
    by: str
    channel: str
    touchpoint: str
    segment: str


class Row(NamedTuple):
    """The tally of one series and KPI family in one window (`window` is the label, such as ``"1h"``)."""

    series: Series
    family: str
    window: str
    tally: Tally


def _family(name: str, cells: tuple[str, ...], cell_by_value: dict[Value, int]) -> Family:
    return Family(name, cells, MappingProxyType(cell_by_value))


def _by_value(name: str, values: range) -> Family:
    """Make a family with one cell for each answer of its scale: means need every value's own count."""
    return _family(name, tuple(map(str, values)), {value: cell for cell, value in enumerate(values)})


def _by_name(name: str, *cells: str) -> Family:
    return _family(name, cells, {value: cell for cell, value in enumerate(cells)})


def _three_boxes(name: str) -> Family:
    """Make a family for answers 1 to 5 of which only the boxes 4-5, 3 and 1-2 matter."""
    cells: dict[Value, int] = {5: 0, 4: 0, 3: 1, 2: 2, 1: 2}
    return _family(name, ("high", "middle", "low"), cells)


def _joint(name: str, metrics: tuple[str, ...]) -> Family:
    return _family(name, trio.cells(metrics), {})


def _sparse(name: str) -> Family:
    return Family(name, (), MappingProxyType({}), part=_PART)


def _nps_cell(answer: int) -> int:
    """Promoter 9-10, passive 7-8, detractor 0-6."""
    return 0 if answer >= 9 else 1 if answer >= 7 else 2


PYRAMID_METRICS: Final = ("needs", "ease", "enjoyment")
INDEX_METRICS: Final = ("satisfaction", "expectations", "ideal")

FAMILIES: Final[Mapping[str, Family]] = MappingProxyType(
    {
        family.name: family
        for family in (
            _family(
                "nps",
                ("promoter", "passive", "detractor"),
                {answer: _nps_cell(answer) for answer in range(11)},
            ),
            _by_value("csat", range(1, 6)),
            _by_value("ces", range(1, 8)),
            *map(_three_boxes, PYRAMID_METRICS),
            _joint("pyramid", PYRAMID_METRICS),
            _joint("index", INDEX_METRICS),
            _by_name("positive", "positive", "neutral", "negative"),
            _by_name("response", "sent", "responded"),
            _by_name("journey", "achieved", "failed", "abandoned"),
            _sparse("journey_duration"),
            _sparse("first_response"),
            _sparse("first_response_business"),
            Family("churn_subscription", ("active", "lost"), MappingProxyType({}), steps=True),
            Family("churn_purchase", ("active", "lost"), MappingProxyType({}), steps=True),
            _by_name("buyers", "once", "again"),
            Family("value", (), MappingProxyType({}), part=_PART, dated=True),
            Family("waiting", (), MappingProxyType({}), part=_WAITING, standing=True),
        )
    }
)
"""Every KPI family by name, in the order of export."""

SURVEY_FAMILIES: Final = ("nps", "csat", "ces", *PYRAMID_METRICS)
"""The families fed by single survey answers: an answer's metric is the name of its family."""


JOURNEY_FAMILIES: Final = ("journey", "journey_duration")
"""What an ended journey counts in: one KPI, so their windows end together."""

TICKET_FAMILIES: Final = ("first_response", "first_response_business", "waiting")
"""What a ticket counts in: likewise."""

BUYER_FAMILIES: Final = ("churn_purchase", "buyers", "value")
"""What a customer who bought counts in: likewise."""


def cell_of(metric: str, value: Value) -> int:
    """Return the index of the cell that `value` adds 1 to, in tallies of the family `metric`.

    Raises `KeyError` for a metric that has no family (yet) and for a value that is off its scale.
    """
    return FAMILIES[metric].cell_by_value[value]
