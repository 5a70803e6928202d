"""The table `alerts` of cx.toml."""

import tomllib
from pathlib import Path

import pytest

from stream.alerts.watches import Alerts, Watch, alerts
from stream.settings import Settings, SettingsError

VIEWS = frozenset({"total", "channel"})
# The example of the documents.
EXAMPLE = """
[alerts]
false_alarms_per_month = 2.0
[[alerts.watch]]
metric = "nps"
view = "channel"
tenant = "*"
level = "interaction"
normal = 30
tolerate = 5
answers_per_month = 72000
[[alerts.watch]]
metric = "csat"
"""


def _read(text: str) -> Alerts:
    return alerts(tomllib.loads(text).get("alerts", {}), VIEWS)


def test_every_key_and_every_default() -> None:
    """A watch needs a metric and no more."""
    assert _read(EXAMPLE) == Alerts(
        2.0,
        (
            Watch("nps", "channel", "*", "interaction", 30.0, 5.0, 72_000.0),
            Watch("csat", "total", "*", "interaction", None, 0.05, None),
        ),
    )
    assert Alerts(1.0, ()) == _read("")


@pytest.mark.parametrize(
    ("metric", "tolerate"), [("nps", 5), ("csat", 0.05), ("ces", 0.2), ("positive", 0.05)]
)
def test_tolerate_has_a_default_for_each_metric(metric: str, tolerate: float) -> None:
    """In its exported unit."""
    assert tolerate == _read(f'[[alerts.watch]]\nmetric = "{metric}"').watches[0].tolerate


def test_a_watch_holds_the_series_of_its_view() -> None:
    """Of its tenant, or of all."""
    by_channel, total = _read(EXAMPLE).watches
    assert by_channel.holds("acme", "nps", "interaction", "channel")
    assert not by_channel.holds("acme", "nps", "interaction", "total")
    assert not by_channel.holds("acme", "nps", "journey", "channel")
    assert not by_channel.holds("acme", "csat", "interaction", "channel")
    assert not total._replace(tenant="globex").holds("acme", "csat", "interaction", "total")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('metric = "ips"', "one of nps, csat, ces, positive as `metric` in [[alerts.watch]] number 1"),
        ("normal = 30", "as `metric`"),
        ('metric = "nps"\nview = "touchpoint"', "one of channel, total as `view`"),
        ('metric = "nps"\nlevel = "visit"', "one of interaction, journey, relationship as `level`"),
        ('metric = "positive"\nlevel = "journey"', "interaction as `level` of positive"),
        ('metric = "nps"\ntenant = "ACME"', 'a tenant id, or "*"'),
        ('metric = "nps"\nnormal = "30"', "a number as `normal`"),
        ('metric = "nps"\nnormal = true', "a number as `normal`"),
        ('metric = "nps"\nnormal = nan', "a number as `normal`"),
        ('metric = "nps"\nnormal = -95', "above -95 (what is tolerated is taken off) and at most 100"),
        ('metric = "csat"\nnormal = 85', "at most 1 as `normal`"),
        ('metric = "ces"\ntolerate = 6', "from 0 to below 6 as `tolerate`"),
        ('metric = "nps"\nanswers_per_month = 0', "above 0 as `answers_per_month`"),
        ('metric = "nps"\ntolerance = 5', "tolerate instead of tolerance in [[alerts.watch]] number 1"),
        ('metric = "nps"\n[[alerts.watch]]\nmetric = "nps"\ntenant = "acme"', "number 2 repeats another"),
    ],
)
def test_a_bad_watch_is_refused_with_its_place(text: str, says: str) -> None:
    """And with what would be right."""
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the text is compared below
        _read(f"[[alerts.watch]]\n{text}")
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[alerts]\nfalse_alarms_per_month = 0", "above 0 as `false_alarms_per_month`"),
        ("[alerts]\nfalse_alarms = 1", "false_alarms_per_month instead of false_alarms"),
        ('[alerts.watch]\nmetric = "nps"', "[[alerts.watch]] in double brackets"),
        ("alerts = 1", "a table as [alerts]"),
        ("[alerts]\nwatch = [1]", "a table as [[alerts.watch]] number 1"),
    ],
)
def test_a_bad_table_is_refused(text: str, says: str) -> None:
    """The same."""
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the text is compared below
        _read(text)
    assert says in str(error.value)


def test_settings_read_it_and_name_the_variable(tmp_path: Path) -> None:
    """Against the views that are kept."""
    path = tmp_path / "cx.toml"
    path.write_text(EXAMPLE, encoding="utf-8")
    settings = Settings.from_env({"CX_CONFIG": str(path)})
    assert 2.0 == settings.alerts.false_alarms_per_month
    assert Alerts() == Settings().alerts
    with pytest.raises(SettingsError, match=r"CX_CONFIG=.*Set it to a file with one of total as `view`"):
        Settings.from_env({"CX_CONFIG": str(path), "CX_VIEWS": "total"})
