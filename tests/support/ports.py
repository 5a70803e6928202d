"""Ports of 127.0.0.1 that nothing listens on."""

import socket


def free_ports(count: int) -> list[int]:
    """Return `count` different free ports; held open together while they are chosen."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for item in sockets:
            item.bind(("127.0.0.1", 0))
        return [item.getsockname()[1] for item in sockets]
    finally:
        for item in sockets:
            item.close()


def is_open(port: int) -> bool:
    """Tell whether something accepts connections on the port."""
    with socket.socket() as item:
        item.settimeout(1)
        return item.connect_ex(("127.0.0.1", port)) == 0
