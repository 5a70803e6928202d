"""Scores as a table for terminals."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.table import Table

from stream.catalogue import SERIES_LABELS

_NO_SCORE = "-"


def scores_table(found: Iterable[Mapping[str, Any]]) -> Table:
    """One line for each series, window and metric, as `/api/scores` gives them."""
    table = Table(box=None, pad_edge=False)
    for label in (*SERIES_LABELS, "metric"):
        table.add_column(label, no_wrap=True)
    for label in ("score", "lower", "upper", "n"):
        table.add_column(label, justify="right", no_wrap=True)
    for each in found:
        lower, upper = each["interval"] or (None, None)
        numbers = (
            _number(each["score"]),
            _number(lower),
            _number(upper),
            "hidden" if each["hidden"] else str(each["n"]),
        )
        table.add_row(*(each[label] for label in SERIES_LABELS), each["metric"], *numbers)
    return table


def _number(value: float | None) -> str:
    return _NO_SCORE if value is None else f"{value:.4g}"
