"""A stage without Kafka: changelogs in memory with one owner at a time, a work that adds up what it reads."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from faust.types import TP

from stream.flow.changelog import Changelog, FencedError, Pair
from stream.flow.raw import Stretch
from stream.flow.slot import Work
from stream.flow.stage import Stage

_TURNS = 10_000


async def until(condition: Callable[[], bool]) -> None:
    """Let the others run until it is so."""
    for _ in range(_TURNS):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("that never came to be")


async def idle() -> None:
    """Let the others run until nobody has anything to do but to wait."""
    for _ in range(100):
        await asyncio.sleep(0)


class FakeClock:
    """Stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.at_s = 1_000.0
        self.spent_s = 0.0

    def now_ms(self) -> int:
        return int(self.at_s * 1_000)

    def monotonic_s(self) -> float:
        return self.at_s

    def cpu_s(self) -> float:
        return self.spent_s


class Read(NamedTuple):
    """A record of which only the offset matters."""

    offset: int


def stretch(start: int, end: int) -> Stretch:
    """The records with offsets of start … end - 1."""
    made = Stretch(Read(offset) for offset in range(start, end))
    made.start, made.end = start, end
    return made


@dataclass
class Topic:
    """One changelog partition."""

    epoch: int = 0
    held: dict[bytes, bytes] = field(default_factory=dict)
    released: bool = True
    failures: list[Exception] = field(default_factory=list)
    """What the next claims raise."""


class FakeChangelog:
    """An owner of the topic, until another one claims it."""

    def __init__(self, topic: Topic) -> None:
        self.topic = topic
        self.epoch = -1
        self.closed = False
        self.clean = True

    async def claim(self) -> int:
        if self.topic.failures:
            raise self.topic.failures.pop(0)
        self.topic.epoch += 1
        self.epoch = self.topic.epoch
        return 0

    async def hold(self) -> int:
        self._check()
        self.topic.released = False
        return 0

    async def release(self) -> None:
        self._check()
        self.topic.released = True

    async def read(self, end: int) -> AsyncIterator[dict[bytes, bytes | None]]:
        self.clean = self.topic.released
        yield dict(self.topic.held)

    async def write(self, records: Sequence[Pair]) -> int:
        self._check()
        self.topic.held.update({key: value for key, value in records if value is not None})
        return 0

    async def close(self) -> None:
        self.closed = True

    def _check(self) -> None:
        if self.epoch != self.topic.epoch:
            raise FencedError("another one claimed it")


class FakeWork:
    """Knows which offsets it has folded."""

    slice = 2
    spacing_s = 0.05

    def __init__(self) -> None:
        self.folded: list[int] = []
        self.flushed: list[int] = []
        self.weight = 0
        """What each offset that is not yet flushed adds to `pending`."""
        self.begun: tuple[int | None, bool] | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.fails: BaseException | None = None
        self.closed = False

    @property
    def position(self) -> int:
        return self.folded[-1] if self.folded else -1

    @property
    def pending(self) -> int:
        return self.weight * (len(self.folded) - len(self.flushed))

    @property
    def changed(self) -> bool:
        return self.folded != self.flushed

    def load(self, pairs: Sequence[Pair]) -> None:
        for _, value in pairs:
            self.folded = [int(each) for each in (value or b"").split()]
            self.flushed = list(self.folded)

    async def begin(self, committed: int | None, *, clean: bool) -> None:
        await self.gate.wait()
        self.begun = committed, clean

    def fold(self, records: Sequence[Any]) -> None:
        self.folded += [each.offset for each in records if each.offset > self.position]

    async def flush(self, write: Callable[[Sequence[Pair]], Awaitable[object]]) -> None:
        taken = list(self.folded)
        await self.gate.wait()
        if self.fails is not None:
            raise self.fails
        await write([(b"v", b" ".join(b"%d" % each for each in taken))])
        self.flushed = taken

    def close(self) -> None:
        self.closed = True


class FakeHost:
    """Writes down what the stage asks for."""

    def __init__(self) -> None:
        self.first = 0
        self.recovering = asyncio.Semaphore(2)
        self.read: dict[TP, int] = {}
        """Where the consumer stands."""
        self.rewound: list[int] = []
        self.marked: list[int] = []
        self.times: list[float] = []
        self.ends: dict[TP, int] = {}
        """Where the logs end, as far as known."""
        self.failure: BaseException | None = None
        self.cost_s = 0.0
        """Of a flush of each partition."""

    async def committed(self, tp: TP) -> int | None:
        return self.marked[-1] + 1 if self.marked else None

    async def beginning(self, tp: TP) -> int:
        return self.first

    async def rewind(self, tp: TP, offset: int) -> None:
        if self.read.get(tp, offset) > offset:
            self.read[tp] = offset
            self.rewound.append(offset)

    def waiting(self, tp: TP, offset: int) -> int | None:
        return self.ends[tp] - offset if tp in self.ends else None

    def durable(self, tp: TP, offset: int) -> None:
        self.marked.append(offset)

    def flush_s(self) -> float:
        return self.cost_s

    def recovered(self, seconds: float) -> None:
        self.times.append(seconds)

    async def crash(self, error: BaseException) -> None:
        self.failure = error


class Bed:
    """A stage of one topic, its host and everything that it made."""

    def __init__(self) -> None:
        self.clock, self.host = FakeClock(), FakeHost()
        self.topics: dict[TP, Topic] = {}
        self.made: list[FakeWork] = []
        self.closed_gates = False
        """Whether works are made with their gate closed."""
        self.stage = Stage("t", self.clock, make=self._make, host=self.host, patience_s=0)

    def _make(self, tp: TP) -> tuple[Changelog, Work]:
        work = FakeWork()
        if self.closed_gates:
            work.gate.clear()
        self.made.append(work)
        return cast("Changelog", FakeChangelog(self.topics.setdefault(tp, Topic()))), work

    async def assigned(self, *partitions: int) -> FakeWork:
        """After an assignment, with all partitions ready; the last work that was made."""
        await self.stage.assigned({TP("t", each) for each in partitions})
        await until(self.stage.ready)
        return self.made[-1]

    async def taken(self, start: int, end: int, partition: int = 0) -> None:
        """Hand over a stretch of the log."""
        self.host.read[TP("t", partition)] = end
        await self.stage.take(TP("t", partition), stretch(start, end))

    async def other_owner(self, partition: int = 0, value: bytes = b"0 1 2 3") -> None:
        """Another worker claims a partition and writes its state."""
        owner = FakeChangelog(self.topics[TP("t", partition)])
        await owner.claim()
        await owner.write([(b"v", value)])
