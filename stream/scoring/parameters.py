"""What the definitions leave to the operator: the table `kpis` of cx.toml. Pure.

A bad table raises ValueError; its message says what would have been right, and where.
"""

import difflib
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from stream.scoring.families import INDEX_METRICS
from stream.values import duration_ms

_KEYS: Final = ("index_weights", "inactivity")
_LONGEST_MS: Final = 1_000 * 86_400_000
_EQUAL: Final = (1 / 3, 1 / 3, 1 / 3)


class Parameters(NamedTuple):
    """Parameters of scores; `index_weights` in the order of `INDEX_METRICS`, with a sum of 1.

    `inactivity_ms`: a customer who has bought nothing for so long is lost.
    """

    index_weights: tuple[float, float, float] = _EQUAL
    inactivity_ms: int = 90 * 86_400_000


def parameters(table: Any) -> Parameters:
    """Read the table `kpis`; what it leaves out has its default."""
    check_keys(table, _KEYS, "[kpis]")
    return Parameters(_weights(table.get("index_weights")), _inactivity(table.get("inactivity", "90d")))


def _inactivity(given: Any) -> int:
    """A duration as settings have it, such as ``90d``."""
    try:
        found = duration_ms(given)
    except (TypeError, ValueError):
        found = 0
    if not 0 < found <= _LONGEST_MS:
        raise ValueError(
            f'a duration such as "90d", at most "1000d", as `inactivity` of [kpis], not {given!r}'
        )
    return found


def _weights(given: Any) -> tuple[float, float, float]:
    """Weights in proportion to those given, so that they add up to 1."""
    if given is None:
        return _EQUAL
    where = "index_weights of [kpis]"
    check_keys(given, INDEX_METRICS, where)
    first, second, third = (_weight(given.get(metric), metric, where) for metric in INDEX_METRICS)
    whole = first + second + third
    if whole <= 0:
        raise ValueError(f"weights with a sum above 0 as {where}")
    return first / whole, second / whole, third / whole


def _weight(value: Any, metric: str, where: str) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value < 0:
        raise ValueError(
            f"a number from 0 up for each of {', '.join(INDEX_METRICS)} in {where}, not {metric}"
        )
    return float(value)


def check_keys(table: Any, known: Sequence[str], where: str) -> None:
    """Raise ValueError for what is no table, or has a key that is not known."""
    if not isinstance(table, Mapping):
        raise ValueError(f"a table as {where}")  # noqa: TRY004 - who calls tells it to a person
    unknown = sorted(table.keys() - set(known))
    if unknown:
        close = difflib.get_close_matches(unknown[0], known, n=1) or [", ".join(known)]
        raise ValueError(f"{close[0]} instead of {unknown[0]} in {where}")
