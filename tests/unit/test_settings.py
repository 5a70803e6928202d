"""Settings: built from a mapping, every mistake named."""

from pathlib import Path

import pytest

from stream.settings import Settings, SettingsError, View, Window


def test_an_empty_environment_gives_the_documented_defaults() -> None:
    """The contract's defaults."""
    settings = Settings.from_env({})

    assert settings.broker == "kafka://127.0.0.1:9092"
    assert (settings.app_id, settings.topic_prefix, settings.partitions) == ("cx", "cx.", 4)
    assert [window.label for window in settings.windows] == ["5m", "1h", "24h", "7d", "30d", "90d"]
    assert [view.label for view in settings.views] == ["total", "channel", "touchpoint"]
    assert (settings.clock, settings.store) == ("wall", "memory")
    assert (settings.max_skew_ms, settings.max_lateness_ms, settings.grace_ms) == (
        300_000,
        86_400_000,
        60_000,
    )
    assert (settings.min_privacy, settings.min_responses) == (5, 30)
    assert (settings.max_series, settings.dedup_records) == (10_000, 100_000)
    assert (settings.metrics_host, settings.metrics_port) == ("127.0.0.1", 8000)
    assert (settings.commit_interval_s, settings.session_timeout_s) == (1.0, 10.0)
    assert (settings.tenants, settings.latest_per_customer) == (frozenset(), False)


def test_what_is_not_ours_is_not_read() -> None:
    """Other names, and CX_TEST_* ones, are somebody else's."""
    assert Settings.from_env({"PATH": "/bin", "CXY": "1", "CX_TEST_BROKER": "here"}) == Settings()


@pytest.mark.parametrize(
    ("name", "closest"),
    [("CX_BROKR", "CX_BROKER"), ("CX_WINDOW", "CX_WINDOWS"), ("CX_MIN_RESPONCES", "CX_MIN_RESPONSES")],
)
def test_an_unknown_name_is_an_error_that_suggests_the_closest(name: str, closest: str) -> None:
    """A misspelt setting must not be silently without effect."""
    with pytest.raises(SettingsError, match=rf"{name} .*Did you mean {closest}\?"):
        Settings.from_env({name: "1"})


@pytest.mark.parametrize(
    "name",
    [
        "CX_STREAM_SERVICE_HOST",
        "CX_STREAM_SERVICE_PORT",
        "CX_STREAM_SERVICE_PORT_HTTP",
        "CX_STREAM_PORT",
        "CX_STREAM_PORT_8000_TCP_ADDR",
        "CX_PORT",
    ],
)
def test_what_kubernetes_injects_for_a_service_is_left_alone(name: str) -> None:
    """A service that is called cx-stream must not stop the worker."""
    assert Settings.from_env({name: "tcp://10.0.0.1:8000"}) == Settings()


def test_a_kubernetes_service_called_cx_metrics_does_not_set_our_port() -> None:
    """It injects CX_METRICS_PORT=tcp://..., which is not the port to listen on."""
    assert Settings.from_env({"CX_METRICS_PORT": "tcp://10.0.0.1:80"}).metrics_port == 8000
    assert Settings.from_env({"CX_METRICS_PORT": "9100"}).metrics_port == 9100


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CX_BROKER", "http://here:1"),
        ("CX_BROKER", "kafka://here:99999"),
        ("CX_PARTITIONS", "0"),
        ("CX_PARTITIONS", "4.0"),
        ("CX_PARTITIONS", "9" * 5_000),
        ("CX_WINDOWS", "5m,300s"),
        ("CX_WINDOWS", "5m,,1h"),
        ("CX_WINDOWS", "0s"),
        ("CX_WINDOWS", "5 minutes"),
        ("CX_VIEWS", "total,total"),
        ("CX_VIEWS", "channel+channel"),
        ("CX_VIEWS", "total+channel"),
        ("CX_VIEWS", "a+b+c"),
        ("CX_VIEWS", "pl\nan"),
        ("CX_CLOCK", "sundial"),
        ("CX_MAX_SKEW", "-1"),
        ("CX_TENANTS", "Acme"),
        ("CX_STORE", "disk"),
        ("CX_COMMIT_INTERVAL", "0"),
        ("CX_SESSION_TIMEOUT", "0.1"),
        ("CX_LATEST_PER_CUSTOMER", "maybe"),
        ("CX_APP_ID", "a/b"),
        ("CX_TOPIC_PREFIX", "a b"),
        ("CX_METRICS_PORT", "65536"),
        ("CX_HASH_KEY_FILE", "/nowhere/key"),
        ("CX_CONFIG", "/nowhere/cx.toml"),
    ],
)
def test_a_bad_value_is_an_error_that_names_the_variable_and_the_value(name: str, value: str) -> None:
    """Who reads the message must know which line to mend."""
    with pytest.raises(SettingsError, match=rf"^{name}=.* cannot be used\. Set it to ") as raised:
        Settings.from_env({name: value})
    assert repr(value) in str(raised.value)


