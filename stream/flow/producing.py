"""A producer that comes back: idempotent, each record stored or failed in time, whatever the broker does.

kafka-python 3.0.12 has three states that an idempotent producer never leaves: it has given its number up and
asks for no other, it asked and took a time-out for the end, it took one refused record for the end. And while
it waits for a number, records do not expire (docs/decisions/0027).
"""

import threading
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaConnectionError, KafkaTimeoutError, RetriableError, UnsupportedVersionError
from kafka.producer import kafka as _factory
from kafka.producer.sender import Sender
from kafka.producer.transaction_manager import TransactionManager, TransactionState

from stream.clock import SystemClock

_CLOCK = SystemClock()


class Numbers(TransactionManager):  # type: ignore[misc]  # kafka-python carries no types
    """The producer's number, under which the broker knows a batch that comes twice: lost, it is replaced.

    Transactions are left as they are: theirs cannot be replaced without their user.
    """

    _current_state: Any
    _pending_requests: list[Any]

    @property
    def asking(self) -> bool:
        """Whether there is a request to be sent."""
        return bool(self._pending_requests)

    def reset_producer_id(self) -> None:
        """Give the number up, and ask for another with the sender's next turn."""
        with self._lock:
            if self.is_transactional():
                super().reset_producer_id()
            elif self._current_state == TransactionState.READY:  # else another is on its way
                super().reset_producer_id()
                # The only state from which one is asked for, as Java's client does (KAFKA-7737).
                self._current_state = TransactionState.UNINITIALIZED

    def bump_producer_id_and_epoch(self) -> None:
        """Without transactions brokers answer this with a new number: one way for both."""
        if self.is_transactional():
            super().bump_producer_id_and_epoch()
        else:
            self.reset_producer_id()

    def classify_batch_error(self, error: Any, batch: Any, log_start_offset: int = -1) -> str:
        """A batch that failed for good harms no other, but leaves a gap in its partition's numbering."""
        kind = error if isinstance(error, type) else type(error)
        if self.is_transactional() or kind in self._FATAL_ERRORS:
            return str(super().classify_batch_error(error, batch, log_start_offset))
        ours = self.producer_id_and_epoch.match(batch)
        return str(self.ERROR_CLASS_NEEDS_PRODUCER_ID_RESET if ours else self.ERROR_CLASS_RETRIABLE)


class Turns(Sender):  # type: ignore[misc]
    """The producer's thread: every turn ends soon, and fails what has waited too long."""

    def run_once(self) -> None:
        """One turn."""
        if self._idempotent and not self._transaction_manager.has_producer_id():
            self._expire(_CLOCK.monotonic_s())
        try:
            super().run_once()
        except Exception:
            # It is logged, and the next turn follows at once; only here do answers and time-outs come.
            self._client.poll(timeout_ms=self.config["retry_backoff_ms"])
            raise

    @property
    def _idempotent(self) -> bool:
        return self._transaction_manager is not None and not self._transaction_manager.is_transactional()

    def _maybe_send_pending_request(self) -> bool:
        """Ask for a number once a broker is there; the original waits here until one is."""
        if not self._idempotent:
            return bool(super()._maybe_send_pending_request())
        numbers = self._transaction_manager
        if not numbers.asking:
            return False
        node = self._client.least_loaded_node()
        if node is None:
            self._metadata.request_update()
        elif self._client.ready(node):
            handler = numbers.next_request_handler(self._accumulator.has_incomplete)
            if handler is not None:
                self._ask(node, handler)
        return True

    def _ask(self, node: Any, handler: Any) -> None:
        if handler.is_retry:
            threading.Event().wait(self.config["retry_backoff_ms"] / 1_000)
        number = self._transaction_manager.next_in_flight_request_correlation_id()

        def failed(error: Exception) -> None:
            # The handler asks again after a lost connection alone; a time-out is the end to it.
            final = isinstance(error, UnsupportedVersionError)
            handler.on_complete(number, error if final else KafkaConnectionError(str(error)))

        try:
            future = self._client.send(node, handler.request)
        except Exception as error:
            failed(error)
            raise
        future.add_callback(lambda answer: handler.on_complete(number, answer))
        future.add_errback(failed)

    def _send_producer_data(self, now: float | None = None) -> Any:
        if not self._idempotent:
            return super()._send_producer_data(now)
        now = _CLOCK.monotonic_s() if now is None else now
        self._expire(now)
        if not self._transaction_manager.has_producer_id():
            return 0
        return super()._send_producer_data(now)

    def _can_retry(self, batch: Any, error_cls: Any) -> bool:
        """Also under a number that was given up since: to the broker it is the next under that one."""
        if not self._idempotent or self._transaction_manager.producer_id_and_epoch.match(batch):
            return bool(super()._can_retry(batch, error_cls))
        in_time = not batch.has_reached_delivery_timeout(self._accumulator.delivery_timeout_ms)
        return in_time and batch.final_state is None and issubclass(error_cls, RetriableError)

    def _expire(self, now: float) -> None:
        expired = self._accumulator.expired_batches(now) + self._get_expired_inflight_batches(now)
        for batch in expired:
            said = f"no broker took its batch within {now - batch.created:.0f} s"
            self._complete_batch_with_exception(batch, KafkaTimeoutError(said))


def idempotent_producer(**options: Any) -> Any:
    """A KafkaProducer of these options: all replicas store records, once and in order, or they fail in time.

    From now on every KafkaProducer of this process takes turns as described above; those without idempotence
    and those with transactions do what they did. Raises KafkaError when no broker is there.
    """
    _factory.TransactionManager, _factory.Sender = Numbers, Turns
    return KafkaProducer(acks="all", enable_idempotence=True, **options)
