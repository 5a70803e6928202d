"""The three horizons side by side: a row of panels for each, whatever `$level` is chosen above."""

from __future__ import annotations

from collections.abc import Iterator

from grafana.generate import kpis, panels, promql
from grafana.generate.panels import Placed
from stream.catalogue import BY_NAME


def interaction() -> Iterator[Placed]:
    """How was the last exchange?"""
    yield from _surveys("interaction")
    support = {"tenant": "$tenant", "by": "total", "window": "$window"}
    for clock in ("wall", "business"):
        waits = {"{{quantile}}": promql.gauge("cx_first_response_seconds", **support, clock=clock)}
        what = f"{BY_NAME['cx_first_response_seconds'].help} By the clock: {clock}."
        yield panels.lines(f"First response, {clock}, $window", what, waits, unit="s"), 6, 7
    waiting = {"{{channel}}": promql.gauge("cx_tickets_waiting", **(support | {"by": "channel"}))}
    yield panels.lines("Tickets waiting", BY_NAME["cx_tickets_waiting"].help, waiting), 6, 7
    oldest = {"oldest": promql.gauge("cx_oldest_waiting_seconds", **support)}
    yield panels.lines("Oldest waiting", BY_NAME["cx_oldest_waiting_seconds"].help, oldest, unit="s"), 6, 7


def journey() -> Iterator[Placed]:
    """Did customers get where they wanted to?"""
    yield from _surveys("journey")
    series = {"tenant": "$tenant", "by": "total", "window": "$window"}
    yield panels.trend(kpis.JOURNEYS, level="journey"), 6, 7
    durations = {"{{quantile}}": promql.gauge("cx_journey_duration_seconds", **series)}
    what = BY_NAME["cx_journey_duration_seconds"].help
    yield panels.lines("Journey duration, $window", what, durations, unit="s"), 6, 7


def relationship() -> Iterator[Placed]:
    """Do they stay?"""
    yield from _surveys("relationship")
    yield panels.trend(kpis.CHURN, level="", kind="subscription"), 6, 7
    series = {"tenant": "$tenant", "by": "total", "window": "$window"}
    retention = {"{{kind}}": promql.gauge("cx_retention_ratio", **series)}
    what = BY_NAME["cx_retention_ratio"].help
    yield panels.lines("Retention, $window", what, retention, unit="percentunit"), 6, 7
    customers = {
        "active {{kind}}": promql.gauge("cx_customers_active", **series),
        "lost {{kind}}": promql.gauge("cx_customers_lost", **series),
    }
    what = "Customers active at the window's start, and of these lost at its end."
    yield panels.lines("Customers, $window", what, customers), 6, 7
    yield panels.trend(kpis.ONCE, level=""), 6, 7
    worth = {"{{method}} {{currency}}": promql.gauge("cx_clv_mean", **series)}
    yield panels.lines("Lifetime value, $window", BY_NAME["cx_clv_mean"].help, worth), 6, 7


def _surveys(level: str) -> Iterator[Placed]:
    """What customers say, asked at this horizon."""
    for kpi in (kpis.NPS, kpis.CSAT, kpis.CES, kpis.INDEX):
        yield panels.trend(kpi, level=level), 6, 7
    ends = {
        end: kpis.PYRAMID.value(f"_{end}", level=level, dimension="overall") for end in ("lower", "upper")
    }
    dimensions = {"{{dimension}}": kpis.PYRAMID.value(level=level)}
    what = f"{kpis.PYRAMID.description} With the 95 % interval of the overall score."
    panel = panels.lines(f"{kpis.PYRAMID.title}, $window", what, dimensions | ends).axis_soft_min(-100)
    yield panel.axis_soft_max(100), 12, 7
