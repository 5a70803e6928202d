"""What a coroutine costs, apart from what runs while it waits."""

import asyncio

import pytest

from stream.flow.effort import Effort
from tests.support.staging import FakeClock


class Work:
    """Costs a second before and two after a wait, during which others cost a hundred."""

    def __init__(self, clock: FakeClock, error: type[BaseException] | None = None) -> None:
        self.clock = clock
        self.error = error
        self.woken = asyncio.Event()

    async def others(self) -> None:
        """Run while it waits."""
        self.clock.spent_s += 100
        self.woken.set()

    async def run(self) -> str:
        """The work itself."""
        self.clock.spent_s += 1
        await self.woken.wait()
        self.clock.spent_s += 2
        if self.error is not None:
            raise self.error
        return "done"


@pytest.mark.parametrize("error", [None, ValueError, asyncio.CancelledError])
def test_what_others_do_while_it_waits_is_not_counted(error: type[BaseException] | None) -> None:
    """Neither when it ends well nor when it does not."""

    async def scene() -> None:
        clock = FakeClock()
        work, effort = Work(clock, error), Effort(clock)
        found, _ = await asyncio.gather(effort.of(work.run()), work.others(), return_exceptions=True)
        assert found == "done" if error is None else isinstance(found, error)
        assert (3, 103) == (effort.spent_s, clock.spent_s)

    asyncio.run(scene())


def test_a_coroutine_inside_another_is_counted_once() -> None:
    """Whether it is awaited or runs as a task of its own."""

    async def scene(*, apart: bool) -> float:
        clock = FakeClock()
        work, effort = Work(clock), Effort(clock)

        async def around() -> None:
            clock.spent_s += 4
            inner = effort.of(work.run())
            await (asyncio.ensure_future(inner) if apart else inner)

        await asyncio.gather(effort.of(around()), work.others())
        return effort.spent_s

    assert {7} == {asyncio.run(scene(apart=apart)) for apart in (False, True)}


def test_a_cancellation_reaches_the_work() -> None:
    """And ends it."""

    async def scene() -> None:
        clock = FakeClock()
        work = Work(clock)
        task = asyncio.create_task(Effort(clock).of(work.run()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert 1 == clock.spent_s

    asyncio.run(scene())
