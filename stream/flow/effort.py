"""What a coroutine costs itself: processor time while it runs, and not while it waits and others run."""

from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any, TypeVar

from stream.clock import Clock

_T = TypeVar("_T")


class Effort:
    """Adds up what some coroutines cost; of one that awaits another, both are counted once."""

    def __init__(self, clock: Clock) -> None:
        self.spent_s = 0.0
        """Processor seconds so far."""
        self._clock = clock
        self._running = False

    async def of(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Await a coroutine; what it costs is added, also when it raises."""
        return await self._step_by_step(work)

    @coroutine
    def _step_by_step(self, work: Coroutine[Any, Any, _T]) -> Generator[Any, Any, _T]:
        told: Any = None
        failed: BaseException | None = None
        while True:
            began_s, inside, self._running = self._clock.cpu_s(), self._running, True
            try:
                waits_for = work.send(told) if failed is None else work.throw(failed)
            except StopIteration as end:
                result: _T = end.value
                return result
            finally:
                self._running = inside
                if not inside:
                    self.spent_s += self._clock.cpu_s() - began_s
            told = failed = None
            try:
                told = yield waits_for
            except BaseException as error:  # noqa: BLE001 - a cancellation, too, is for the coroutine
                failed = error
