"""For programs that send events.

    from stream.client import Publisher

    with Publisher("kafka://127.0.0.1:9092") as publisher:
        publisher.publish({"specversion": "1.0", "type": "cx.interaction.v1", ...})

InvalidEvent(ValueError)      no worker would take the event: reason and detail; it was not sent
DeliveryError(Exception)      the broker did not take events that were sent
TopicError(CxError)           the event's topic has not been made
BrokerUnreachable(CxError)    no broker can be reached
"""

import json
import os
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any, NamedTuple, Self

import orjson
from kafka import KafkaAdminClient
from kafka.errors import KafkaTimeoutError
from kafka.future import Future

from stream.errors import TopicError
from stream.flow.producing import idempotent_producer
from stream.flow.refusal import reach
from stream.flow.security import kafka_client_options
from stream.intake.rejection import Reason, Rejection
from stream.routing import Router
from stream.settings import Settings

_MAX_BUFFER_BYTES = 32 * 1_048_576
_RECORD_OVERHEAD_BYTES = 512
_MAX_UNDELIVERED = 100
_UNREACHABLE_MS = 10_000
_REQUEST_MS = 30_000
_DELIVERY_MS = 120_000
_LONGEST_S = 150.0  # a record has had its end by then; if not, the client has lost it
_RECONNECT_MS = 1_000
_BATCH_BYTES = 131_072
_LINGER_MS = 5


class InvalidEvent(ValueError):  # noqa: N818  # it is the event that is wrong
    """An event that every worker would reject: `reason` is the contract's, `detail` is for people."""

    def __init__(self, rejection: Rejection) -> None:
        self.reason: Reason = rejection.reason
        self.detail = rejection.detail
        super().__init__(f"{rejection.reason}: {rejection.detail}")


class Undelivered(NamedTuple):
    """An event that the broker did not take, and why."""

    event_id: str
    topic: str
    error: str


class DeliveryError(Exception):
    """Events were not delivered: how many, and the first of them."""

    def __init__(self, count: int, first: list[Undelivered]) -> None:
        self.count = count
        self.undelivered = first
        super().__init__(
            f"{count} events were not delivered; the first, {first[0].event_id}: {first[0].error}"
        )


