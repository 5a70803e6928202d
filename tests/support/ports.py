"""Ports of 127.0.0.1."""

import socket

from stream.ports import is_open

__all__ = ["free_ports", "is_open"]


def free_ports(count: int) -> list[int]:
    """Return `count` different ports that nothing listens on; held open together while they are chosen."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for item in sockets:
            item.bind(("127.0.0.1", 0))
        return [item.getsockname()[1] for item in sockets]
    finally:
        for item in sockets:
            item.close()
