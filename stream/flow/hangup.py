"""Connections to brokers are cut, not closed by the courtesies of TLS.

With uvloop a TLS connection that is closed while an answer is on its way (a consumer always waits
for a fetch) stands until uvloop's `ssl_shutdown_timeout`, 30 s, and aiokafka waits for it: recovering a
partition took 31 s instead of 1 s (12 consumers on a real Kafka, `stop()` of each 30.0 s). When aiokafka
closes a connection, all that was asked over it has been answered or has failed: nothing is lost by a cut.
"""

from typing import Any

from aiokafka.conn import AIOKafkaConnection

_close = AIOKafkaConnection.close


def _cut(self: AIOKafkaConnection, reason: Any = None, exc: BaseException | None = None) -> Any:
    writer = self._writer
    closed = _close(self, reason=reason, exc=exc)
    if writer is not None:
        writer.transport.abort()
    return closed


def cut_connections() -> None:
    """From now on, of every aiokafka client in this process."""
    AIOKafkaConnection.close = _cut
