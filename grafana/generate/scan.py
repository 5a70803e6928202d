"""Alerts on drops from the exported counts alone, for those who run no detector: z-scores in PromQL.

The score of some window of 1, 2, 4 … 64 hours lies more standard errors below the normal one than chance
explains. Longer windows are made by doubling: what the last hours hold, and what the hours before them did.
Beside the detector it is about as quick at some volumes and half as quick at others, its false alarms follow
from the volume instead of a budget, and it does not say where a drop comes from: docs/alerts-bench.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from grafana.generate import promql
from stream.alerts.scale import SCALES

HOURS = (1, 2, 4, 8, 16, 32, 64)
LIMIT = 3.95
"""Standard errors. Looked at every five minutes; every minute would be twice as many false alarms."""
_LEAST = 30
_NORMAL = {"nps": 30, "csat": 80}
"""In points, of 100: what the generated file begins with."""
_GOOD, _BAD = {"nps": "promoter", "csat": "satisfied"}, {"nps": "detractor"}
_FAMILY = "cx_survey_responses"
_VIEWS = "~total|channel"

_INTRODUCTION = """\
# Made by `make generate`. Only for those who watch nothing in cx.toml: load this file beside the others then.
# Set `normal` to your own scores: NPS in points, CSAT in points of 100. Needs 1h in CX_WINDOWS; hours with
# fewer answers than CX_MIN_PRIVACY are hidden, and missing here.
"""


def render() -> str:
    """Return the rule file."""
    groups = [
        {"name": "cx-score-scan", "interval": "5m", "rules": [*_normal(), *_windows(), _worst(), _alert()]}
    ]
    return _INTRODUCTION + yaml.safe_dump(
        {"groups": groups}, sort_keys=False, width=200, default_flow_style=False
    )


def _normal() -> Iterator[dict[str, Any]]:
    for metric, normal in _NORMAL.items():
        yield {
            "record": f"metric:{_FAMILY}:normal",
            "expr": f"vector({normal})",
            "labels": {"metric": metric},
        }
    for metric in _NORMAL:
        scale = SCALES[metric]
        points = 100 / scale.high
        low, high = scale.low * points, scale.high * points
        mean = f'metric:{_FAMILY}:normal{{metric="{metric}"}}'
        variance = f"{scale.spread:g} * ({mean} - {low:g}) * ({high:g} - {mean})"
        yield {"record": f"metric:{_FAMILY}:variance", "expr": variance}


def _windows() -> Iterator[dict[str, Any]]:
    """Answers, and what they are worth in points, of every window."""
    yield {"record": _name("answers", 1), "expr": _per_series(metric=f"~{'|'.join(_NORMAL)}")}
    worth = [f"100 * {_worth(metric)}" for metric in _NORMAL]
    yield {"record": _name("worth", 1), "expr": " or ".join(worth)}
    for shorter in HOURS[:-1]:
        for what in ("answers", "worth"):
            now = _name(what, shorter)
            before = f"{now} offset {shorter}h"
            # An hour that is hidden or was not there counts as nothing.
            both = f"({now} or {before} * 0) + ({before} or {now} * 0)"
            yield {"record": _name(what, 2 * shorter), "expr": both}


def _worth(metric: str) -> str:
    good = _per_series(metric=metric, category=_GOOD[metric])
    return f"({good} - {_per_series(metric=metric, category=_BAD[metric])})" if metric in _BAD else good


def _per_series(**labels: str) -> str:
    return f"sum without (category) ({promql.gauge(_FAMILY, by=_VIEWS, window='1h', **labels)})"


def _worst() -> dict[str, Any]:
    """The most standard errors below the normal score, of all windows with enough answers."""
    return {
        "record": f"series:{_FAMILY}:z_below_normal",
        "expr": "max without (hours) (" + " or ".join(_z(hours) for hours in HOURS) + ")",
    }


def _z(hours: int) -> str:
    n, of_metric = _name("answers", hours), "* on (metric) group_left ()"
    below = f"{n} {of_metric} metric:{_FAMILY}:normal - {_name('worth', hours)}"
    z = f"({below}) / sqrt({n} {of_metric} metric:{_FAMILY}:variance) and {n} >= {_LEAST}"
    return f'label_replace({z}, "hours", "{hours}", "", "")'


def _name(what: str, hours: int) -> str:
    return f"series:{_FAMILY}:{what}_{hours}h"


def _alert() -> dict[str, Any]:
    dashboard = "d/cx-stream?var-tenant={{ $labels.tenant }}&var-level={{ $labels.level }}"
    return {
        "alert": "CxScoreLow",
        "expr": f"series:{_FAMILY}:z_below_normal > {LIMIT}",
        "keep_firing_for": "15m",
        "labels": {"severity": "critical"},
        "annotations": {
            "summary": "{{ $labels.metric }} of {{ $labels.tenant }}"
            "{{ with $labels.channel }}, channel {{ . }}{{ end }} is low",
            "description": "Some window of the last 64 hours lies "
            '{{ $value | printf "%.1f" }} standard errors below the normal score '
            "(level {{ $labels.level }}).",
            "runbook_url": "{{ $externalURL }}/consoles/CxScoreDropped.md",
            "dashboard_url": "{{ $externalLabels.grafana }}/" + dashboard,
        },
    }
