"""A consumer that is closed ends its own fetches, and not the task that closes it.

aiokafka awaits each fetch that it cancelled. One that was waiting a tenth of a second after an error (a
broker went away) ends as cancelled, and awaiting that looks like a cancellation of whoever closes the
consumer: a partition that had just read its changelog ended without a word, was never ready, and the
consumer's connections stayed open (docs/decisions/0025).
"""

import asyncio
from collections.abc import Iterable
from typing import Any

from aiokafka.consumer.fetcher import Fetcher

_close = Fetcher.close
_CANCEL_AGAIN_S = 0.2


async def ended(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they have ended, however: aiokafka's swallow a cancellation now and then."""
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_CANCEL_AGAIN_S)


def asked_to_end() -> bool:
    """Whether somebody cancelled the task that asks; else a cancellation in it is that of another."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _end_fetches(self: Fetcher) -> None:
    await ended([self._fetch_task])  # it begins fetches
    await ended(self._pending_tasks)
    self._pending_tasks.clear()
    await _close(self)


def close_quietly() -> None:
    """From now on, every aiokafka consumer of this process."""
    Fetcher.close = _end_fetches
