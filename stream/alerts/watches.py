"""The table `alerts` of cx.toml: what is watched, and how many false alarms a month it may cost.

A bad table raises ValueError; its message says what would have been right, and where.
"""

import math
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from stream.alerts.scale import SCALES
from stream.scoring.parameters import check_keys

LEVELS: Final = ("interaction", "journey", "relationship")
EVERY_TENANT: Final = "*"
_TENANT = re.compile(r"[a-z0-9_-]{1,64}")
_KEYS = ("metric", "view", "tenant", "level", "normal", "tolerate", "answers_per_month")


class Watch(NamedTuple):
    """Every series of a view is watched; `normal` and `tolerate` in the metric's exported unit.

    `normal` None: learned. `answers_per_month` None: counted.
    """

    metric: str
    view: str
    tenant: str
    level: str
    normal: float | None
    tolerate: float
    answers_per_month: float | None

    def holds(self, tenant: str, family: str, level: str, by: str) -> bool:
        """Whether a series is one of those."""
        return (family, level, by) == (self.metric, self.level, self.view) and self.tenant in (
            EVERY_TENANT,
            tenant,
        )


class Alerts(NamedTuple):
    """What is watched, within one budget for all of it."""

    false_alarms_per_month: float = 1.0
    watches: tuple[Watch, ...] = ()

    @property
    def families(self) -> frozenset[tuple[str, str]]:
        """Tenant (or `EVERY_TENANT`) and KPI family of each watch."""
        return frozenset((watch.tenant, watch.metric) for watch in self.watches)

    @property
    def topics(self) -> frozenset[str]:
        """The source topics that feed what is watched."""
        return frozenset(
            "interactions" if watch.metric == "positive" else "surveys" for watch in self.watches
        )


def alerts(table: Any, views: frozenset[str]) -> Alerts:
    """Read the table `alerts`; `views` are those that are kept (CX_VIEWS)."""
    check_keys(table, ("false_alarms_per_month", "watch"), "[alerts]")
    budget = _number(table, "false_alarms_per_month", "[alerts]")
    if budget is not None and budget <= 0:
        raise ValueError("a number above 0 as `false_alarms_per_month` in [alerts]")
    found: list[Watch] = []
    entries = table.get("watch", [])
    if not isinstance(entries, list):
        raise ValueError("[[alerts.watch]] in double brackets")  # noqa: TRY004 - told to a person
    for number, entry in enumerate(entries, start=1):
        watch = _watch(entry, views, f"[[alerts.watch]] number {number}")
        for other in found:
            if watch[:2] == other[:2] and watch.level == other.level and _share_a_tenant(watch, other):
                raise ValueError(
                    f"each series watched once; [[alerts.watch]] number {number} repeats another"
                )
        found.append(watch)
    return Alerts(1.0 if budget is None else budget, tuple(found))


def _watch(entry: Any, views: frozenset[str], where: str) -> Watch:
    check_keys(entry, _KEYS, where)
    metric = _word(entry, "metric", None, tuple(SCALES), where)
    view = _word(entry, "view", "total", tuple(sorted(views)), where)
    level = _word(entry, "level", LEVELS[0], LEVELS, where)
    if metric == "positive" and level != LEVELS[0]:
        raise ValueError(f"{LEVELS[0]} as `level` of positive in {where}")
    tenant = entry.get("tenant", EVERY_TENANT)
    if not isinstance(tenant, str) or not (tenant == EVERY_TENANT or _TENANT.fullmatch(tenant)):
        raise ValueError(f'a tenant id, or "*" for every tenant, as `tenant` in {where}')
    scale = SCALES[metric]
    normal, tolerate = _number(entry, "normal", where), _number(entry, "tolerate", where)
    tolerate = scale.tolerate if tolerate is None else tolerate
    width = scale.high - scale.low
    if not 0 <= tolerate < width:
        raise ValueError(f"a number from 0 to below {width:g} as `tolerate` in {where}")
    if normal is not None and not scale.low + tolerate < normal <= scale.high:
        raise ValueError(
            f"a {metric} above {scale.low + tolerate:g} (what is tolerated is taken off) and at most "
            f"{scale.high:g} as `normal` in {where}"
        )
    answers = _number(entry, "answers_per_month", where)
    if answers is not None and answers <= 0:
        raise ValueError(f"a number above 0 as `answers_per_month` in {where}")
    return Watch(metric, view, tenant, level, normal, tolerate, answers)


def _share_a_tenant(one: Watch, other: Watch) -> bool:
    return one.tenant == other.tenant or EVERY_TENANT in (one.tenant, other.tenant)


def _number(table: Mapping[str, Any], key: str, where: str) -> float | None:
    value = table.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"a number as `{key}` in {where}")
    return float(value)


def _word(table: Mapping[str, Any], key: str, default: str | None, known: tuple[str, ...], where: str) -> str:
    value = table.get(key, default)
    if value not in known:
        raise ValueError(f"one of {', '.join(known)} as `{key}` in {where}")
    return str(value)
