"""The file of CX_WEB_CONFIG: what is taken, and what is told to people about the rest."""

from pathlib import Path

import bcrypt
import pytest

from stream.export import webconfig
from stream.settings import SettingsError
from tests.support.certificates import Authority

TLS = "tls_server_config: {cert_file: a, key_file: b, "
HASH = bcrypt.hashpw(b"opensesame", bcrypt.gensalt(4)).decode()


def write(folder: Path, text: str) -> Path:
    """Write a file into a folder."""
    path = folder / "web.yml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("text", ["", "# nothing\n", "basic_auth_users:\n", "tls_server_config: null\n"])
def test_an_empty_file_protects_nothing(tmp_path: Path, text: str) -> None:
    """As with the exporters."""
    found = webconfig.read(write(tmp_path, text))

    assert found.tls_server_config is None
    assert not found.asks_who


@pytest.mark.parametrize("prefix", ["$2a$", "$2b$", "$2y$"])
def test_users_have_bcrypt_hashes_of_every_maker(tmp_path: Path, prefix: str) -> None:
    """Go, Python and htpasswd each write another prefix."""
    found = webconfig.read(write(tmp_path, f"basic_auth_users: {{prometheus: {prefix}{HASH[4:]}}}"))

    assert found.asks_who


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("is not YAML (line 2)", "basic_auth_users:\n  a: 'SECRET"),
        ("the file: expected `object`, got `array`", "[1]"),
        ("tls_server_confg: not known here; known are tls_server_config, basic", "tls_server_confg: {}"),
        ("the file: http_server_config: not known here", "http_server_config: {http2: true}"),
        ("tls_server_config: cipher_suites: not known here", TLS + "cipher_suites: []}"),
        ("tls_server_config: object missing required field `key_file`", "tls_server_config: {cert_file: a}"),
        ("type: is one of NoClientCert, Verify", TLS + "client_auth_type: RequireAnyClientCert}"),
        ("min_version: is one of TLS12, TLS13", TLS + "min_version: TLS10}"),
        ("max_version is below min_version", TLS + "min_version: TLS13, max_version: TLS12}"),
        ("client_ca_file and a client_auth_type that", TLS + "client_ca_file: c}"),
        ("client_ca_file and a client_auth_type that", TLS + "client_auth_type: VerifyClientCertIfGiven}"),
        ("basic_auth_users.a: not a bcrypt hash of cost 4 to 16; make", "basic_auth_users: {a: SECRET}"),
        ("basic_auth_users.a: not a bcrypt hash", f"basic_auth_users: {{a: {HASH.replace('$04$', '$17$')}}}"),
        ("basic_auth_users: a name is not empty", f"basic_auth_users: {{'a:b': {HASH}}}"),
        ("basic_auth_users[...]: expected `str`, got `int`", "basic_auth_users: {a: 1}"),
    ],
)
def test_a_fault_is_told_with_its_place_and_without_secrets(tmp_path: Path, fault: str, text: str) -> None:
    """The setting, the file, the key, what would have been right; never what stands behind a user's name."""
    path = write(tmp_path, text)

    with pytest.raises(SettingsError) as caught:
        webconfig.read(path)

    assert str(caught.value).startswith(f"CX_WEB_CONFIG={path}: ")
    assert fault in str(caught.value)
    assert "SECRET" not in str(caught.value)


def test_file_names_are_relative_to_the_file(tmp_path: Path) -> None:
    """And need not be: an absolute one is left alone."""
    authority = Authority(tmp_path / "pki")
    chain, key = authority.issue("server")
    tls = webconfig.Tls(cert_file="pki/server.crt", key_file=str(key))

    assert webconfig.ssl_context(tmp_path / "web.yml", tls).cert_store_stats()["x509_ca"] == 0
    with pytest.raises(SettingsError, match=r"cert_file nowhere\.crt and key_file"):
        webconfig.ssl_context(tmp_path / "web.yml", webconfig.Tls(cert_file="nowhere.crt", key_file=str(key)))
    with pytest.raises(SettingsError, match=r"client_ca_file pki/server\.key"):
        webconfig.ssl_context(
            tmp_path / "web.yml",
            webconfig.Tls(
                cert_file=str(chain),
                key_file=str(key),
                client_ca_file="pki/server.key",
                client_auth_type="VerifyClientCertIfGiven",
            ),
        )
