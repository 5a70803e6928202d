"""aiokafka's clients wait before they look for a broker again.

While the leader of a partition with waiting batches is not known, the producer's loop asks for metadata anew
as soon as the last attempt has failed. A refused connection fails at once: with 9 producers and traffic a
worker without a broker turned in circles (2 000 log lines a second), and kept the broker from coming up.
"""

import asyncio
from typing import Any

from aiokafka.client import AIOKafkaClient

_PAUSE_S = 0.5
_update = AIOKafkaClient._metadata_update  # noqa: SLF001 - replaced below


async def _update_patiently(self: AIOKafkaClient, *args: Any) -> Any:
    updated = await _update(self, *args)
    if not updated:
        await asyncio.sleep(_PAUSE_S)
    return updated


def pace_attempts() -> None:
    """From now on, in every aiokafka client of this process."""
    AIOKafkaClient._metadata_update = _update_patiently  # noqa: SLF001 - aiokafka has no setting for it
