"""PromQL of the dashboards, built from names that the catalogue knows.

A series has one exporter at a time, yet for a few seconds after a rebalance two instances of it may stand in
Prometheus. So gauges of series are always the greatest over instances, never their sum; what a worker says of
itself (records, lag) is added up.
"""

from __future__ import annotations

from stream.catalogue import BY_NAME, Kind

_AWAY = "without (instance, job, pod)"

# What grafana/prometheus/rules/recording.yml provides, and the family each rule is made from.
RECORDED = {
    "series:cx_survey_responses:sum": "cx_survey_responses",
    "topic_outcome:cx_records:rate5m": "cx_records_total",
    "topic_reason:cx_rejected:rate5m": "cx_rejected_total",
    "topic:cx_consumer_lag_records:sum": "cx_consumer_lag_records",
}

SERIES = {"tenant": "$tenant", "level": "$level", "by": "total", "window": "$window"}
INTERACTIONS = SERIES | {"level": "interaction"}


def selector(name: str, **labels: str) -> str:
    """Return `name{label="value",...}`; a value that starts with `~` or `!` brings its own operator.

    Raises `KeyError` for a name and `ValueError` for a label that the catalogue does not know.
    """
    family = BY_NAME[RECORDED.get(name, name)]
    if unknown := set(labels) - set(family.labels):
        raise ValueError(f"{name} has no label {sorted(unknown)}")
    if not labels:
        return name
    return f"{name}{{{','.join(_matcher(label, value) for label, value in labels.items())}}}"


def _matcher(label: str, value: str) -> str:
    operator = {"~": "=~", "!": "!="}.get(value[:1], "=")
    return f'{label}{operator}"{value if operator == "=" else value[1:]}"'


def gauge(name: str, **labels: str) -> str:
    """Return the value of each series, whichever worker exports it."""
    return f"max {_AWAY} ({selector(name, **labels)})"


def lowest(name: str, **labels: str) -> str:
    """Return a gauge that every worker has, such as a watermark: the one furthest behind counts."""
    return f"min {_AWAY} ({selector(name, **labels)})"


def recorded(name: str, **labels: str) -> str:
    """Return the result of a recording rule, which has no instance any more."""
    if name not in RECORDED:
        raise ValueError(f"no recording rule makes {name}")
    return selector(name, **labels)


def rate(name: str, by: str, *, of: str = "rate", interval: str = "$__rate_interval") -> str:
    """Return the rate (or `increase`) of a counter over all workers, by some of its labels."""
    if BY_NAME[name].kind is not Kind.COUNTER:
        raise ValueError(f"{name} is no counter")
    return f"sum by ({by}) ({of}({selector(name)}[{interval}]))"


def quantile(q: float, name: str) -> str:
    """Return a quantile of a histogram over all workers, in the family's unit."""
    if BY_NAME[name].kind is not Kind.HISTOGRAM:
        raise ValueError(f"{name} is no histogram")
    return f"histogram_quantile({q}, sum by (le) (rate({name}_bucket[$__rate_interval])))"


def answers(metric: str, **labels: str) -> str:
    """Return n of a survey score: its answers in the window."""
    return recorded("series:cx_survey_responses:sum", **(SERIES | labels), metric=metric)


def valued_interactions(**labels: str) -> str:
    """Return n of the positive share: interactions in the window that are positive or negative."""
    return (
        f"sum without (valence) ({gauge('cx_interactions', **(INTERACTIONS | labels), valence='!neutral')})"
    )


def per(keys: tuple[str, ...], expression: str) -> str:
    """Return the expression with no other labels than `keys`, on which the rows of a table are joined."""
    return f"max by ({', '.join(keys)}) ({expression})"
