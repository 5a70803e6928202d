"""Tallies of every KPI family, such as answers could have made."""

from collections import Counter
from collections.abc import Iterable

from hypothesis import strategies as st

from stream.scoring.answers import added
from stream.scoring.families import FAMILIES, INDEX_METRICS, PYRAMID_METRICS, Tally
from stream.scoring.worth import SCALE, Account, counts_of

_DAY = 20_000
_ACCOUNT = Account("SEK", _DAY, _DAY + 7, 2, 30 * SCALE, 20 * SCALE)
_TRIOS = {"index": INDEX_METRICS, "pyramid": PYRAMID_METRICS}


def of_n(family: str, n: int) -> Tally:
    """`n` answers behind the score, all alike: those of a simple family in its first cell."""
    if family == "waiting":
        return n, 60_000
    if family == "value":
        one = of_accounts(_DAY + 9, [_ACCOUNT])
        return one[:1] + tuple(n * each if at % 2 else each for at, each in enumerate(one[1:])) if n else ()
    if FAMILIES[family].sparse:
        return (7_000, n) if n else ()
    if family in _TRIOS:
        return of_responses(family, [dict.fromkeys(_TRIOS[family], 5)] * n)
    return (n, *FAMILIES[family].empty[1:])


def any_of(family: str, counts: st.SearchStrategy[int]) -> st.SearchStrategy[Tally]:
    """Tallies of any counts; the first is the largest, as more cannot respond than were asked."""
    if family == "waiting":
        return st.tuples(counts, st.integers(0, 10**9).map(lambda seconds: seconds * 1000))
    if family == "value":
        return counts.map(lambda n: of_n(family, n))
    if FAMILIES[family].sparse:
        keys = st.dictionaries(st.integers(0, 3_000), counts.filter(bool), max_size=5)
        return keys.map(lambda found: tuple(each for item in sorted(found.items()) for each in item))
    cells = len(FAMILIES[family].cells)
    return st.lists(counts, min_size=cells, max_size=cells).map(lambda found: tuple(sorted(found)[::-1]))


def of_accounts(day: int, accounts: Iterable[Account]) -> Tally:
    """What accounts make of the family of lifetime values, in a window that ends on a day."""
    counts: Counter[int] = Counter()
    for account in accounts:
        for key, count in counts_of(account):
            counts[key] += count
    flat = [each for key in sorted(counts) if counts[key] for each in (key, counts[key])]
    return (day, *flat) if flat else ()


def of_responses(family: str, responses: list[dict[str, int]]) -> Tally:
    """What responses (metric: value) make of a family."""
    tally = list(FAMILIES[family].empty)
    for response in responses:
        for name, cell, amount in added(tuple(response.items())):
            if name == family:
                tally[cell] += amount
    return tuple(tally)
