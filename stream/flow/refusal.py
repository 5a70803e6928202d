"""Why no broker lets us in, told to people. Clients only say that none answered, however it went.

Asked after a client has failed: one connection to each broker in turn, up to the first that says more than
that nobody listens there.
"""

import asyncio
import ssl
import threading
from collections.abc import Callable
from typing import TypeVar

from stream.errors import BrokerUnreachable, CxError
from stream.flow.security import kafka_client_options
from stream.settings import Settings

_DEADLINE_MS = 5_000
_FIRST_MS, _LATER_MS = 1_000, 9_000
_T = TypeVar("_T")


class LoginRefused(CxError):  # noqa: N818  # the name says it
    """A broker answers, but does not let us in, or is not one that we trust."""


def reach(settings: Settings, connect: Callable[[int], _T]) -> _T:
    """What `connect` returns, a client of kafka-python that waits for a broker for so many milliseconds.

    Such a client takes a refusal for a broker that is not there yet, and tries again until its time is over.
    So the first try is short, and why it failed is asked before the second.

    Raises LoginRefused and BrokerUnreachable.
    """
    from kafka.errors import KafkaError  # noqa: PLC0415 - workers use another client

    try:
        return connect(_FIRST_MS)
    except KafkaError as error:
        reason = unreachable(settings, error)
        if isinstance(reason, LoginRefused):
            raise reason from error
    try:
        return connect(_LATER_MS)
    except KafkaError as error:
        raise unreachable(settings, error) from error


def unreachable(settings: Settings, cause: Exception) -> CxError:
    """The error for people after `cause`: LoginRefused or BrokerUnreachable. Blocks up to some seconds."""
    found: list[CxError | None] = []
    # In a thread of its own, since the caller's may have an event loop that runs.
    asking = threading.Thread(target=lambda: found.append(asyncio.run(_ask(settings))), daemon=True)
    asking.start()
    asking.join()
    return (found[0] if found else None) or BrokerUnreachable(settings.bootstrap, cause)


async def _ask(settings: Settings) -> CxError | None:
    # Here, because publishers use another client, and need not wait for this one's import.
    from aiokafka.conn import create_conn  # noqa: PLC0415 - as said
    from aiokafka.errors import KafkaError  # noqa: PLC0415 - as said

    options = kafka_client_options(settings)
    for address in options.pop("bootstrap_servers"):
        host, _, port = address.rpartition(":")
        try:
            connection = await create_conn(
                host.strip("[]"), int(port), request_timeout_ms=_DEADLINE_MS, **options
            )
        except ConnectionRefusedError:
            continue
        except (KafkaError, OSError, TimeoutError) as error:
            refused = _refused(settings, address, error)
            if refused is not None:
                return refused
        else:
            connection.close()
    return None


def _refused(settings: Settings, address: str, error: BaseException) -> LoginRefused | None:
    from aiokafka import errors  # noqa: PLC0415 - as said

    mechanism = settings.broker_mechanism or "PLAIN"
    if isinstance(error, errors.SaslAuthenticationFailed):
        return LoginRefused(
            f"the broker at {address} refused the user {settings.broker_username} with {mechanism}. "
            "Check CX_BROKER_USERNAME, CX_BROKER_PASSWORD and CX_BROKER_MECHANISM."
        )
    if isinstance(error, errors.UnsupportedSaslMechanismError):
        return LoginRefused(
            f"the broker at {address} does not take {mechanism}. Set CX_BROKER_MECHANISM to what it takes."
        )
    if isinstance(error, ssl.SSLError):
        return LoginRefused(
            f"no TLS with the broker at {address}: {error.reason or error}"
            f"{f' ({error.verify_message})' if isinstance(error, ssl.SSLCertVerificationError) else ''}. "
            "Check CX_BROKER_CA_FILE, CX_BROKER_CERT_FILE and CX_BROKER_KEY_FILE."
        )
    if isinstance(error, errors.KafkaError | ConnectionError):
        return LoginRefused(
            f"the broker at {address} hung up. It may want TLS (CX_BROKER_CA_FILE), a certificate "
            "(CX_BROKER_CERT_FILE, CX_BROKER_KEY_FILE) or a user (CX_BROKER_USERNAME, CX_BROKER_PASSWORD)."
        )
    return None
