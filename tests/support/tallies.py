"""Tallies of every KPI family, such as answers could have made."""

from stream.scoring.answers import added
from stream.scoring.families import FAMILIES, INDEX_METRICS, PYRAMID_METRICS, Tally

_TRIOS = {"index": INDEX_METRICS, "pyramid": PYRAMID_METRICS}


def of_n(family: str, n: int) -> Tally:
    """`n` answers behind the score, all alike: those of a simple family in its first cell."""
    if family in _TRIOS:
        return of_responses(family, [dict.fromkeys(_TRIOS[family], 5)] * n)
    return (n, *FAMILIES[family].empty[1:])


def of_responses(family: str, responses: list[dict[str, int]]) -> Tally:
    """What responses (metric: value) make of a family."""
    tally = list(FAMILIES[family].empty)
    for response in responses:
        for name, cell, amount in added(tuple(response.items())):
            if name == family:
                tally[cell] += amount
    return tuple(tally)
