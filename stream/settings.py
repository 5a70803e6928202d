"""All settings, built once from a mapping (the environment) and passed on.

Nothing else reads the environment.

SettingsError(CxError)        the variable, its value (never a secret), and what to do
  └─ from an unknown CX_ name, a value that cannot be read, or two that contradict each other
"""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar, cast

from stream import values
from stream.alerts.watches import Alerts, alerts
from stream.errors import CxError
from stream.intake.schedule import Schedule, schedules
from stream.scoring.estimates import Limits
from stream.scoring.parameters import Parameters, parameters
from stream.values import View, Window

__all__ = ["Settings", "SettingsError", "View", "Window"]

_T = TypeVar("_T")
# What Kubernetes puts into a pod for every service whose name begins with "cx".
_KUBERNETES_NAME = re.compile(r"CX.*(?:_SERVICE_HOST|_SERVICE_PORT(?:_.*)?|_PORT(?:_.*)?)", re.DOTALL)
_KUBERNETES_VALUE = re.compile(r"(?:tcp|udp|sctp)://.*", re.DOTALL)
_NOT_A_SETTING = "is not a setting of cx-stream"


class SettingsError(CxError):
    """A setting is unknown, cannot be read, or contradicts another."""


def _setting(parse: Callable[[str], _T], default: str | None, why: str, *, secret: bool = False) -> _T:
    """Declare a field: how its text is read, its default as text (None: absent), why that default."""

    def make() -> _T | None:
        return None if default is None else parse(default)

    return cast(
        "_T",
        field(
            default_factory=make,
            repr=not secret,
            metadata={"parse": parse, "default": default, "why": why, "secret": secret},
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every `CX_*` setting. CX_MAX_SKEW is `max_skew_ms`: lower case, with its unit, without `CX_`."""

    broker: str = _setting(
        values.brokers, "kafka://127.0.0.1:9092", "where a broker listens that was started by hand"
    )
    app_id: str = _setting(values.topic_part, "cx", "consumer group and changelogs are named by it")
    topic_prefix: str = _setting(
        values.topic_prefix, "cx.", "keeps our topics together in a listing, and apart from others"
    )
    partitions: int = _setting(
        values.integer(1, 10_000), "4", "workers can be as many as partitions; fixed from the first start"
    )
    windows: tuple[Window, ...] = _setting(
        values.windows, "5m,1h,24h,7d,30d,90d", "from an incident to a quarter"
    )
    views: tuple[View, ...] = _setting(
        values.views, "total,channel,touchpoint", "what every event can be split by"
    )
    clock: str = _setting(
        values.one_of("wall", "event"),
        "wall",
        "live scores must age out in silence; `event` is for replays and tests",
    )
    max_skew_ms: int = _setting(values.duration_ms, "300s", "clocks without NTP are seldom further off")
    max_lateness_ms: int = _setting(values.duration_ms, "1d", "a phone that was off over night")
    grace_ms: int = _setting(values.duration_ms, "60s", "how long the detector waits before it closes a pane")
    min_privacy: int = _setting(
        values.integer(0, 1_000_000), "5", "fewer answers could be traced to a person"
    )
    min_responses: int = _setting(
        values.integer(0, 1_000_000), "30", "below it the interval is too wide to act on"
    )
    max_series: int = _setting(
        values.integer(1, 10_000_000), "10000", "a tenant's worst mistake must fit in memory"
    )
    dedup_records: int = _setting(
        values.integer(0, 10_000_000), "100000", "covers a producer that re-sends its last minutes"
    )
    tenants: frozenset[str] = _setting(values.tenants, "", "empty: every tenant id is taken")
    latest_per_customer: bool = _setting(
        values.switch, "off", "off is what survey tools show: every answer counts"
    )
    store: str = _setting(
        values.one_of("memory", "rocksdb"), "memory", "a million live answers fit; `rocksdb` for more"
    )
    metrics_host: str = _setting(values.text_of, "127.0.0.1", "not reachable from outside unless told to be")
    metrics_port: int = _setting(
        values.integer(0, 65_535), "8000", "what the Prometheus client examples use; 0: a free one"
    )
    datadir: Path = _setting(values.folder, "cx-data", "beside where the worker was started")
    commit_interval_s: float = _setting(
        values.duration_s(0.01, 60), "1s", "how much a restart has to read again"
    )
    session_timeout_s: float = _setting(
        values.duration_s(1, 1_800), "10s", "how long a dead worker's partitions wait"
    )
    instance_id: str | None = _setting(
        values.topic_part, None, "set: static membership, no rebalance on a quick restart"
    )
    log_level: str = _setting(
        values.one_of("DEBUG", "INFO", "WARNING", "ERROR"), "INFO", "starts, stops, rebalances and trouble"
    )
    log_format: str = _setting(values.one_of("text", "json"), "text", "for people; `json` for collectors")
    hash_key_file: Path | None = _setting(values.file, None, "unset: derived from CX_APP_ID, with a warning")
    broker_username: str | None = _setting(values.text_of, None, "unset: no SASL")
    broker_password: str | None = _setting(values.text_of, None, "unset: no SASL", secret=True)
    broker_mechanism: str | None = _setting(
        values.one_of("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"),
        None,
        "PLAIN when a user name is set, as every Kafka client has it",
    )
    broker_ca_file: str | None = _setting(
        values.text_of, None, "set: TLS; `system`: with the authorities of this machine"
    )
    broker_cert_file: Path | None = _setting(values.file, None, "set: we show this certificate (mTLS)")
    broker_key_file: Path | None = _setting(values.file, None, "the key of CX_BROKER_CERT_FILE")
    allow_plaintext: bool = _setting(values.switch, "off", "a password is never sent in clear by accident")
    web_config: Path | None = _setting(values.file, None, "unset: plain HTTP without users")
    config: Path | None = _setting(values.file, None, "unset: nothing is watched, standard KPI parameters")
    document: dict[str, Any] = field(init=False, repr=False, compare=False, hash=False, default_factory=dict)
    alerts: Alerts = field(init=False, default=Alerts())
    """What is watched for drops: the table `alerts` of cx.toml."""
    kpis: Parameters = field(init=False, default=Parameters())
    """Parameters of scores: the table `kpis` of cx.toml."""
    schedules: Mapping[str, Schedule] = field(
        init=False, default_factory=dict, compare=False, hash=False, repr=False
    )
    """Business hours by channel: the tables `schedules` of cx.toml."""

    def __post_init__(self) -> None:
        """Raise SettingsError where settings contradict each other; read `cx.toml`."""
        _check_security(self)
        if self.config is not None:
            object.__setattr__(self, "document", _read("CX_CONFIG", self.config, values.document))
            object.__setattr__(self, "alerts", _read("CX_CONFIG", self.config, self._alerts))
            object.__setattr__(self, "kpis", _read("CX_CONFIG", self.config, self._kpis))
            object.__setattr__(self, "schedules", _read("CX_CONFIG", self.config, self._schedules))

    def _alerts(self, _: Path) -> Alerts:
        views = frozenset(view.label for view in self.views)
        return self._table("alerts", lambda table: alerts(table, views))

    def _kpis(self, _: Path) -> Parameters:
        return self._table("kpis", parameters)

    def _schedules(self, _: Path) -> Mapping[str, Schedule]:
        return self._table("schedules", schedules)

    def _table(self, name: str, parse: Callable[[Any], _T]) -> _T:
        """Read a table of cx.toml; what is wrong with it is wrong with the file."""
        try:
            return parse(self.document.get(name, {}))
        except ValueError as error:
            raise ValueError(f"a file with {error}") from None

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "Settings":
        """Build from a mapping such as `os.environ`; an empty value is an unset one, except for the prefix.

        Raises SettingsError for bad values, and for an unknown CX_ name that is neither CX_TEST_* nor
        injected by Kubernetes.
        """
        declared = {_variable(item.name): item for item in fields(cls) if item.metadata}
        chosen: dict[str, Any] = {}
        for name, text in sorted(env.items()):
            if not name.startswith("CX_") or name.startswith("CX_TEST_"):
                continue
            if _KUBERNETES_NAME.fullmatch(name) and (
                name not in declared or _KUBERNETES_VALUE.fullmatch(text)
            ):
                continue
            if name not in declared:
                raise SettingsError(_unknown(name, list(declared)))
            if text or name == "CX_TOPIC_PREFIX":
                item = declared[name]
                chosen[item.name] = _read(name, text, item.metadata["parse"], secret=item.metadata["secret"])
        return cls(**chosen)

    @property
    def bootstrap(self) -> str:
        """The brokers as clients want them: `host:port,host:port`."""
        return ",".join(item.removeprefix("kafka://") for item in self.broker.split(";"))

    @property
    def limits(self) -> Limits:
        """What decides what is shown of a score, and how it is computed."""
        return Limits(self.min_privacy, self.min_responses, self.kpis)

    @property
    def segment_keys(self) -> frozenset[str]:
        """The segment keys that some view splits by; all others are dropped after validation."""
        return frozenset(key for view in self.views for key in view.keys) - {"channel", "touchpoint"}

    @property
    def longest_window_ms(self) -> int:
        """Length of the longest window."""
        return self.windows[-1].size_ms

    def topic(self, name: str) -> str:
        """Full name of one of our topics: `surveys` is `cx.surveys`."""
        return self.topic_prefix + name


def _variable(name: str) -> str:
    """Name of a field's environment variable: its unit is no part of it."""
    return "CX_" + re.sub(r"_(?:ms|s)$", "", name).upper()


def _unknown(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"{name} {_NOT_A_SETTING}. " + (
        f"Did you mean {close[0]}?" if close else "See CONFIGURATION in the README."
    )


def _read(name: str, value: Any, parse: Callable[[Any], Any], *, secret: bool = False) -> Any:
    """Parse `value`; an error names the variable and, unless it is a secret, the value."""
    try:
        return parse(value)
    except ValueError as error:
        shown = "(hidden)" if secret else repr(str(value))
        raise SettingsError(f"{name}={shown} cannot be used. Set it to {error}.") from None


def _check_security(settings: Settings) -> None:
    """A password must not go out in clear unless that was asked for, and pairs must be whole."""
    user, password = settings.broker_username, settings.broker_password
    if (user is None) != (password is None):
        missing = "CX_BROKER_PASSWORD" if password is None else "CX_BROKER_USERNAME"
        raise SettingsError(f"{missing} is not set, but its counterpart is. Set both or neither.")
    if settings.broker_mechanism is not None and user is None:
        raise SettingsError("CX_BROKER_MECHANISM is set without CX_BROKER_USERNAME. Set both or neither.")
    if (settings.broker_cert_file is None) != (settings.broker_key_file is None):
        missing = "CX_BROKER_KEY_FILE" if settings.broker_key_file is None else "CX_BROKER_CERT_FILE"
        raise SettingsError(f"{missing} is not set, but its counterpart is. Set both or neither.")
    tls = settings.broker_ca_file is not None or settings.broker_cert_file is not None
    if user is not None and not tls and not settings.allow_plaintext:
        raise SettingsError(
            "CX_BROKER_USERNAME is set, and the password would go to the broker in clear. For TLS set "
            "CX_BROKER_CA_FILE (a file, or `system` for this machine's authorities); CX_ALLOW_PLAINTEXT=1 "
            "if clear text is meant."
        )
    if settings.broker_ca_file not in (None, "system"):
        _read("CX_BROKER_CA_FILE", settings.broker_ca_file, values.file)
