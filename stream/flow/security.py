"""How clients log in to the brokers: one translation of the settings for every client library."""

import ssl
from typing import Any

from stream.settings import Settings, SettingsError


def kafka_client_options(settings: Settings) -> dict[str, Any]:
    """Return the arguments of any aiokafka or kafka-python client: brokers, protocol, TLS, SASL.

    Both libraries spell them alike.

    Raises SettingsError when a certificate or key cannot be used.
    """
    context = ssl_context(settings)
    options: dict[str, Any] = {"bootstrap_servers": settings.bootstrap.split(",")}
    if context is not None:
        options["ssl_context"] = context
    if settings.broker_username is not None:
        options |= {
            "sasl_mechanism": settings.broker_mechanism or "PLAIN",
            "sasl_plain_username": settings.broker_username,
            "sasl_plain_password": settings.broker_password,
        }
    sasl = "SASL_" if settings.broker_username is not None else ""
    options["security_protocol"] = sasl + ("SSL" if context is not None else "PLAINTEXT")
    return options


def ssl_context(settings: Settings) -> ssl.SSLContext | None:
    """The TLS context for the brokers: host names are checked; None without TLS.

    Raises SettingsError when a file holds no usable certificate or key.
    """
    if settings.broker_ca_file is None and settings.broker_cert_file is None:
        return None
    own_authority = settings.broker_ca_file not in (None, "system")
    try:
        context = ssl.create_default_context(cafile=settings.broker_ca_file if own_authority else None)
    except (ssl.SSLError, OSError) as error:
        raise SettingsError(
            f"CX_BROKER_CA_FILE={settings.broker_ca_file} holds no usable certificate: {error}"
        ) from None
    if settings.broker_cert_file is not None:
        try:
            # With an empty password an encrypted key is an error, and not a question on the terminal.
            context.load_cert_chain(settings.broker_cert_file, settings.broker_key_file, password="")
        except (ssl.SSLError, OSError) as error:
            raise SettingsError(
                f"CX_BROKER_CERT_FILE={settings.broker_cert_file} and "
                f"CX_BROKER_KEY_FILE={settings.broker_key_file} are no usable pair: {error}"
            ) from None
    return context
