"""docs/metrics.md: every metric family, its labels and the closed sets of their values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from stream.catalogue import FAMILIES, LABELS, SERIES_LABELS, MetricFamily

_INTRODUCTION = """\
# Metrics

Made from `stream/catalogue.py` by `make generate`; change it there.

A family of series carries these labels, in this order, and then its own:
{series}. A label that a series does not use is empty.
A score that has no answers, or fewer than `CX_MIN_PRIVACY`, is absent: it is never 0 by default.

`by` names the view of a series. Every answer is in several views at once, so always filter on `by`
and never add over it. Each series comes from exactly one worker at a time; after a rebalance the former
worker's last sample may stand for a moment, therefore:

```promql
max without (instance, job, pod) (cx_nps_score{{tenant="acme", by="total", window="24h"}})
```
"""


def render() -> str:
    """Return the page as Markdown."""
    return "\n".join([_INTRODUCTION.format(series=_names(SERIES_LABELS)), *_sections(), *_labels()])


def _sections() -> Iterator[str]:
    offered = [family for family in FAMILIES if family.available]
    for of_series, families in groupby(offered, key=lambda family: family.of_series):
        yield from _table("Scores and counts" if of_series else "The service itself", families)
    planned = [family for family in FAMILIES if not family.available]
    if planned:
        yield from _table("Named, not exported yet", planned)


def _table(title: str, families: Iterable[MetricFamily]) -> Iterator[str]:
    yield f"## {title}\n"
    yield "| family | type | unit | own labels | meaning |\n|---|---|---|---|---|"
    for family in families:
        own = _names(family.own_labels)
        yield f"| `{family.name}` | {family.kind} | {family.unit} | {own} | {family.help} |"
    yield ""


def _labels() -> Iterator[str]:
    yield "## Labels\n\n| label | values |\n|---|---|"
    used = {label for family in FAMILIES if family.available for label in family.labels}
    for label, meaning in LABELS.items():
        if label in used:
            yield f"| `{label}` | {meaning} |"
    yield ""


def _names(labels: Iterable[str]) -> str:
    return ", ".join(f"`{label}`" for label in labels)
