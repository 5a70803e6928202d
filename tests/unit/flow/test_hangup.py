"""A connection that was reset under us is a broken one, whatever the loop says."""

import asyncio
import socket
import struct
from typing import Any

import pytest
import uvloop
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.admin import ApiVersionRequest

from stream.flow.hangup import cut_connections

_RESET = struct.pack("ii", 1, 0)
"""Linger for no time: closing sends a reset."""

cut_connections()


def test_writing_to_a_connection_that_was_reset_fails_as_a_broken_one() -> None:
    """On uvloop, with a real socket: before its reader knows, the transport raises RuntimeError."""
    with (
        pytest.raises(KafkaConnectionError, match=r"broken: .*the handler is closed"),
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_write_until_it_fails())


async def _write_until_it_fails() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    with listener:
        connection: Any = AIOKafkaConnection("127.0.0.1", listener.getsockname()[1])
        connection._reader, connection._writer = await asyncio.open_connection(*listener.getsockname())
        connection._versions = {18: (0, 0)}
        connection._read_task = asyncio.ensure_future(connection._reader.readexactly(4))
        peer, _ = listener.accept()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        peer.close()
        try:
            async with asyncio.timeout(10):
                while True:
                    connection.send(ApiVersionRequest(), expect_response=False).close()
                    await asyncio.sleep(0)
        finally:
            assert not connection.connected()
