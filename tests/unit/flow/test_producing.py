"""The turns of a producer's thread, with a network whose answers the test gives."""

import time
from typing import Any

import pytest
from kafka.errors import IllegalStateError, KafkaTimeoutError, RecordListTooLargeError, RequestTimedOutError
from kafka.future import Future
from kafka.producer.record_accumulator import RecordAccumulator
from kafka.protocol.producer import InitProducerIdRequest, InitProducerIdResponse, ProduceRequest
from kafka.record.memory_records import MemoryRecords
from kafka.structs import TopicPartition

from stream.flow.producing import Numbers, Turns

_NODE = 1
_HERE, _THERE = TopicPartition("t", 0), TopicPartition("t", 1)


class Network:
    """A cluster of one broker, and the way there."""

    def __init__(self) -> None:
        self.away = self.broken = False
        self.polled = 0
        self.sent: list[tuple[Any, Future]] = []
        self.cluster = self

    def least_loaded_node(self) -> int | None:
        return None if self.away else _NODE

    def ready(self, _: int, **__: Any) -> bool:
        return not self.away

    is_ready = ready

    def await_ready(self, _: int, **__: Any) -> bool:
        return True

    def send(self, _: int, request: Any, **__: Any) -> Future:
        if self.broken:
            raise RuntimeError("Transport closed for writes")
        self.sent.append((request, Future()))
        return self.sent[-1][1]

    def poll(self, **_: Any) -> None:
        """What is answered, the test has answered."""
        self.polled += 1

    def request_update(self) -> None:
        """Nobody waits for it."""

    def leader_for_partition(self, _: TopicPartition) -> int:
        return _NODE

    def partitions_for_broker(self, _: int) -> set[TopicPartition]:
        return {_HERE, _THERE}


class Thread:
    """A producer's parts, without the thread: the test takes its turns."""

    def __init__(self) -> None:
        self.network = Network()
        self.numbers = Numbers(api_version=(4, 1))
        common = {"transaction_manager": self.numbers, "retry_backoff_ms": 0, "request_timeout_ms": 1_000}
        self.records = RecordAccumulator(delivery_timeout_ms=60_000, **common)
        self._turns = Turns(
            self.network, self.network, self.records, acks=-1, guarantee_message_order=True, **common
        )

    def turn(self) -> None:
        self._turns.run_once()

    def append(self, partition: TopicPartition, age_s: float = 0) -> Future:
        return self.records.append(partition, 0, b"k", b"v", [], now=time.monotonic() - age_s)[0]

    def grow_old(self, partition: TopicPartition) -> None:
        """Let a minute go by for what waits there."""
        for batch in self.records._batches[partition]:
            batch.created -= 60

    def asked(self) -> list[Future]:
        """The questions for a number that wait for an answer."""
        return self._open(InitProducerIdRequest)

    def produced(self) -> list[Future]:
        """The batches on their way."""
        return self._open(ProduceRequest)

    def number(self, given: int) -> None:
        """Answer the question for one."""
        self.turn()
        (question,) = self.asked()
        question.success(
            InitProducerIdResponse(
                version=4, throttle_time_ms=0, error_code=0, producer_id=given, producer_epoch=0
            )
        )

    def _open(self, kind: type) -> list[Future]:
        return [
            future
            for request, future in self.network.sent
            if isinstance(request, kind) and not future.is_done
        ]


@pytest.fixture
def thread() -> Thread:
    """One that has not asked for a number yet."""
    return Thread()


def test_a_question_for_a_number_that_times_out_is_asked_again(thread: Thread) -> None:
    """To kafka-python it is the end of the producer."""
    thread.turn()
    (question,) = thread.asked()
    question.failure(RequestTimedOutError())
    thread.number(7)

    sent = thread.append(_HERE)
    thread.turn()
    assert (1, False) == (len(thread.produced()), sent.is_done)


def test_a_turn_that_fails_still_hears_what_comes_and_the_next_asks_again(thread: Thread) -> None:
    """kafka-python takes the next turn at once, and would wait for the answer to what it could not send."""
    thread.network.broken = True
    with pytest.raises(RuntimeError, match="closed for writes"):
        thread.turn()
    assert 1 == thread.network.polled

    thread.network.broken = False
    thread.number(7)
    assert thread.numbers.has_producer_id()


def test_records_fail_in_time_while_no_broker_gives_a_number(thread: Thread) -> None:
    """kafka-python waits, and looks at no record meanwhile."""
    thread.network.away = True
    young, old = thread.append(_HERE), thread.append(_THERE, age_s=61)
    thread.turn()

    assert isinstance(old.exception, KafkaTimeoutError)
    assert not young.is_done
    assert "no broker took its batch within 61 s" in str(old.exception)


def test_a_record_that_was_sent_and_expires_takes_the_number_with_it_and_no_other_record(
    thread: Thread,
) -> None:
    """kafka-python asks for no other number, and forgets what it has just taken out to be sent."""
    thread.number(7)
    lost = thread.append(_HERE)
    thread.turn()
    thread.produced()[0].failure(RequestTimedOutError())
    thread.grow_old(_HERE)
    other = thread.append(_THERE)
    thread.turn()
    assert isinstance(lost.exception, KafkaTimeoutError)
    assert [] == thread.produced()

    thread.number(8)
    thread.turn()
    assert (1, False) == (len(thread.produced()), other.is_done)


def test_a_refused_batch_takes_the_number_with_it_and_no_other_record(thread: Thread) -> None:
    """To kafka-python it is the end of the producer."""
    thread.number(7)
    refused = thread.append(_HERE)
    thread.turn()
    thread.produced()[0].failure(RecordListTooLargeError())
    assert isinstance(refused.exception, RecordListTooLargeError)

    after = thread.append(_HERE)
    thread.number(8)
    thread.turn()
    assert (1, False) == (len(thread.produced()), after.is_done)


def test_a_batch_on_its_way_is_sent_again_under_the_number_it_has(thread: Thread) -> None:
    """Under another the broker could not tell that it has it already; kafka-python fails it."""
    thread.number(7)
    thread.append(_HERE)
    thread.turn()
    sent = thread.append(_THERE)
    thread.turn()
    here, there = thread.produced()
    here.failure(RecordListTooLargeError())
    there.failure(RequestTimedOutError())
    assert not sent.is_done

    thread.number(8)
    thread.turn()
    (request,) = (asked for asked, future in thread.network.sent if future in thread.produced())
    batch = MemoryRecords(request.topic_data[0].partition_data[0].records).next_batch()
    assert (7, False) == (batch.producer_id, sent.is_done)


def test_transactions_keep_their_number() -> None:
    """Their user has to begin anew."""
    with pytest.raises(IllegalStateError):
        Numbers(transactional_id="a", api_version=(4, 1)).reset_producer_id()
