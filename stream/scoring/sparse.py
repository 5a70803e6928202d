"""Counts under few of very many keys: flat, in the order of the keys, without zeros. Pure.

    (3, 1, 17, 2)       one under key 3, two under key 17

So equal counts are equal tuples, nothing is stored for what is not there, and what was added is taken away by
subtracting it.
"""

from collections.abc import Iterator, Sequence


def merged(one: Sequence[int], other: Sequence[int], sign: int = 1) -> list[int]:
    """Add the counts of `other` to those of `one`, or with `sign` -1 take them away."""
    if not other:
        return list(one)
    counts = dict(pairs(one))
    for key, count in pairs(other):
        counts[key] = counts.get(key, 0) + sign * count
    return [each for key in sorted(counts) if counts[key] for each in (key, counts[key])]


def pairs(flat: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield keys with their counts, in order."""
    return zip(flat[::2], flat[1::2], strict=True)


def parts(flat: Sequence[int], size: int) -> dict[int, list[int]]:
    """Return the counts by the part that their keys are in: so many keys in a row."""
    found: dict[int, list[int]] = {}
    for key, count in pairs(flat):
        found.setdefault(key // size, []).extend((key, count))
    return found


def total(flat: Sequence[int]) -> int:
    """Return the sum of the counts."""
    return sum(flat[1::2])
