"""Faust fed with record batches: one event for each partition and fetch, its value the list of records.

Why: an event a record costs Faust 200 µs (4 800 a second); a batch costs the same once. What is changed in
Faust's consumer is here, a class each:

    BatchConsumer         yields batches; knows as done what `mark_durable` says and nothing else
    ReadCommittedThread   reads committed records only, with our security options
    BatchTransport        puts both in place
    BatchSchema           hands the batch to the agent as it is
"""

import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, cast

import aiokafka
import faust
from aiokafka.errors import KafkaError
from faust.exceptions import ConsumerNotStarted
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage

from stream.flow.dealing import dealer
from stream.flow.raw import Stretch, held, keep_raw

log = logging.getLogger(__name__)

FETCH_WAIT_MS = 500
_HELD_MAX_BYTES = 64 * 1_048_576
_HELD_PAUSE_S = 0.05


class ReadCommittedThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread with `read_committed`: with its default, aborted transactions are counted."""

    def _create_worker_consumer(
        self,
        transport: driver.Transport,  # noqa: ARG002 - its address is among the options
    ) -> aiokafka.AIOKafkaConsumer:
        conf, app = self.app.conf, cast("BatchApp", self.app)
        self._assignor = dealer(conf.topic_partitions)
        return aiokafka.AIOKafkaConsumer(
            **app.client_options,
            client_id=conf.broker_client_id,
            group_id=conf.id,
            group_instance_id=conf.consumer_group_instance_id,
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_records=conf.broker_max_poll_records,
            max_poll_interval_ms=int(conf.broker_max_poll_interval * 1000),
            max_partition_fetch_bytes=conf.consumer_max_fetch_size,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            request_timeout_ms=int(conf.broker_request_timeout * 1000),
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            isolation_level="read_committed",
        )

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Commit; whether it was done. Faust ends the worker when not; the records are only read again."""
        assigned = self.assignment()
        wanted = {aiokafka.TopicPartition(*tp): offset for tp, offset in offsets.items() if tp in assigned}
        try:
            await self._ensure_consumer().commit(wanted)
        except KafkaError as error:
            log.info("offsets were not committed: %r", error)
            return False
        return len(wanted) == len(offsets)


