"""The partitions of one topic that this worker owns: claimed, recovered, fed, flushed, handed over.

    assigned ──▶ claim ──▶ read changelog ──▶ begin ──▶ READY ──▶ take a batch ──▶ … ──▶ flush ──┐
                   ▲                                      │  ▲                                  │
    assigned again │ hold (nobody wrote since)            │  └──────────── more is waiting ◀────┘
                   └──────────── handed over ◀── flush ◀──┴── revoked

What a batch changes becomes durable in a flush, in this order: what the work sends before, the checkpoint
(one batch, acknowledged), what it sends after; then the offset may be committed. A failed write ends the
worker; a fenced one only ends the partition here, since its new owner has the state.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any, Protocol

from aiokafka.errors import KafkaError, KafkaTimeoutError
from faust.types import TP

from stream.clock import Clock
from stream.flow.changelog import Changelog, FencedError
from stream.flow.closing import asked_to_end, ended
from stream.flow.effort import Effort
from stream.flow.pace import is_behind, spacing_s
from stream.flow.raw import Stretch
from stream.flow.slot import Slot, Work

log = logging.getLogger(__name__)

_LOADED_AT_ONCE = 1_000
_PENDING_MAX = 60_000
"""Records of a checkpoint beyond which nothing more is folded: about 6 MB of the 15 that a batch may have."""
_REWIND_EVERY_S = 1.0
_RECOVER_AGAIN_S = 0.5
_CLOSE_S = 1.0


class Host(Protocol):
    """What a stage asks of its worker."""

    recovering: asyncio.Semaphore
    """How many partitions may recover at a time: each holds a part of its changelog; all share a thread."""

    async def committed(self, tp: TP) -> int | None:
        """The committed offset, or None."""

    async def beginning(self, tp: TP) -> int:
        """The first offset that the log still has."""

    async def rewind(self, tp: TP, offset: int) -> None:
        """See that records from this offset on are still to be fetched."""

    def waiting(self, tp: TP, offset: int) -> int | None:
        """How many offsets of the log lie from this one on; None: not known."""
        ...

    def durable(self, tp: TP, offset: int) -> None:
        """Let the next commit say that records up to this offset are done."""

    def flush_s(self) -> float:
        """Processor seconds that one flush of each source partition takes, of all topics."""
        ...

    def recovered(self, seconds: float) -> None:
        """Note how long a partition took to recover."""

    async def crash(self, error: BaseException) -> None:
        """End the worker."""


class Stage:
    """All partitions of one topic in this worker."""

    def __init__(
        self,
        topic: str,
        clock: Clock,
        make: Callable[[TP], tuple[Changelog, Work]],
        host: Host,
        patience_s: float,
    ) -> None:
        """`patience_s`: how long a rebalance may take to tell us that a partition is no longer ours."""
        self.topic = topic
        self.slots: dict[TP, Slot] = {}
        self._clock = clock
        self._make = make
        self._host = host
        self._patience_s = patience_s
        self._closing: set[asyncio.Task[None]] = set()
        self._put_some_away = False

    def ready(self) -> bool:
        """Whether every partition here is recovered."""
        return all(slot.usable for slot in self.slots.values())

    def works(self) -> list[Any]:
        """The works of the partitions that are recovered. Safe to call from another thread."""
        return [slot.work for slot in list(self.slots.values()) if slot.usable]

    async def assigned(self, tps: set[TP]) -> None:
        """Take these as our partitions now: drop the others, begin with the new ones in the background."""
        mine = {tp for tp in tps if tp.topic == self.topic}
        for tp in self.slots.keys() - mine:
            await self._drop(tp)
        for tp in mine:
            if tp in self.slots and not self.slots[tp].usable:
                await self._drop(tp)
            kept = tp in self.slots
            if not kept:
                self.slots[tp] = Slot(tp, *self._make(tp))
            await self._begin(self.slots[tp], kept=kept)

    async def _begin(self, slot: Slot, *, kept: bool) -> None:
        await _cancel(slot.task)
        slot.ready.clear()  # until the state is known to be ours: a batch folded before would be lost with it
        slot.doubted = kept
        name = f"partition {slot.tp.topic}-{slot.tp.partition}"
        slot.task = asyncio.create_task(self._run(slot, kept=kept), name=name)

    async def hand_over(self) -> None:
        """Stop, with all that was folded durable. What is assigned again goes on from memory."""
        await asyncio.gather(*(self._settle(slot) for slot in list(self.slots.values())))

    async def _settle(self, slot: Slot) -> None:
        async with slot.lock:  # a flush under way is not cut short: what it took from the state would be lost
            await _cancel(slot.task)
        if slot.usable:
            try:
                await self._flush(slot)
            except FencedError:
                slot.lose()

    async def release(self) -> None:
        """Say that all was handed over and committed."""
        for slot in list(self.slots.values()):
            if slot.usable:
                with contextlib.suppress(FencedError):
                    await slot.changelog.release()

    def doubt(self) -> None:
        """After a sleep: nothing counts as ours until the changelog has said so, partition by partition.

        Their own tasks ask: whoever else waited for the answer might take it for that of a later claim.
        """
        for slot in self.slots.values():
            slot.doubted = True
            if slot.usable:
                slot.ready.clear()
                slot.dirty.set()
                slot.full.set()

    def lose(self) -> None:
        """Give up the state of every partition."""
        for slot in self.slots.values():
            slot.lose()

    async def close(self) -> None:
        """Let go of everything."""
        for tp in list(self.slots):
            await self._drop(tp)
        if self._closing:
            await asyncio.wait(self._closing, timeout=_CLOSE_S)

    def has_let_go(self) -> bool:
        """Whether since the last call states were given up, and all of them are closed now."""
        gone = self._put_some_away and not self._closing
        if gone:
            self._put_some_away = False
        return gone

    async def _drop(self, tp: TP) -> None:
        slot = self.slots.pop(tp)
        slot.lose()
        await _cancel(slot.task)
        self._put_away(slot)

    def _put_away(self, slot: Slot) -> None:
        """Close what it has; the changelog in the background: it waits for writes that nobody needs."""
        slot.work.close()
        self._put_some_away = True
        task = asyncio.create_task(slot.changelog.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def take(self, tp: TP, stretch: Stretch) -> None:
        """Fold a stretch of the log, slice by slice; waits while too much is not yet durable.

        Rebalances drop batches on their way, and change the state under a batch under way. So nothing is
        folded that does not join on to what was folded before it; the consumer is sent back to there instead.
        """
        slot = self.slots.get(tp)
        if slot is None:
            return
        await slot.ready.wait()
        work = slot.work  # another may take its place whenever this waits, and does not join on to the same
        if slot.lost or not await self._joins(slot, stretch):
            return
        for start in range(0, len(stretch), work.slice):
            if not slot.usable or slot.work is not work:
                return
            work.fold(stretch[start : start + work.slice])
            slot.dirty.set()
            if work.pending > _PENDING_MAX:
                slot.drained.clear()
                slot.full.set()
                await slot.drained.wait()
            await asyncio.sleep(0)
        if slot.work is work:
            slot.through = stretch.end
            if slot.behind and not self._is_behind(slot):
                slot.behind = False
                slot.full.set()  # who reads the last of a backlog waits no longer than usual for it

    async def _joins(self, slot: Slot, stretch: Stretch) -> bool:
        """Whether nothing lies between what was folded and the stretch; what does is fetched again."""
        wanted = slot.wanted
        if stretch.start <= wanted:
            slot.rewound_s = None
            return True
        now_s = self._clock.monotonic_s()
        if slot.rewound_s is None or now_s - slot.rewound_s > _REWIND_EVERY_S:
            if stretch.start <= await self._host.beginning(slot.tp):
                lost = stretch.start - wanted
                log.warning(
                    "%s-%d: %d offsets were deleted before they were read",
                    slot.tp.topic,
                    slot.tp.partition,
                    lost,
                )
                return True
            slot.rewound_s = now_s
            await self._host.rewind(slot.tp, wanted)
        return False

    async def _run(self, slot: Slot, *, kept: bool) -> None:
        """Recover, then flush whenever something changed, for as long as the partition is ours."""
        try:
            if not (kept and await self._still_ours(slot)):
                await self._recover(slot)
            if slot.durable >= 0:
                self._host.durable(slot.tp, slot.durable)
            # What was read before may have been lost in the rebalance, and nothing may come after it.
            await self._host.rewind(slot.tp, slot.wanted)
            slot.drained.set()  # whoever waits for room waits for the task before this one
            while True:
                if not slot.dirty.is_set():
                    slot.flush_s = 0.0
                await slot.dirty.wait()
                slot.dirty.clear()
                slot.full.clear()
                if slot.doubted:
                    await self._assure(slot)
                    # A batch under way was cut short meanwhile, and its rest is not fetched by itself.
                    await self._host.rewind(slot.tp, slot.wanted)
                slot.flush_s = await self._flush(slot)
                slot.drained.set()
                slot.behind = self._is_behind(slot)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(slot.full.wait(), self._spacing_s(slot))
        except FencedError as error:
            log.warning("%s; its state here is dropped", error)
            slot.lose()
            # The rebalance that made another worker the owner ends this task; without one, nobody reads on.
            await asyncio.sleep(self._patience_s)
            await self._host.crash(error)
        except asyncio.CancelledError as error:
            if asked_to_end():
                raise
            log.exception("partition %s-%d was cancelled by nobody", slot.tp.topic, slot.tp.partition)
            await self._host.crash(RuntimeError(f"a task ended that nobody cancelled: {error!r}"))
        except Exception as error:
            log.exception("partition %s-%d cannot go on", slot.tp.topic, slot.tp.partition)
            await self._host.crash(error)

    async def _still_ours(self, slot: Slot) -> bool:
        try:
            await self._assure(slot)
        except FencedError:
            self._renew(slot)
            return False
        return True

    async def _assure(self, slot: Slot) -> None:
        """Ready, once nobody has claimed it since there was any doubt. Raises FencedError."""
        while slot.doubted:
            slot.doubted = False
            await slot.changelog.hold()
        slot.ready.set()

    def _is_behind(self, slot: Slot) -> bool:
        return is_behind(self._host.waiting(slot.tp, slot.wanted))

    def _spacing_s(self, slot: Slot) -> float:
        """How long a partition waits for its next flush."""
        return spacing_s(slot.work.spacing_s, self._host.flush_s(), behind=slot.behind)

    async def _recover(self, slot: Slot) -> None:
        """Recover, however long brokers are away: nothing was taken yet, so beginning anew loses nothing."""
        while True:
            try:
                async with self._host.recovering:
                    await self._recover_once(slot)
            except KafkaError as error:
                if not _passes(error):
                    raise
                log.info("recovering %s-%d is tried again: %r", slot.tp.topic, slot.tp.partition, error)
                self._renew(slot)
                await asyncio.sleep(_RECOVER_AGAIN_S)
            else:
                return

    def _renew(self, slot: Slot) -> None:
        self._put_away(slot)
        slot.changelog, slot.work = self._make(slot.tp)
        slot.through = 0
        slot.doubted = False

    async def _recover_once(self, slot: Slot) -> None:
        started = self._clock.monotonic_s()
        end = await slot.changelog.claim()
        values = 0
        async for part in slot.changelog.read(end):
            pairs = list(part.items())
            for start in range(0, len(pairs), _LOADED_AT_ONCE):
                slot.work.load(pairs[start : start + _LOADED_AT_ONCE])
                await asyncio.sleep(0)
            values += len(pairs)
        await slot.work.begin(await self._host.committed(slot.tp), clean=slot.changelog.clean)
        await self._assure(slot)
        slot.durable = slot.work.position
        seconds = self._clock.monotonic_s() - started
        log.info(
            "partition %s-%d ready in %.2f s: %d values",
            slot.tp.topic,
            slot.tp.partition,
            seconds,
            values,
        )
        self._host.recovered(seconds)

    async def _flush(self, slot: Slot) -> float:
        """Make what was folded durable; returns the processor seconds that it took.

        Without those of what else ran while it waited for brokers: else a partition would wait the longer for
        its next flush the busier the others are.
        """
        async with slot.lock:
            if not slot.work.changed:
                return 0.0
            position, effort = slot.work.position, Effort(self._clock)
            await effort.of(slot.work.flush(lambda pairs: effort.of(slot.changelog.write(pairs))))
            slot.durable = position
            self._host.durable(slot.tp, position)
            return effort.spent_s


def _passes(error: BaseException | None) -> bool:
    """Whether trying again may help. aiokafka wraps some of what it cannot name in a bare KafkaError."""
    if error is not None and type(error) is KafkaError:
        return _passes(error.__cause__)
    return isinstance(error, KafkaTimeoutError) or (isinstance(error, KafkaError) and error.retriable)


async def _cancel(task: asyncio.Task[None] | None) -> None:
    await ended([] if task is None else [task])
