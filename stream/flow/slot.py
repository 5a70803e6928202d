"""One partition in this worker: its changelog, its work, and how far both are."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from faust.types import TP

from stream.flow.changelog import Changelog, Pair


class Work(Protocol):
    """What a stage does with one partition."""

    @property
    def slice(self) -> int:
        """Records to fold before others may run, and before `pending` is looked at."""
        ...

    @property
    def spacing_s(self) -> float:
        """How long one flush is to come after another, at least."""
        ...

    @property
    def position(self) -> int:
        """Offset of the last record that took effect; -1: none."""
        ...

    @property
    def pending(self) -> int:
        """How much a flush would write."""
        ...

    @property
    def changed(self) -> bool:
        """Whether there is anything to flush."""
        ...

    def load(self, pairs: Sequence[Pair]) -> None:
        """Take back part of the changelog, in order: later values supersede earlier ones, None deletes."""

    async def begin(self, committed: int | None, *, clean: bool) -> None:
        """All is loaded: fetch what else is needed, send again what may be lost.

        `clean`: the last owner handed over.
        """

    def fold(self, records: Sequence[Any]) -> None:
        """Take records in order; those at or below the position change nothing."""

    async def flush(self, write: Callable[[Sequence[Pair]], Awaitable[object]]) -> None:
        """Make everything up to `position` durable, with one call of `write`."""

    def close(self) -> None:
        """Let go of what is kept outside: the partition is another's, or is recovered anew."""


class Slot:
    """One partition in this worker."""

    def __init__(self, tp: TP, changelog: Changelog, work: Work) -> None:
        self.tp = tp
        self.changelog = changelog
        self.work = work
        self.ready = asyncio.Event()
        self.dirty = asyncio.Event()
        self.full = asyncio.Event()
        self.drained = asyncio.Event()
        self.lock = asyncio.Lock()
        self.task: asyncio.Task[None] | None = None
        self.lost = False
        self.doubted = False
        """The process slept: another worker may have claimed the partition meanwhile."""
        self.through = 0
        """The log was folded up to, not with, this offset; at most a little behind `work.position`."""
        self.behind = False
        """It waits longer for its next flush, since so much is waiting to be read."""
        self.rewound_s: float | None = None
        self.flush_s = 0.0
        """Processor seconds of the last flush; 0 while nothing comes."""
        self.durable = -1
        """The last position that may be committed."""

    @property
    def usable(self) -> bool:
        """Whether the state is recovered and, for all we know, ours."""
        return self.ready.is_set() and not self.lost

    @property
    def wanted(self) -> int:
        """The offset at which the log goes on for us."""
        return max(self.work.position + 1, self.through)

    def lose(self) -> None:
        """Give the state up; whoever waits goes on."""
        self.lost = True
        self.drained.set()
        self.ready.set()
