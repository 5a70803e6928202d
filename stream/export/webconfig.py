"""The file of CX_WEB_CONFIG: TLS and users of the metrics port, with the keys of the Prometheus exporters.

    tls_server_config:
      cert_file: server.crt            relative to this file
      key_file: server.key
      client_ca_file: clients.crt      with one of the types that verify
      client_auth_type: NoClientCert | VerifyClientCertIfGiven | RequireAndVerifyClientCert
      min_version: TLS12 | TLS13       max_version: the same
    basic_auth_users:
      prometheus: $2y$10$...           a bcrypt hash: `htpasswd -nBC 10 prometheus`

What the exporters know beyond these is refused by name: a rule that is not obeyed protects nobody.
"""

import re
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, get_args

import msgspec
import yaml
from msgspec import Struct

from stream.settings import SettingsError

ClientAuth = Literal["NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"]
TlsVersion = Literal["TLS12", "TLS13"]

_VERIFY: Final[Mapping[ClientAuth, ssl.VerifyMode]] = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
_VERSIONS: Final[Mapping[TlsVersion, ssl.TLSVersion]] = {
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}
# Cost 16 is three seconds a check; beyond it a worker would be busy with passwords alone.
_is_bcrypt = re.compile(r"\$2[aby]\$(?:0[4-9]|1[0-6])\$[./A-Za-z0-9]{53}").fullmatch
_place = re.compile(r" - at `(?:key in )?\$\.?(?P<path>[^`]*)`$")


class Tls(Struct, frozen=True, forbid_unknown_fields=True):
    """`tls_server_config`."""

    cert_file: str
    key_file: str
    client_ca_file: str | None = None
    client_auth_type: ClientAuth = "NoClientCert"
    min_version: TlsVersion = "TLS12"
    max_version: TlsVersion = "TLS13"

    @property
    def files(self) -> tuple[str, ...]:
        """The files that it names."""
        return tuple(name for name in (self.cert_file, self.key_file, self.client_ca_file) if name)


class WebConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    tls_server_config: Tls | None = None
    basic_auth_users: dict[str, str] | None = None

    @property
    def asks_who(self) -> bool:
        """Whether nobody is answered who has not shown a password or a certificate."""
        tls = self.tls_server_config
        return bool(self.basic_auth_users) or (
            tls is not None and tls.client_auth_type == "RequireAndVerifyClientCert"
        )


def read(path: Path) -> WebConfig:
    """Read and check the file. Raises SettingsError; no message tells a password's hash."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _error(path, f"cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark is not None else ""
        raise _error(path, f"is not YAML{where}") from None
    try:
        config = msgspec.convert({} if document is None else document, WebConfig)
    except msgspec.ValidationError as error:
        raise _error(path, _in_words(str(error), document)) from None
    for fault in _faults(config):
        raise _error(path, fault)
    return config


def ssl_context(path: Path, tls: Tls) -> ssl.SSLContext:
    """The server's side of TLS; `path` is the file of CX_WEB_CONFIG. Raises SettingsError."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = _VERSIONS[tls.min_version]
    context.maximum_version = _VERSIONS[tls.max_version]
    context.set_alpn_protocols(["http/1.1"])
    folder = path.parent
    try:
        # With an empty password an encrypted key is an error, and not a question on the terminal.
        context.load_cert_chain(folder / tls.cert_file, folder / tls.key_file, password="")
    except (ssl.SSLError, OSError) as error:
        raise _error(path, f"cert_file {tls.cert_file} and key_file {tls.key_file}: {error}") from None
    if tls.client_ca_file is not None:
        try:
            context.load_verify_locations(folder / tls.client_ca_file)
        except (ssl.SSLError, OSError) as error:
            raise _error(path, f"client_ca_file {tls.client_ca_file}: {error}") from None
    context.verify_mode = _VERIFY[tls.client_auth_type]
    return context


def _faults(config: WebConfig) -> list[str]:
    """What types alone cannot say."""
    faults = []
    tls = config.tls_server_config
    if tls is not None:
        verifies = tls.client_auth_type != "NoClientCert"
        if verifies != (tls.client_ca_file is not None):
            faults.append(
                "tls_server_config: client_ca_file and a client_auth_type that verifies "
                "(VerifyClientCertIfGiven, RequireAndVerifyClientCert) belong together"
            )
        if tls.max_version < tls.min_version:
            faults.append("tls_server_config: max_version is below min_version")
    for name, hashed in (config.basic_auth_users or {}).items():
        if not name or ":" in name:
            faults.append("basic_auth_users: a name is not empty and has no colon")
        if not _is_bcrypt(hashed):
            faults.append(
                f"basic_auth_users.{name}: not a bcrypt hash of cost 4 to 16; make one with "
                f"`htpasswd -nBC 10 {name}`"
            )
    return faults


def _in_words(message: str, document: Any) -> str:
    """What msgspec says, with the place in front, and what would have been right."""
    place = _place.search(message)
    path = place["path"] if place else ""
    said = message[: place.start()] if place else message
    said = said[0].lower() + said[1:]
    if path.endswith("client_auth_type"):
        said = "is one of " + ", ".join(get_args(ClientAuth))
    elif path.endswith("_version"):
        said = "is one of " + ", ".join(get_args(TlsVersion))
    elif "unknown field" in said:
        struct = Tls if path else WebConfig
        unknown = sorted(str(key) for key in _at(document, path) if key not in struct.__struct_fields__)
        said = f"{', '.join(unknown)}: not known here; known are " + ", ".join(struct.__struct_fields__)
    return f"{path or 'the file'}: {said}"


def _at(document: Any, path: str) -> Any:
    return document[path] if path else document


def _error(path: Path, fault: str) -> SettingsError:
    return SettingsError(f"CX_WEB_CONFIG={path}: {fault}")