class Publisher:
    """Sends events, each to the topic of its type with the key `<tenantid>:<subject>`.

    Idempotent and acknowledged by all replicas: an event is stored once and in order, or reported as failed
    after 120 s; while the broker is away, and after. Threads may share one. Memory is bounded: `publish`
    waits while `max_buffer_bytes` are on their way.
    """

    def __init__(
        self, broker: str | Settings | None = None, *, max_buffer_bytes: int = _MAX_BUFFER_BYTES
    ) -> None:
        """Connect to `broker` (`kafka://host:port`), or as settings or the CX_* environment say.

        Raises SettingsError, BrokerUnreachable and LoginRefused.
        """
        settings = broker if isinstance(broker, Settings) else _settings(broker)
        self._settings = settings
        self._router = Router(settings.tenants)
        self._routing = threading.Lock()
        self._max_buffer_bytes = max_buffer_bytes
        self._changed = threading.Condition()
        self._on_the_way_bytes = 0
        self._delivered = 0
        self._failed = 0
        self._undelivered: list[Undelivered] = []
        self._topics: frozenset[str] = frozenset()
        self._options = kafka_client_options(settings) | {"client_id": "cx-publisher"}
        self._producer = reach(settings, self._connect)

    def _connect(self, timeout_ms: int) -> Any:
        return idempotent_producer(
            request_timeout_ms=_REQUEST_MS,
            delivery_timeout_ms=_DELIVERY_MS,
            reconnect_backoff_max_ms=_RECONNECT_MS,
            batch_size=_BATCH_BYTES,
            linger_ms=_LINGER_MS,
            max_block_ms=_UNREACHABLE_MS,
            bootstrap_timeout_ms=timeout_ms,
            **self._options,
        )

    def _administer(self, timeout_ms: int) -> Any:
        return KafkaAdminClient(bootstrap_timeout_ms=timeout_ms, **self._options)

    @property
    def delivered(self) -> int:
        """Events that the broker has taken so far."""
        return self._delivered

    def publish(self, event: Mapping[str, Any]) -> Future:
        """Send one event; the future gives the record's topic, partition and offset, or raises.

        Raises InvalidEvent when no worker would take it (nothing is sent), TopicError, and where the topic
        has to be asked for, BrokerUnreachable and LoginRefused.
        """
        return self.publish_json(_json(event))

    def publish_json(self, value: bytes) -> Future:
        """Send one event that is already JSON, byte for byte; otherwise as `publish`."""
        with self._routing:
            routed = self._router.route(value)
            if isinstance(routed, Rejection):
                raise InvalidEvent(routed)
            topic = self._settings.topic(routed.topic)
            self._require(topic)
        size = len(value) + _RECORD_OVERHEAD_BYTES
        with self._changed:
            if not self._changed.wait_for(lambda: self._has_room(size), _LONGEST_S):
                raise KafkaTimeoutError(f"no room for another event within {_LONGEST_S:g} s")
            self._on_the_way_bytes += size
        try:
            future = self._producer.send(topic, value=value, key=routed.key)
        except BaseException:
            self._settled(size)
            raise
        future.add_callback(lambda _: self._settled(size, delivered=1))
        future.add_errback(
            lambda error: self._settled(size, failed=Undelivered(routed.event.id, topic, repr(error)))
        )
        return future

    def flush(self, timeout_s: float | None = None) -> None:
        """Wait until everything published so far is stored or has failed.

        Raises DeliveryError for what failed since the last flush, KafkaTimeoutError after `timeout_s`.
        """
        timeout_s = _LONGEST_S if timeout_s is None else timeout_s
        self._producer.flush(timeout_s)
        with self._changed:
            # The producer's flush ends just before the last callbacks run.
            self._changed.wait_for(lambda: self._on_the_way_bytes == 0, timeout_s)
            failed, first = self._failed, self._undelivered
            self._failed, self._undelivered = 0, []
        if failed:
            raise DeliveryError(failed, first)

    def close(self, timeout_s: float | None = None) -> None:
        """Flush and disconnect; raises as `flush`."""
        try:
            self.flush(timeout_s)
        finally:
            self._producer.close(_LONGEST_S if timeout_s is None else timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except DeliveryError:
            # The error that ended the block is the one to be seen.
            if kind is None:
                raise

    def _require(self, topic: str) -> None:
        """Look whether a topic is there before it is named to the producer, whose asking would make it."""
        if topic in self._topics:
            return
        admin = reach(self._settings, self._administer)
        try:
            self._topics = frozenset(admin.list_topics())
        finally:
            admin.close()
        if topic not in self._topics:
            raise TopicError(f"{topic} is not there. Make it with: cx topics create")

    def _has_room(self, size: int) -> bool:
        return self._on_the_way_bytes == 0 or self._on_the_way_bytes + size <= self._max_buffer_bytes

    def _settled(self, size: int, *, delivered: int = 0, failed: Undelivered | None = None) -> None:
        """Account for a record that left the buffer; called from the sender's thread."""
        with self._changed:
            self._on_the_way_bytes -= size
            self._delivered += delivered
            if failed is not None:
                self._failed += 1
                if len(self._undelivered) < _MAX_UNDELIVERED:
                    self._undelivered.append(failed)
            self._changed.notify_all()


def _settings(broker: str | None) -> Settings:
    return Settings.from_env(os.environ if broker is None else {**os.environ, "CX_BROKER": broker})


def _json(event: Mapping[str, Any]) -> bytes:
    """Serialise. What orjson refuses (huge integers, lone surrogates) gets its reason from the decoder."""
    try:
        return orjson.dumps(event)
    except TypeError:
        pass
    try:
        return json.dumps(event).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidEvent(Rejection(Reason.MALFORMED, f"not JSON: {type(error).__name__}")) from None
