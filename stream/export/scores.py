"""Scores as JSON: the answer of ``/api/scores``, and the records of the topic of latest scores.

The same rules of privacy and absence as in the metrics hold, since both are made from the same assessment: a
score that may not be shown or does not exist is null, and its counts are left out with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final, NamedTuple

import orjson

from stream.scoring.estimates import Estimate, Limits
from stream.scoring.families import Row
from stream.scoring.kpis import Assessment, assess

_COUNTED: Final = {
    "cx_surveys_sent": "sent",
    "cx_tickets_waiting": "waiting",
    "cx_customers_active": "active",
    "cx_customers_lost": "lost",
}
_SEPARATOR: Final = "|"  # no label value can hold one


class Selection(NamedTuple):
    """Which rows are asked for; an empty collection asks for all."""

    tenants: Collection[str] = ()
    windows: Collection[str] = ()
    views: Collection[str] = ()

    def takes(self, row: Row) -> bool:
        """Return whether the row is asked for."""
        return (
            (not self.tenants or row.series.tenant in self.tenants)
            and (not self.windows or row.window in self.windows)
            and (not self.views or row.series.by in self.views)
        )


def score(row: Row, limits: Limits) -> dict[str, Any]:
    """Return what may be said of one series, KPI family and window.

    Keys: the labels of the series, ``window``, ``metric`` (the KPI family); ``score`` and ``interval``
    ([lower, upper]) of its main estimate, ``n``, ``low_confidence``, ``hidden`` (too few answers to show any
    of these), ``counts`` by category, and ``estimates``: metric family, with its own labels where it has
    some, to {``value``, ``interval``}.
    """
    result = assess(row.family, row.tally, limits)
    main = result.estimates[0] if result.estimates else None
    return {
        **row.series._asdict(),
        "window": row.window,
        "metric": row.family,
        "score": main and main.value,
        "interval": main and main.interval,
        "n": None if result.hidden else result.n,
        "low_confidence": result.low_confidence,
        "hidden": result.hidden,
        "counts": _counts(result),
        "estimates": {_name(e): {"value": e.value, "interval": e.interval} for e in result.estimates},
    }


def scores(rows: Iterable[Row], limits: Limits, selection: Selection) -> list[dict[str, Any]]:
    """Return the selected scores, sorted by series, window and metric."""
    chosen = sorted(
        (row for row in rows if selection.takes(row)), key=lambda row: (row.series, row.window, row.family)
    )
    return [score(row, limits) for row in chosen]


def record_key(row: Row) -> bytes:
    """Return the key of a row's record in the topic of latest scores: ``series|window|metric``."""
    return _SEPARATOR.join((*row.series, row.window, row.family)).encode()


def record_value(row: Row, limits: Limits, changed_ms: int) -> bytes | None:
    """Return the JSON of a row's record, or None (a tombstone) where there is no score to show.

    `changed_ms` is when the counts behind the score last changed; it stands in the record as ``changed_ms``.
    """
    shown = score(row, limits)
    if shown["score"] is None:
        return None
    return orjson.dumps({**shown, "changed_ms": changed_ms})


def _name(estimate: Estimate) -> str:
    """Return a name for each estimate of a row: ``family`` or ``family{label="value"}``."""
    labels = ",".join(f'{name}="{value}"' for name, value in estimate.labels)
    return f"{estimate.metric_family}{{{labels}}}" if labels else estimate.metric_family


def _counts(result: Assessment) -> dict[str, int]:
    """Return the counts by category, or by what they count where that is not a category."""
    return {
        _COUNTED.get(sample.metric_family) or sample.labels[-1][1]: int(sample.value)
        for sample in result.counts
    }
