"""Tallies of every KPI family, such as answers could have made."""

from hypothesis import strategies as st

from stream.scoring.answers import added
from stream.scoring.families import FAMILIES, INDEX_METRICS, PYRAMID_METRICS, Tally

_TRIOS = {"index": INDEX_METRICS, "pyramid": PYRAMID_METRICS}


def of_n(family: str, n: int) -> Tally:
    """`n` answers behind the score, all alike: those of a simple family in its first cell."""
    if family == "waiting":
        return n, 60_000
    if FAMILIES[family].sparse:
        return (7_000, n) if n else ()
    if family in _TRIOS:
        return of_responses(family, [dict.fromkeys(_TRIOS[family], 5)] * n)
    return (n, *FAMILIES[family].empty[1:])


def any_of(family: str, counts: st.SearchStrategy[int]) -> st.SearchStrategy[Tally]:
    """Tallies of any counts; the first is the largest, as more cannot respond than were asked."""
    if family == "waiting":
        return st.tuples(counts, st.integers(0, 10**9).map(lambda seconds: seconds * 1000))
    if FAMILIES[family].sparse:
        keys = st.dictionaries(st.integers(0, 3_000), counts.filter(bool), max_size=5)
        return keys.map(lambda found: tuple(each for item in sorted(found.items()) for each in item))
    cells = len(FAMILIES[family].cells)
    return st.lists(counts, min_size=cells, max_size=cells).map(lambda found: tuple(sorted(found)[::-1]))


def of_responses(family: str, responses: list[dict[str, int]]) -> Tally:
    """What responses (metric: value) make of a family."""
    tally = list(FAMILIES[family].empty)
    for response in responses:
        for name, cell, amount in added(tuple(response.items())):
            if name == family:
                tally[cell] += amount
    return tuple(tally)