def test_an_empty_value_is_as_good_as_none_but_for_the_prefix() -> None:
    """Compose files and charts pass empty strings for what is not set."""
    settings = Settings.from_env({"CX_PARTITIONS": "", "CX_INSTANCE_ID": "", "CX_TOPIC_PREFIX": ""})

    assert (settings.partitions, settings.instance_id, settings.topic("surveys")) == (4, None, "surveys")


def test_several_brokers_are_spelt_for_faust_and_for_clients() -> None:
    """The default port is Kafka's."""
    settings = Settings.from_env({"CX_BROKER": "kafka://one, two:9093;kafka://[::1]:9094"})

    assert settings.broker == "kafka://one:9092;kafka://two:9093;kafka://[::1]:9094"
    assert settings.bootstrap == "one:9092,two:9093,[::1]:9094"


def test_windows_are_sorted_and_keep_their_spelling() -> None:
    """The label in metrics is what the operator wrote."""
    settings = Settings.from_env({"CX_WINDOWS": "24h, 300s,7d"})

    assert settings.windows == (Window("300s", 300_000), Window("24h", 86_400_000), Window("7d", 604_800_000))
    assert settings.longest_window_ms == 604_800_000


def test_views_keep_the_order_of_their_keys_and_tell_the_segment_keys() -> None:
    """Only segment keys that some view uses are kept."""
    settings = Settings.from_env({"CX_VIEWS": "total,plan,channel+touchpoint,region+plan"})

    assert settings.views == (
        View("total", ()),
        View("plan", ("plan",)),
        View("channel+touchpoint", ("channel", "touchpoint")),
        View("region+plan", ("region", "plan")),
    )
    assert settings.segment_keys == {"plan", "region"}


def test_a_password_is_shown_nowhere() -> None:
    """Neither in the representation nor in an error."""
    env = {"CX_BROKER_USERNAME": "u", "CX_BROKER_PASSWORD": "hunter2", "CX_BROKER_CA_FILE": "system"}
    assert "hunter2" not in repr(Settings.from_env(env))

    with pytest.raises(SettingsError) as raised:
        Settings.from_env({"CX_BROKER_PASSWORD": "hunter2"})
    assert "CX_BROKER_USERNAME is not set" in str(raised.value)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"CX_BROKER_USERNAME": "u"}, "CX_BROKER_PASSWORD is not set"),
        ({"CX_BROKER_MECHANISM": "PLAIN"}, "without CX_BROKER_USERNAME"),
        ({"CX_BROKER_CERT_FILE": __file__}, "CX_BROKER_KEY_FILE is not set"),
        ({"CX_BROKER_KEY_FILE": __file__}, "CX_BROKER_CERT_FILE is not set"),
        ({"CX_BROKER_CA_FILE": "/nowhere/ca.pem"}, "CX_BROKER_CA_FILE="),
    ],
)
def test_settings_that_contradict_each_other_are_an_error(env: dict[str, str], message: str) -> None:
    """Pairs must be whole."""
    with pytest.raises(SettingsError, match=message):
        Settings.from_env(env)


def test_a_password_in_clear_is_refused_unless_allowed() -> None:
    """TLS, or a word that clear text is meant."""
    login = {"CX_BROKER_USERNAME": "u", "CX_BROKER_PASSWORD": "p"}

    with pytest.raises(SettingsError, match=r"in clear.*CX_ALLOW_PLAINTEXT=1"):
        Settings.from_env(login)
    assert Settings.from_env(login | {"CX_ALLOW_PLAINTEXT": "1"}).broker_username == "u"
    assert Settings.from_env(login | {"CX_BROKER_CA_FILE": "system"}).broker_username == "u"


def test_the_toml_document_is_parsed_and_its_top_level_checked(tmp_path: Path) -> None:
    """What is not a scalar stands in cx.toml."""
    path = tmp_path / "cx.toml"
    path.write_text('[[alerts.watch]]\nmetric = "nps"\n', encoding="utf-8")
    assert Settings.from_env({"CX_CONFIG": str(path)}).document == {"alerts": {"watch": [{"metric": "nps"}]}}

    path.write_text("[alarms]\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"CX_CONFIG=.*'alarms'"):
        Settings.from_env({"CX_CONFIG": str(path)})

    path.write_text("[alerts\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"CX_CONFIG=.*TOML"):
        Settings.from_env({"CX_CONFIG": str(path)})
