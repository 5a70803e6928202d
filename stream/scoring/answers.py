"""What the answers of one response add to tallies: a cell of their own family, and joint sums of three.

===============================  ============================================================
nps csat ces                     a cell each
needs ease enjoyment             a cell each, and together the sums of the pyramid (0 low, 2 high)
satisfaction expectations ideal  together the sums of the index (1 to 10)
===============================  ============================================================
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from stream.scoring import trio
from stream.scoring.families import INDEX_METRICS, PYRAMID_METRICS, SURVEY_FAMILIES, cell_of

_OWN: Final = frozenset(SURVEY_FAMILIES)
_TRIOS: Final = (("index", INDEX_METRICS), ("pyramid", PYRAMID_METRICS))
_JOINT: Final = MappingProxyType({metric: name for name, metrics in _TRIOS for metric in metrics})
FAMILIES_OF: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        metric: (*PYRAMID_METRICS, "pyramid") if metric in PYRAMID_METRICS else (_JOINT.get(metric, metric),)
        for metric in (*SURVEY_FAMILIES, *INDEX_METRICS)
    }
)
"""By metric, the families of its KPI: their windows end together."""
_VALUES: Final = 11
_METRICS: Final = (*SURVEY_FAMILIES, *INDEX_METRICS)


def code(metric: str, value: int) -> int:
    """One byte that stands for an answer, and is not 0: it is stored, so it must stay what it is."""
    return 1 + _VALUES * _METRICS.index(metric) + value


def unpacked(answers: bytes) -> list[tuple[str, int]]:
    """(metric, value) of each answer that its code stands for."""
    return [(_METRICS[(each - 1) // _VALUES], (each - 1) % _VALUES) for each in answers]


def added(answers: Sequence[tuple[str, int]]) -> Iterator[tuple[str, int, int]]:
    """Yield what a response adds: family, cell, how much. `answers`: (metric, value), no metric twice."""
    joint = False
    for metric, value in answers:
        if metric in _OWN:
            yield metric, cell_of(metric, value), 1
        joint = joint or metric in _JOINT
    if joint:
        yield from _sums(dict(answers))


def _sums(values: Mapping[str, int]) -> Iterator[tuple[str, int, int]]:
    for family, metrics in _TRIOS:
        if not values.keys() & set(metrics):
            continue
        given = [values.get(metric) for metric in metrics]
        if family == "pyramid":
            given = [
                None if value is None else 2 - cell_of(metric, value)
                for metric, value in zip(metrics, given, strict=True)
            ]
        for cell, amount in enumerate(trio.tally_of(given)):
            if amount:
                yield family, cell, amount