class BatchConsumer(driver.Consumer):
    """Faust's consumer for batches. It keeps books by record; here `mark_durable` alone says what is done."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._read_offset = _Unread()
        self._durable: dict[TP, int] = {}

    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return ReadCommittedThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:  # noqa: ASYNC109 - Faust's signature
        """Yield one message per partition and fetch; its value is a `Stretch` of records.

        What is left out here is fetched again; what is lost on the way to an agent (a rebalance began), the
        stage asks for when the partition is ready again. Nothing is fetched while much is held of batches
        that expanded.
        """
        if held.unpacked > _HELD_MAX_BYTES:
            await self.sleep(_HELD_PAUSE_S)
            return
        fetched, active = await self._wait_next_records(timeout)
        if not fetched or self.should_stop:
            return
        for tp, records in fetched.items():
            wanted = active is None or tp in active or tp in self._buffered_partitions
            if self.flow_active and wanted:
                yield tp, _message(tp, cast("Stretch", records), self.app.consumer_generation_id)
            else:
                await self.rewind(tp, cast("Stretch", records).start)

    def end_of(self, tp: TP) -> int | None:
        """Offset behind the broker's last record, as far as known; None when the partition is not ours."""
        try:
            end: int | None = self.highwater(tp)
        except (AssertionError, ConsumerNotStarted):
            return None  # what is ours may change in the consumer's thread at any moment
        return end

    def asked_ms(self, tp: TP) -> int | None:
        """When the broker last told `end_of`, by this machine's clock; None when it did not."""
        try:
            consumer = self._thread._ensure_consumer()  # noqa: SLF001 - Faust offers no way to ask
            asked: int | None = consumer.last_poll_timestamp(aiokafka.TopicPartition(*tp))
        except (AssertionError, ConsumerNotStarted):
            return None
        return asked

    def failure(self) -> BaseException | None:
        """What ended a task without which nothing is read any more. None: all go on."""
        consumer = self._thread._consumer  # noqa: SLF001 - Faust offers no way to ask
        if consumer is None:
            return None
        tasks = [consumer._coordinator._coordination_task, consumer._client._sync_task]  # noqa: SLF001
        over = [task for task in tasks if task is not None and task.done() and not task.cancelled()]
        return next((error for task in over if (error := task.exception()) is not None), None)

    async def committed(self, tp: TP) -> int | None:
        """The committed offset of a partition, or None."""
        consumer = self._thread._ensure_consumer()  # noqa: SLF001 - Faust offers no way to ask
        offset: int | None = await self._thread.call_thread(consumer.committed, aiokafka.TopicPartition(*tp))
        return offset

    async def perform_seek(self) -> None:
        """Do nothing: aiokafka begins with what is committed, and each partition says what it still wants.

        Faust seeks before it lets records flow again, and waits up to 40 s for a coordinator that is away.
        """

    def ack(self, message: Any) -> bool:
        """Note that an agent is done with a batch; that its effect is safe is said by `mark_durable`."""
        message.acked = True
        self._unacked_messages.discard(message)
        return True

    def mark_durable(self, tp: TP, offset: int) -> None:
        """Let the next commit say that records up to this offset are done."""
        self._durable[tp] = offset
        self._acked[tp] = [offset]  # Faust looks here for what there is to commit

    def forget_durable(self) -> None:
        """New assignment: what was durable in the former one may have been overtaken by another owner."""
        self._durable.clear()
        self._acked.clear()

    async def commit_durable(self, tps: Iterable[TP]) -> bool:
        """Commit what is durable of these partitions now; whether the broker took it.

        From our own memory: Faust forgets what was acknowledged before it tells that partitions are revoked.
        """
        offsets = {tp: self._durable[tp] + 1 for tp in tps if tp in self._durable}
        return bool(not offsets or await self._commit(offsets))

    def _new_offset(self, tp: TP) -> int | None:
        return self._durable[tp] + 1 if tp in self._durable else None

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Do nothing: the stock gap would mark a batch done before it was processed."""

    async def rewind(self, tp: TP, offset: int) -> bool:
        """See that records from this offset on are still to be fetched; whether that had to be done."""

        async def seek() -> bool:  # in the consumer's thread: its state is not for others
            consumer, at = self._thread._ensure_consumer(), aiokafka.TopicPartition(*tp)  # noqa: SLF001
            if at not in consumer.assignment():
                return False
            # Asking for the position would wait until there is one: then it is what was committed.
            state = consumer._subscription.subscription.assignment.state_value(at)  # noqa: SLF001
            beyond: bool = state.has_valid_position and state.position > offset
            if beyond:
                consumer.seek(at, offset)
            return beyond

        sought: bool = await self._thread.call_thread(seek)
        return sought


class _Unread(dict[TP, Any]):
    """Faust's memory of what it read, forgotten at once: with it, what is fetched again would be dropped."""

    def __missing__(self, tp: TP) -> None:
        return None

    def __setitem__(self, tp: TP, offset: Any) -> None:
        """Keep nothing."""

    def update(self, *args: Any, **items: Any) -> None:
        """Keep nothing."""


def _message(tp: TP, stretch: Stretch, generation: int) -> ConsumerMessage:
    value: Any = stretch  # Faust expects bytes, and hands on whatever it is
    last = stretch[-1] if len(stretch) else None
    return ConsumerMessage(
        tp.topic,
        tp.partition,
        stretch.end - 1 if last is None else last.offset,
        0.0 if last is None else last.timestamp / 1000,
        0 if last is None else last.timestamp_type,
        None,
        None,
        value,
        None,
        -1,
        -1,
        tp,
        generation_id=generation,
    )


class BatchTransport(driver.Transport):
    """Faust's aiokafka transport with our consumer."""

    Consumer = BatchConsumer


class BatchSchema(faust.Schema[Any, Any]):
    """Takes a batch as it is: bytes are decoded where nothing can raise."""

    def loads_key(self, app: Any, message: Any, **_: Any) -> None:
        """No key: a batch has many."""

    def loads_value(self, app: Any, message: Any, **_: Any) -> Any:  # noqa: ARG002 - Faust's signature
        """Return the list of records."""
        return message.value


class BatchApp(faust.App):
    """A Faust app whose agents take batches. `client_options`: for every aiokafka client."""

    def __init__(self, *args: Any, client_options: Mapping[str, Any], **options: Any) -> None:
        self.client_options = dict(client_options)
        super().__init__(*args, **options)

    def _new_transport(self) -> driver.Transport:
        return BatchTransport(self.conf.broker_consumer, self)

    @property
    def batch_consumer(self) -> BatchConsumer:
        """Our consumer, by its own type."""
        return cast("BatchConsumer", self.consumer)

    def batches(self, topic: str, partitions: int) -> faust.TopicT:
        """A topic whose events are batches."""
        keep_raw(topic)
        return self.topic(topic, schema=BatchSchema(), partitions=partitions)
