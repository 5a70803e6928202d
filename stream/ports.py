"""Ports of this machine."""

import socket

_LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as item:
        item.bind((_LOOPBACK, 0))
        port: int = item.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Tell whether one could listen on the port."""
    with socket.socket() as item:
        item.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            item.bind((_LOOPBACK, port))
        except OSError:
            return False
        return True


def is_open(port: int) -> bool:
    """Tell whether something accepts connections on the port."""
    with socket.socket() as item:
        item.settimeout(1)
        return item.connect_ex((_LOOPBACK, port)) == 0
