"""Who closes a consumer goes on after it."""

import asyncio
from typing import Any

from aiokafka.consumer.fetcher import Fetcher

from stream.flow.closing import asked_to_end, close_quietly, ended

close_quietly()


async def _waits() -> None:
    await asyncio.sleep(60)


def test_a_fetch_that_ends_as_cancelled_does_not_cancel_who_closes_the_consumer() -> None:
    """As one does that waits after an error; also one that has not begun yet."""

    async def play() -> None:
        fetcher: Any = Fetcher.__new__(Fetcher)
        fetcher._fetch_task = asyncio.create_task(_waits())
        fetches = [asyncio.create_task(_waits()) for _ in range(2)]
        fetcher._pending_tasks, fetcher._fetch_waiters = set(fetches), set()
        await asyncio.sleep(0)
        fetcher._pending_tasks.add(asyncio.create_task(_waits()))
        async with asyncio.timeout(10):
            await fetcher.close()
        assert fetcher._fetch_task.cancelled()
        assert all(task.cancelled() for task in fetches)

    asyncio.run(play())


def test_a_task_that_swallows_a_cancellation_is_asked_again() -> None:
    """Some of aiokafka's do."""

    async def swallow() -> None:
        try:
            await _waits()
        except asyncio.CancelledError:
            await _waits()

    async def play() -> None:
        task = asyncio.create_task(swallow())
        await asyncio.sleep(0)
        async with asyncio.timeout(10):
            await ended([task])
        assert task.cancelled()

    asyncio.run(play())


def test_a_cancellation_is_ones_own_when_somebody_asked_for_it() -> None:
    """Not when it is that of another task, which was awaited."""
    found: list[bool] = []

    async def awaits(other: asyncio.Task[None]) -> None:
        try:
            await other
        except asyncio.CancelledError:
            found.append(asked_to_end())

    async def play() -> None:
        others = [asyncio.create_task(_waits()) for _ in range(2)]
        tasks = [asyncio.create_task(awaits(other)) for other in others]
        await asyncio.sleep(0)
        others[0].cancel()
        tasks[1].cancel()
        await asyncio.gather(*tasks)

    asyncio.run(play())
    assert [False, True] == sorted(found)
