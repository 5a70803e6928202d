"""How clients log in: one translation of the settings."""

import ssl
from pathlib import Path

import pytest
from faust.auth import SASLCredentials, SSLCredentials

from stream.flow.credentials import broker_credentials
from stream.flow.security import kafka_client_options
from stream.settings import Settings, SettingsError

_LOGIN = {"CX_BROKER_USERNAME": "u", "CX_BROKER_PASSWORD": "p"}


def test_without_users_and_certificates_it_is_plaintext() -> None:
    """The default of a broker on this machine."""
    assert kafka_client_options(Settings.from_env({"CX_BROKER": "a:1,b:2"})) == {
        "bootstrap_servers": ["a:1", "b:2"],
        "security_protocol": "PLAINTEXT",
    }
    assert broker_credentials(Settings()) is None


def test_a_user_logs_in_over_tls_with_checked_host_names() -> None:
    """No option turns the checks off."""
    settings = Settings.from_env(
        _LOGIN | {"CX_BROKER_CA_FILE": "system", "CX_BROKER_MECHANISM": "scram-sha-512"}
    )
    options = kafka_client_options(settings)

    assert options["security_protocol"] == "SASL_SSL"
    assert options["sasl_mechanism"] == "SCRAM-SHA-512"
    assert options["ssl_context"].verify_mode is ssl.CERT_REQUIRED
    assert options["ssl_context"].check_hostname
    assert isinstance(broker_credentials(settings), SASLCredentials)


def test_clear_text_only_where_it_was_allowed() -> None:
    """The mechanism is PLAIN unless said otherwise."""
    options = kafka_client_options(Settings.from_env(_LOGIN | {"CX_ALLOW_PLAINTEXT": "1"}))

    assert (options["security_protocol"], options["sasl_mechanism"]) == ("SASL_PLAINTEXT", "PLAIN")
    assert "ssl_context" not in options


def test_tls_without_a_user() -> None:
    """The broker is checked; we show nothing."""
    settings = Settings.from_env({"CX_BROKER_CA_FILE": "system"})

    assert kafka_client_options(settings)["security_protocol"] == "SSL"
    assert isinstance(broker_credentials(settings), SSLCredentials)


@pytest.mark.parametrize("kind", ["CA", "CERT"])
def test_a_file_without_a_usable_certificate_is_a_settings_error(tmp_path: Path, kind: str) -> None:
    """The message names the variable."""
    path = tmp_path / "no.pem"
    path.write_text("not a certificate", encoding="utf-8")
    env = {"CX_BROKER_CA_FILE": str(path)}
    if kind == "CERT":
        env = {"CX_BROKER_CERT_FILE": str(path), "CX_BROKER_KEY_FILE": str(path)}

    with pytest.raises(SettingsError, match=f"CX_BROKER_{kind}_FILE="):
        kafka_client_options(Settings.from_env(env))
