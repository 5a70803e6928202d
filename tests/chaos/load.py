"""The load: every kind of trouble, and canaries whose counts only grow.

A canary is a tenant with one event after the other from each source partition, told apart by channel.
What was acknowledged to us some seconds ago must be exported: so it is seen from outside whether a series is
right, while all the rest moves.
"""

import json
import threading
import time
from collections import defaultdict
from itertools import count
from typing import Any, NamedTuple

from kafka.errors import KafkaError

from stream.flow.producing import idempotent_producer
from tests.support.recount.murmur import partition_of
from tests.support.spoiled import rfc3339
from tests.support.trouble import KNOWN_TENANTS, Trouble

PARTITIONS = 6
CANARIES = tuple(f"canary{i}" for i in range(12))
TENANTS = ",".join([KNOWN_TENANTS, *CANARIES])
_TICK_S = 0.05
_CANARY_EVERY_S = 0.5


class Canary(NamedTuple):
    """A series that only grows: its tenant and its source partition, by channel `p0`, `p1`, …"""

    tenant: str
    partition: int


class Load(threading.Thread):
    """Sends until told to stop. `failed`: records; `acknowledged`: when each canary's events were."""

    def __init__(self, bootstrap: str, prefix: str, seed: int, rate: float, seconds: float) -> None:
        """`rate`: events a second, for about so many seconds."""
        super().__init__(name="load", daemon=True)
        self.failed = 0
        self.acknowledged: dict[Canary, list[float]] = defaultdict(list)
        self._prefix, self._rate = prefix, rate
        customers = max(600, int(rate * seconds / 30))
        self._trouble = Trouble(seed, time.time_ns() // 1_000_000, customers, PARTITIONS)
        self._producer = idempotent_producer(
            bootstrap_servers=bootstrap,
            linger_ms=20,
            max_request_size=2**20,
            reconnect_backoff_max_ms=500,
        )
        self._stopping, self._paused, self._idle = threading.Event(), threading.Event(), threading.Event()
        self._numbers = count()
        self._subjects = {
            Canary(tenant, partition): next(
                s
                for s in (f"s{i}" for i in count())
                if partition_of(f"{tenant}:{s}", PARTITIONS) == partition
            )
            for tenant in CANARIES
            for partition in range(PARTITIONS)
        }

    def run(self) -> None:
        """Send at the rate, canaries between."""
        due, canaries_at_s, former_s = 0.0, 0.0, time.monotonic()
        while not self._stopping.wait(_TICK_S):
            now_s = time.monotonic()
            due += min(now_s - former_s, 1.0) * self._rate
            former_s = now_s
            if self._paused.is_set():
                self._idle.set()
                due = 0
                continue
            self._idle.clear()
            for message in self._trouble.messages(int(due)):
                place = (message.key, message.value, list(message.headers), message.partition)
                self._send(message.topic, *place)
            due -= int(due)
            if now_s - canaries_at_s >= _CANARY_EVERY_S:
                canaries_at_s = now_s
                self._canaries()

    def pause(self) -> None:
        """Send nothing more for now; returns when all is stored or given up."""
        self._paused.set()
        self._idle.wait()
        self._producer.flush(timeout=120)

    def go_on(self) -> None:
        """Send again."""
        self._idle.clear()
        self._paused.clear()

    def stop(self) -> None:
        """Send nothing more; returns when all is stored or given up."""
        self._stopping.set()
        self.join()
        self._producer.flush(timeout=120)
        self._producer.close(timeout=5)

    def _canaries(self) -> None:
        stamp = rfc3339(time.time_ns() // 1_000_000)
        for canary, subject in self._subjects.items():
            number = next(self._numbers)
            event = {
                "specversion": "1.0",
                "id": f"canary-{number}",
                "source": "/chaos",
                "type": "cx.interaction.v1",
                "time": stamp,
                "subject": subject,
                "tenantid": canary.tenant,
                "data": {
                    "interaction_id": f"x{number}",
                    "channel": f"p{canary.partition}",
                    "valence": "positive",
                },
            }
            key = f"{canary.tenant}:{subject}".encode()
            future = self._send("interactions", key, json.dumps(event).encode(), [], None)
            if future is not None:
                times = self.acknowledged[canary]
                future.add_callback(lambda _, times=times: times.append(time.monotonic()))

    def _send(self, topic: str, key: Any, value: Any, headers: Any, partition: int | None) -> Any:
        try:
            future = self._producer.send(
                self._prefix + topic, key=key, value=value, headers=headers, partition=partition
            )
        except KafkaError:
            self._failed(None)
            return None
        future.add_errback(self._failed)
        return future

    def _failed(self, _: Any) -> None:
        self.failed += 1
