"""What the definitions leave to the operator: the table `kpis` of cx.toml. Pure.

A bad table raises ValueError; its message says what would have been right, and where.
"""

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from stream.scoring.families import INDEX_METRICS
from stream.scoring.lifetime import Frequency, Spend
from stream.values import duration_ms

_KEYS: Final = ("bg_nbd", "gamma_gamma", "inactivity", "index_weights")
_FREQUENCY: Final = ("r", "alpha", "a", "b", "unit", "horizon")
_SPEND: Final = ("p", "q", "v")
_NEAR: Final = 1e-6
_CURRENCY: Final = re.compile("[A-Z]{3}")
_LONGEST_MS: Final = 1_000 * 86_400_000
_EQUAL: Final = (1 / 3, 1 / 3, 1 / 3)


class Prediction(NamedTuple):
    """How lifetime value is predicted: of which model, how far ahead, and what is spent by currency."""

    frequency: Frequency
    unit_ms: int
    """The unit of time of the model."""
    horizon_ms: int
    spend: Mapping[str, Spend]


class Parameters(NamedTuple):
    """Parameters of scores; `index_weights` in the order of `INDEX_METRICS`, with a sum of 1.

    `inactivity_ms`: a customer who has bought nothing for so long is lost. `prediction`: None where no models
    are given.
    """

    index_weights: tuple[float, float, float] = _EQUAL
    inactivity_ms: int = 90 * 86_400_000
    prediction: Prediction | None = None


def parameters(table: Any) -> Parameters:
    """Read the table `kpis`; what it leaves out has its default."""
    check_keys(table, _KEYS, "[kpis]")
    return Parameters(
        _weights(table.get("index_weights")),
        _duration(table.get("inactivity", "90d"), "inactivity", "[kpis]"),
        _prediction(table),
    )


def _prediction(table: Mapping[str, Any]) -> Prediction | None:
    """Both models, or none."""
    if ("bg_nbd" in table) != ("gamma_gamma" in table):
        raise ValueError("both or neither of [kpis.bg_nbd] and [kpis.gamma_gamma.<currency>]")
    if "bg_nbd" not in table:
        return None
    where, given = "[kpis.bg_nbd]", table["bg_nbd"]
    check_keys(given, _FREQUENCY, where)
    model = Frequency(*(_above(given.get(name), 0, name, where) for name in ("r", "alpha", "a", "b")))
    if abs(model.a - 1) < _NEAR:
        raise ValueError(f"an `a` that is not 1 in {where}: the formula divides by a - 1")
    return Prediction(
        model,
        _duration(given.get("unit", "7d"), "unit", where),
        _duration(given.get("horizon", "364d"), "horizon", where),
        _spend(table["gamma_gamma"]),
    )


def _spend(tables: Any) -> Mapping[str, Spend]:
    """By currency; `q` above 1, since there is no mean below."""
    check_keys(tables, sorted(tables) if isinstance(tables, Mapping) else (), "[kpis.gamma_gamma]")
    found: dict[str, Spend] = {}
    for currency, given in tables.items():
        if not _CURRENCY.fullmatch(currency):
            raise ValueError(f"a currency such as EUR instead of {currency} in [kpis.gamma_gamma]")
        where = f"[kpis.gamma_gamma.{currency}]"
        check_keys(given, _SPEND, where)
        found[currency] = Spend(
            *(_above(given.get(name), 1 if name == "q" else 0, name, where) for name in _SPEND)
        )
    return found


def _above(value: Any, least: int, name: str, where: str) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value <= least:
        raise ValueError(f"a number above {least} as `{name}` of {where}, not {value!r}")
    return float(value)


def _duration(given: Any, name: str, where: str) -> int:
    """A duration as settings have it, such as ``90d``."""
    try:
        found = duration_ms(given)
    except (TypeError, ValueError):
        found = 0
    if not 0 < found <= _LONGEST_MS:
        raise ValueError(f'a duration such as "90d", at most "1000d", as `{name}` of {where}, not {given!r}')
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
