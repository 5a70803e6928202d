"""One piece of work for all who ask for it at the same time.

Ten scrapers must not cost ten renderings. A result is kept four times as long as it took to make, at most a
second, so that rendering never takes more than about a fifth of the time, and figures are never old.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from stream.clock import Clock

KEPT_AT_MOST_S: Final = 1.0
KEPT_PER_COST: Final = 4.0
_KEYS_AT_MOST: Final = 64


@dataclass(slots=True)
class _Kept:
    work: asyncio.Task[bytes]
    until_s: float


class SharedWork:
    """Makes bytes in one thread of its own, off the event loop, once for everybody who wants the same."""

    def __init__(self, clock: Clock) -> None:
        """Start the thread when first needed; `close` ends it."""
        self._clock = clock
        self._kept: dict[Hashable, _Kept] = {}
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="export")

    async def get(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """Return what `make` returns, or what it returned for the same key a moment ago.

        An error of `make` reaches all who wait for it, and is not kept.
        """
        kept = self._kept.get(key)
        if kept is None or kept.until_s <= self._clock.monotonic_s():
            if len(self._kept) >= _KEYS_AT_MOST:  # keys come from whoever asks
                self._forget_finished()
            kept = self._kept[key] = _Kept(asyncio.create_task(self._make(key, make)), float("inf"))
        # One who hangs up must not cancel the work of the others.
        return await asyncio.shield(kept.work)

    def close(self) -> None:
        """End the thread once it is idle."""
        self._kept.clear()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _make(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        begin_s = self._clock.monotonic_s()
        took_s = 0.0
        try:
            result = await asyncio.get_running_loop().run_in_executor(self._thread, make)
            took_s = self._clock.monotonic_s() - begin_s
            return result
        finally:
            if kept := self._kept.get(key):
                kept.until_s = begin_s + took_s + min(KEPT_AT_MOST_S, KEPT_PER_COST * took_s)

    def _forget_finished(self) -> None:
        self._kept = {key: kept for key, kept in self._kept.items() if not kept.work.done()}
