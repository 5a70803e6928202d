"""One rendering for all who ask at the same time."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field

import pytest

from stream.export.sharing import SharedWork


@dataclass
class FakeClock:
    """Time stands still until it is advanced."""

    now_s: float = 100.0

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return int(self.now_s * 1000)

    def monotonic_s(self) -> float:
        """Seconds."""
        return self.now_s

    def cpu_s(self) -> float:
        """Processor seconds."""
        return self.now_s

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now_s += seconds


@dataclass
class Work:
    """Something that takes a while: says how often it ran."""

    clock: FakeClock
    costs_s: float = 0.0
    runs: int = 0
    threads: set[str] = field(default_factory=set)

    def __call__(self) -> bytes:
        """Run once."""
        self.runs += 1
        self.threads.add(threading.current_thread().name)
        self.clock.advance(self.costs_s)
        return str(self.runs).encode()


def run(scene: Callable[[SharedWork, FakeClock], Coroutine[None, None, None]]) -> None:
    """Play a scene in an event loop of its own."""

    async def play() -> None:
        clock = FakeClock()
        shared = SharedWork(clock)
        try:
            await scene(shared, clock)
        finally:
            shared.close()

    asyncio.run(play())


def test_those_who_ask_together_share_one_run() -> None:
    """Ten scrapers cost one rendering, in a thread that is not the event loop's."""

    async def scene(shared: SharedWork, clock: FakeClock) -> None:
        work = Work(clock, costs_s=0.01)
        found = await asyncio.gather(*(shared.get("metrics", work) for _ in range(10)))
        assert [b"1"] * 10 == found
        assert threading.current_thread().name not in work.threads

    run(scene)


@pytest.mark.parametrize(("cost_s", "kept_s"), [(0.02, 0.08), (0.1, 0.4), (5.0, 1.0)])
def test_a_result_is_kept_four_times_its_cost_and_at_most_a_second(cost_s: float, kept_s: float) -> None:
    """Rendering takes no more than about a fifth of the time, and figures are never old."""

    async def scene(shared: SharedWork, clock: FakeClock) -> None:
        work = Work(clock, cost_s)
        await shared.get("metrics", work)
        clock.advance(kept_s - 0.001)
        assert await shared.get("metrics", work) == b"1"
        clock.advance(0.002)
        assert await shared.get("metrics", work) == b"2"

    run(scene)


def test_what_costs_nothing_is_not_kept() -> None:
    """A small service always shows its latest."""

    async def scene(shared: SharedWork, clock: FakeClock) -> None:
        work = Work(clock)
        assert await shared.get("metrics", work) == b"1"
        assert await shared.get("metrics", work) == b"2"

    run(scene)


def test_other_keys_are_other_work() -> None:
    """Text is not OpenMetrics."""

    async def scene(shared: SharedWork, clock: FakeClock) -> None:
        work = Work(clock, costs_s=1)
        assert await shared.get("text", work) == b"1"
        assert await shared.get("openmetrics", work) == b"2"

    run(scene)


def test_an_error_reaches_all_and_is_not_kept() -> None:
    """The next scrape tries again."""

    async def scene(shared: SharedWork, clock: FakeClock) -> None:
        def fail() -> bytes:
            raise ValueError("no")

        found = await asyncio.gather(*(shared.get("metrics", fail) for _ in range(3)), return_exceptions=True)
        assert [ValueError] * 3 == [type(error) for error in found]
        assert await shared.get("metrics", Work(clock)) == b"1"

    run(scene)


def test_one_who_hangs_up_does_not_take_it_from_the_others() -> None:
    """A scraper's time-out must not cancel the rendering that others wait for."""

    async def scene(shared: SharedWork, _: FakeClock) -> None:
        gate = threading.Event()

        def wait() -> bytes:
            gate.wait(10)
            return b"done"

        impatient = asyncio.create_task(shared.get("metrics", wait))
        patient = asyncio.create_task(shared.get("metrics", wait))
        await asyncio.sleep(0)
        impatient.cancel()
        gate.set()
        assert await patient == b"done"

    run(scene)


def test_memory_does_not_grow_with_the_keys_asked_for() -> None:
    """Keys hold what strangers put into a query."""

    async def scene(shared: SharedWork, clock: FakeClock) -> None:
        for number in range(500):
            await shared.get(("scores", number), Work(clock, costs_s=1))
        assert len(shared._kept) <= 64

    run(scene)
