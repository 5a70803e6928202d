"""The parts of a worker: outbox, stages, HTTP, counters. Agents hand batches over; all else is here."""

import asyncio
import contextlib
import gc
import logging
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from faust.types import TP

from stream import topics
from stream.alerts.lookout import Standing
from stream.clock import Clock
from stream.embedded import CLUSTER_ID
from stream.export.http import start_http
from stream.export.service import ServiceMetrics
from stream.flow import scores
from stream.flow.batches import BatchApp
from stream.flow.changelog import Changelog
from stream.flow.intake import IntakeWork, rules
from stream.flow.outbox import Outbox
from stream.flow.scores import ScoresWork
from stream.flow.slot import Work
from stream.flow.stage import Stage
from stream.flow.state import StateError
from stream.intake.partition import Intake
from stream.intake.record import Source
from stream.scoring.families import Rows
from stream.settings import Settings

if TYPE_CHECKING:
    from stream.flow.disk import Disk

log = logging.getLogger(__name__)

_HAND_OVER_S = 5.0
_CLOSE_S = 2.0
_RECOVERING = 2
"""Partitions that recover at a time: one works while the other waits for the broker."""
_PATIENCE = 3
"""Session time-outs within which a partition that was taken from us must be revoked."""


class Engine:
    """Everything of one worker but Faust itself. Also what the HTTP port reads from."""

    def __init__(self, app: BatchApp, settings: Settings, clock: Clock, *, publishing: bool = True) -> None:
        """`publishing`: whether this worker writes to the topic of latest scores."""
        self.app = app
        self.settings = settings
        self.metrics = ServiceMetrics()
        if settings.alerts.watches:
            self.metrics.budget(settings.alerts.false_alarms_per_month)
        self.recovering = asyncio.Semaphore(_RECOVERING)
        self.failure: BaseException | None = None
        """What ended the worker."""
        self._clock = clock
        self._publishing = publishing
        self._outbox = Outbox(app.client_options)
        self._disk: Disk | None = None
        """Where entities are kept that outgrow memory; None: in memory."""
        self._fenced = True
        self._runner: web.AppRunner | None = None
        self._assigned = False
        self._awake_s = clock.monotonic_s()
        """When the last tick ended."""
        self.sources = {name: self._stage(settings.topic(name)) for name in topics.SOURCES}
        self.scores = self._stage(settings.topic("tallies"))
        self._names = {settings.topic(name): name for name in topics.SOURCES}

    @property
    def stages(self) -> list[Stage]:
        """All stages; scores last, so that what the sources send is still merged when all are handed over."""
        return [*self.sources.values(), self.scores]

    def _stage(self, topic: str) -> Stage:
        return Stage(
            topic,
            self._clock,
            make=self._make,
            host=self,
            patience_s=_PATIENCE * self.settings.session_timeout_s,
        )

    def _make(self, tp: TP) -> tuple[Changelog, Work]:
        name = self._names.get(tp.topic)
        if name is None:
            topic = topics.scores_changelog(self.settings)
            work: Work = ScoresWork(
                tp,
                self.settings,
                self._outbox,
                self.metrics,
                self._clock,
                publishing=self._publishing,
            )
        else:
            topic = topics.changelog(self.settings, name)
            store = self._disk.store(f"{name}-{tp.partition}") if self._disk is not None else None
            intake = Intake(Source(name, tp.partition), rules(self.settings), store)
            work = IntakeWork(
                intake,
                self.settings,
                self._outbox,
                self.metrics,
                self._clock,
                self.app.client_options,
                partial(self._ended_ms, tp),
            )
        log_ = Changelog(
            self.app.client_options, self.settings.app_id, topic, tp.partition, fenced=self._fenced
        )
        return log_, work

    async def committed(self, tp: TP) -> int | None:
        """The committed offset of a partition, or None."""
        return await self.app.batch_consumer.committed(tp)

    async def beginning(self, tp: TP) -> int:
        """The first offset that the partition's log still has."""
        return int((await self.app.consumer.earliest_offsets(tp))[TopicPartition(*tp)])

    async def rewind(self, tp: TP, offset: int) -> None:
        """See that records from this offset on are still to be fetched."""
        if await self.app.batch_consumer.rewind(tp, offset):
            log.info("%s-%d is fetched again from offset %d", tp.topic, tp.partition, offset)

    def waiting(self, tp: TP, offset: int) -> int | None:
        """How many offsets of the log lie from this one on; None: not known."""
        end = self.app.batch_consumer.end_of(tp)
        return None if end is None else max(0, end - offset)

    def durable(self, tp: TP, offset: int) -> None:
        """Let the next commit say that records up to this offset are done."""
        self.app.batch_consumer.mark_durable(tp, offset)

    def flush_s(self) -> float:
        """Processor seconds that one flush of each source partition takes."""
        return sum(slot.flush_s for stage in self.sources.values() for slot in stage.slots.values())

    def recovered(self, seconds: float) -> None:
        """Note how long a partition took to recover."""
        self.metrics.recovered(seconds)

    def _ended_ms(self, tp: TP) -> int | None:
        """When the broker last said that the log ends where it was folded to; None: there is more to fold."""
        asked_ms = self.app.batch_consumer.asked_ms(tp)  # before the end: so it is no later
        slot = self.sources[self._names[tp.topic]].slots.get(tp)
        return asked_ms if slot is not None and self.waiting(tp, slot.wanted) == 0 else None

    async def crash(self, error: BaseException) -> None:
        """End the worker; the first reason is told at its end."""
        self.failure = self.failure or error
        await self.app.crash(error)

    async def start(self) -> None:
        """Open the HTTP port, make missing topics, connect.

        Raises StateError when a topic cannot be used, StoreError when the disk cannot.
        """
        self._runner = await start_http(self.settings, self, self.metrics, self._clock)
        if self.settings.store == "rocksdb":
            # Here, because the library is loaded by those alone who use it.
            from stream.flow.disk import Disk  # noqa: PLC0415 - as said

            self._disk = Disk(self.settings.datadir)
        for made in await topics.ensure(self.settings):
            log.info("made the topic %s", made)
        for difference in await topics.differences(self.settings):
            if difference.fatal:
                raise StateError(
                    f"{difference}. Set CX_PARTITIONS to what the topics have, or make them anew."
                )
            log.warning("%s", difference)
        self._fenced = await self._cluster() != CLUSTER_ID
        await self._outbox.start(idempotent=self._fenced)

    async def _cluster(self) -> str | None:
        admin = AIOKafkaAdminClient(**self.app.client_options)
        await admin.start()
        try:
            cluster: str | None = (await admin.describe_cluster())["cluster_id"]
            return cluster
        finally:
            await admin.close()

    async def assigned(self, tps: set[TP]) -> None:
        """Begin with the partitions that are now ours."""
        self.app.batch_consumer.forget_durable()
        for stage in self.stages:
            await stage.assigned(tps)
        self._assigned = True

    async def revoked(self) -> None:
        """Hand over: flush and commit, while the group still waits for us.

        Only what is committed is released: whoever finds a released partition with a lower commit knows that
        the offsets were set back, and not that a worker ended.
        """
        try:
            async with asyncio.timeout(_HAND_OVER_S):
                await asyncio.gather(*(stage.hand_over() for stage in self.sources.values()))
                await self.scores.hand_over()
                if await self.app.batch_consumer.commit_durable(
                    [tp for stage in self.stages for tp in stage.slots]
                ):
                    await asyncio.gather(*(stage.release() for stage in self.stages))
        except TimeoutError:
            log.warning(
                "handing over took longer than %.0f s: the next owner reads the rest again", _HAND_OVER_S
            )
            for stage in self.stages:
                stage.lose()

    async def stop_serving(self) -> None:
        """Close the HTTP port: from here on the series are another worker's."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def stop(self) -> None:
        """Hand everything over and disconnect."""
        await self.revoked()
        for stage in self.stages:
            await stage.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await self._outbox.stop()
        if self._disk is not None:
            self._disk.close()

    async def tick(self) -> None:
        """Once a second: look after ourselves, let windows end now, and renew the gauges."""
        await self._look_after()
        self._awake_s = self._clock.monotonic_s()
        for slot in list(self.scores.slots.values()):
            if slot.usable and isinstance(slot.work, ScoresWork) and slot.work.advance():
                slot.dirty.set()
        if self.settings.alerts.watches:
            self._tell_marks()
        self.metrics.ready(is_ready=self.ready()[0])
        for name, stage in self.sources.items():
            works = [work for work in stage.works() if isinstance(work, IntakeWork)]
            marks = [work.intake.clocks.mark_ms for work in works if work.intake.clocks.mark_ms >= 0]
            self.metrics.watermark(name, min(marks) if marks else None)
            self.metrics.lag(name, self._lag(stage) if works else None)

    async def _look_after(self) -> None:
        """End when nothing is read any more; after a sleep, find out what is ours; take memory back."""
        failure = self.app.batch_consumer.failure()
        if failure is not None:
            await self.crash(failure)
        if self._slept() and any(stage.slots for stage in self.stages):
            log.warning("slept for longer than a session: finding out which partitions are still ours")
            for stage in self.stages:
                stage.doubt()
        if sum(stage.has_let_go() for stage in self.stages):  # each is to be asked
            gc.collect()  # by itself it comes so seldom (app.py) that states of former rebalances pile up

    def _tell_marks(self) -> None:
        """See that those partitions of whom nothing comes tell how far they are."""
        for stage in self.sources.values():
            for slot in list(stage.slots.values()):
                if slot.usable and slot.work.changed:
                    slot.dirty.set()

    def _lag(self, stage: Stage) -> int | None:
        """Records that wait in our partitions; None while that is not known of each."""
        total = 0
        for tp, slot in stage.slots.items():
            waiting = self.waiting(tp, slot.wanted)
            if waiting is None or not slot.usable:
                return None
            total += waiting
        return total

    def series(self) -> list[Rows]:
        """Every series and KPI family of this worker; none that may be another's by now."""
        return [] if self._slept() else scores.series(self.scores.works())

    def standings(self) -> list[Standing]:
        """What this worker watches for drops; none that may be another's by now."""
        return [] if self._slept() else scores.standings(self.scores.works())

    def _slept(self) -> bool:
        return self._clock.monotonic_s() - self._awake_s > self.settings.session_timeout_s

    def ready(self) -> tuple[bool, str]:
        """Whether the group is stable and our own partitions, possibly none, are recovered."""
        if not self._assigned:
            return False, "waiting for the consumer group"
        if self.app.rebalancing:
            return False, "the consumer group is rebalancing"
        waiting = [stage.topic for stage in self.stages if not stage.ready()]
        return not waiting, f"recovering {', '.join(waiting)}" if waiting else ""
