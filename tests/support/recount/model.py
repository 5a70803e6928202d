"""What goes into the oracle and what comes out of it."""

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

SECOND = 1000
UNITS_MS = {"": SECOND, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND, "d": 86_400 * SECOND}
REASONS = (
    "too_big",
    "malformed",
    "not_cloudevents",
    "unknown_type",
    "missing_field",
    "bad_type",
    "bad_label",
    "personal_data",
    "unknown_tenant",
    "off_scale",
    "future",
    "too_late",
)
"""In the order of the contract: the first that applies is the one."""

Labels = tuple[tuple[str, str], ...]
"""Label names and values, sorted by name."""

Cell = tuple[str, Labels]
"""One exported sample: metric family and labels."""


class Record(NamedTuple):
    """A record as it stands in Kafka; `topic` without the prefix."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class Event(NamedTuple):
    """A record that was not rejected for what it says."""

    id: str
    source: str
    type: str
    time_ms: int
    subject: str
    tenant: str
    data: dict[str, Any]


Account = tuple[str | int | Fraction, ...]
"""What a customer bought in a currency."""


class Counted(NamedTuple):
    """One thing that counts: an answer, an interaction or an invitation, where and when it counts.

    `what` is the answer's value, the valence, `sent` or `responded`; where three answers of a response make
    one score, all three.
    """

    family: str
    what: int | str | tuple[int | None, ...] | Account
    tenant: str
    level: str
    channel: str
    touchpoint: str
    segments: tuple[tuple[str, str], ...]
    time_ms: int


_KPIS = (
    ("needs", "ease", "enjoyment", "pyramid"),
    ("journey", "journey_duration"),
    ("first_response", "first_response_business", "waiting"),
    ("churn_purchase", "buyers", "value"),
)


def of_one_kpi(family: str) -> tuple[str, ...]:
    """The parts of a KPI, one of which is meant: by the event clock their windows end together."""
    return next((kpi for kpi in _KPIS if family in kpi), (family,))


def duration_ms(text: str) -> int:
    """`300`, `300s`, `5m`, `1h`, `7d` in milliseconds."""
    found = re.fullmatch(r"(\d+)([smhd]?)", text)
    if not found:
        raise ValueError(text)
    return int(found[1]) * UNITS_MS[found[2]]


def kpis_of(path: str | None) -> dict[str, Any]:
    """The table `kpis` of a cx.toml."""
    return {} if path is None else tomllib.loads(Path(path).read_text(encoding="utf-8")).get("kpis", {})


@dataclass(frozen=True)
class Rules:
    """The settings that decide what counts; `panes_ms`: panes of another width than 1/60 of the window."""

    windows: tuple[tuple[str, int], ...]
    views: tuple[str, ...] = ("total", "channel", "touchpoint")
    clock: str = "wall"
    max_skew_ms: int = 300 * SECOND
    max_lateness_ms: int = 86_400 * SECOND
    grace_ms: int = 60 * SECOND
    min_privacy: int = 5
    min_responses: int = 30
    dedup_records: int = 100_000
    tenants: frozenset[str] = frozenset()
    partitions: int = 4
    panes_ms: Mapping[str, int] = field(default_factory=dict)
    config: str | None = None
    inactivity_ms: int = 90 * 86_400 * SECOND
    latest: bool = False
    """Whether only a customer's latest answer of each metric and level counts."""

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "Rules":
        """The rules of a worker that is started with this environment."""

        def of(name: str, default: str) -> str:
            return env.get(f"CX_{name}", default)

        return cls(
            windows=tuple((w, duration_ms(w)) for w in of("WINDOWS", "5m,1h,24h,7d,30d,90d").split(",")),
            views=tuple(of("VIEWS", "total,channel,touchpoint").split(",")),
            clock=of("CLOCK", "wall"),
            max_skew_ms=duration_ms(of("MAX_SKEW", "300")),
            max_lateness_ms=duration_ms(of("MAX_LATENESS", "1d")),
            grace_ms=duration_ms(of("GRACE", "60")),
            min_privacy=int(of("MIN_PRIVACY", "5")),
            min_responses=int(of("MIN_RESPONSES", "30")),
            dedup_records=int(of("DEDUP_RECORDS", "100000")),
            tenants=frozenset(filter(None, of("TENANTS", "").split(","))),
            partitions=int(of("PARTITIONS", "4")),
            config=env.get("CX_CONFIG"),
            latest=of("LATEST_PER_CUSTOMER", "off") == "on",
            inactivity_ms=duration_ms(kpis_of(env.get("CX_CONFIG")).get("inactivity", "90d")),
        )

    @property
    def longest_ms(self) -> int:
        """The longest window."""
        return max(size for _, size in self.windows)

    @property
    def segment_keys(self) -> frozenset[str]:
        """The segment keys that a view names; others are dropped."""
        return frozenset("+".join(self.views).split("+")) - {"total", "channel", "touchpoint"}

    def pane_ms(self, label: str) -> int:
        """The width of the panes of a window."""
        return self.panes_ms.get(label, dict(self.windows)[label] // 60)


@dataclass
class Recount:
    """What the service must have counted.

    `standing`: what counts in the end; `highest_ms`: the highest time ever counted by (tenant, family).
    """

    standing: list[Counted] = field(default_factory=list)
    highest_ms: dict[tuple[str, str], int] = field(default_factory=dict)
    records: Counter[tuple[str, ...]] = field(default_factory=Counter)
    rejected: Counter[tuple[str, ...]] = field(default_factory=Counter)
    rejections: dict[tuple[str, int, int], str] = field(default_factory=dict)
    corrections: Counter[str] = field(default_factory=Counter)
    misplaced: Counter[str] = field(default_factory=Counter)
    customers: list[tuple[str, str, Any]] = field(default_factory=list)
    """KPI, tenant, and the subscriptions or purchases of a customer."""

    def count_highest(self, counted: Counted) -> None:
        """Remember that something counted at this time, whatever becomes of it."""
        self.reach(counted.tenant, counted.family, counted.time_ms)

    def reach(self, tenant: str, family: str, at_ms: int) -> None:
        """By the event clock the windows of the family's KPI end no earlier than that."""
        for each in of_one_kpi(family):
            self.highest_ms[tenant, each] = max(self.highest_ms.get((tenant, each), at_ms), at_ms)
