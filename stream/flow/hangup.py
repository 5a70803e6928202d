"""Connections to brokers are cut, not closed by the courtesies of TLS.

With uvloop a TLS connection that is closed while an answer is on its way (a consumer always waits
for a fetch) stands until uvloop's `ssl_shutdown_timeout`, 30 s, and aiokafka waits for it: recovering a
partition took 31 s instead of 1 s (12 consumers on a real Kafka, `stop()` of each 30.0 s). When aiokafka
closes a connection, all that was asked over it has been answered or has failed: nothing is lost by a cut.

A connection that a broker's crash reset raises RuntimeError when uvloop is asked to write to it before its
reader has seen the end (asyncio's own loop says nothing). aiokafka expects an OSError there: the task that
keeps brokers and leaders up to date ended silently, and whoever waited for it waited for ever: no look for
the coordinator, no heartbeat, no group (docs/decisions/0020).
"""

from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError, KafkaError

_close = AIOKafkaConnection.close
_send = AIOKafkaConnection.send


def _cut(self: AIOKafkaConnection, reason: Any = None, exc: BaseException | None = None) -> Any:
    writer = self._writer
    closed = _close(self, reason=reason, exc=exc)
    if writer is not None:
        writer.transport.abort()
    return closed


def _send_or_fail(self: AIOKafkaConnection, *args: Any, **options: Any) -> Any:
    try:
        return _send(self, *args, **options)
    except KafkaError:  # which is a RuntimeError
        raise
    except RuntimeError as error:
        self.close(reason=CloseReason.CONNECTION_BROKEN)
        raise KafkaConnectionError(f"Connection at {self.host}:{self.port} broken: {error}") from error


def cut_connections() -> None:
    """From now on, of every aiokafka client in this process."""
    AIOKafkaConnection.close = _cut
    AIOKafkaConnection.send = _send_or_fail
