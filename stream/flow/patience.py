"""aiokafka's clients wait before they look for a broker again, and for as long as it takes.

While the leader of a partition with waiting batches is not known, the producer's loop asks for metadata anew
as soon as the last attempt has failed. A refused connection fails at once: with 9 producers and traffic a
worker without a broker turned in circles (2 000 log lines a second), and kept the broker from coming up.

A batch whose partition has no leader fails once it is 40 s old: a broker that had been away for so long and
said, coming up, that it did not know its leaders yet, ended the worker. There is nothing better to do than to
wait: nothing is lost meanwhile.
"""

import asyncio
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.producer.message_accumulator import MessageBatch

_PAUSE_S = 0.5
_update = AIOKafkaClient._metadata_update  # noqa: SLF001 - replaced below


async def _update_patiently(self: AIOKafkaClient, *args: Any) -> Any:
    updated = await _update(self, *args)
    if not updated:
        await asyncio.sleep(_PAUSE_S)
    return updated


def _never(_: MessageBatch) -> bool:
    return False


def be_patient() -> None:
    """From now on, in every aiokafka client of this process."""
    MessageBatch.expired = _never
    AIOKafkaClient._metadata_update = _update_patiently  # noqa: SLF001 - aiokafka has no setting for it
