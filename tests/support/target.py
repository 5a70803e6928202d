"""A worker under attack: what is sent to it, and what can be seen of it from outside."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka import Consumer, Producer, TopicPartition

from tests.support import exposition
from tests.support.processes import Worker
from tests.support.stories import Message
from tests.support.truth import taken
from tests.support.wait import eventually
from tests.support.wire import TAKEN, produce

MIB = 1_048_576
DEADLINE_S = 90


class Rejected(NamedTuple):
    """A record of the topic of rejected ones."""

    key: bytes | None
    value: bytes | None
    headers: dict[str, bytes]


class Target:
    """The worker under attack, and what can be seen of it."""

    def __init__(self, env: dict[str, str], bootstrap: str, log: Path) -> None:
        self.env = env
        self.bootstrap = bootstrap
        self.prefix = env["CX_TOPIC_PREFIX"]
        self.sent = 0
        self._log = log
        self._worker: Worker | None = None
        client = {"bootstrap.servers": bootstrap}
        self._producer = Producer(client | {"message.max.bytes": 2 * MIB, "linger.ms": 5})
        # Without it, every question waits behind a fetch for half a second.
        quick = {"group.id": self.prefix, "enable.auto.commit": False, "fetch.wait.max.ms": 10}
        self._consumer = Consumer(client | quick)
        self._read: list[int] = [0] * 4
        self._rejected: dict[tuple[str, int, int], Rejected] = {}

    @property
    def worker(self) -> Worker:
        """The worker; started when it is first asked for."""
        if self._worker is None:
            self._worker = Worker(self.env, self._log)
        return self._worker

    def close(self) -> None:
        """End the worker."""
        self._consumer.close()
        if self._worker is not None:
            self._worker.kill()

    def send(self, messages: Sequence[Message]) -> None:
        """Store records."""
        errors: list[Any] = []

        def told(error: Any, _: Any) -> None:
            if error is not None:
                errors.append(error)

        for each in messages:
            topic, headers = self.prefix + each.topic, dict[str, Any](each.headers)
            self._producer.produce(topic, each.value, each.key, each.partition or 0, told, headers=headers)
        assert self._producer.flush(60) == 0
        assert not errors, errors
        self.sent += len(messages)

    def send_as_is(self, topic: str, content: bytes, records: int) -> None:
        """Store a batch made by hand in partition 0, in which the worker will see so many records."""
        assert produce(self.bootstrap, self.prefix + topic, 0, content) == TAKEN
        self.sent += records

    def restart(self) -> None:
        """End the worker and start it anew; what it counts begins at 0."""
        assert self.worker.stop() == 0
        self._worker, self.sent = None, 0
        self.worker.wait_until_ready()

    def taken(self) -> int:
        """How many records the worker has counted, with whatever outcome."""
        self.worker.check_alive()
        return taken([exposition.parse(self.worker.get("/metrics"))]).total()

    def wait_until_taken(self) -> None:
        """Wait for all that was sent."""

        def all_taken() -> bool:
            found = self.taken()
            assert found >= self.sent, f"{found} of {self.sent}"
            return True

        eventually(all_taken, DEADLINE_S, "all records are taken")

    def interactions(self, tenant: str, by: str) -> Counter[str]:
        """How many interactions are exported of a tenant in a view, by channel."""
        found: Counter[str] = Counter()
        for (name, pairs), value in exposition.parse(self.worker.get("/metrics")).items():
            labels = dict(pairs)
            if name == "cx_interactions" and (tenant, by, "30d") == tuple(
                labels[each] for each in ("tenant", "by", "window")
            ):
                found[labels["channel"]] += int(value)
        return found

    def wait_until_counted(self, tenant: str, expected: int) -> None:
        """Wait for a tenant's total."""

        def counted() -> bool:
            return self.interactions(tenant, "total").total() == expected

        eventually(counted, DEADLINE_S, f"{expected} interactions of {tenant}")

    def rejected(self, topic: str) -> list[Rejected]:
        """The rejected records of a source topic, each once, as far as they have been stored now."""
        name = f"{self.prefix}rejected"
        ends = [self._consumer.get_watermark_offsets(TopicPartition(name, n))[1] for n in range(4)]
        self._consumer.assign([TopicPartition(name, n, offset) for n, offset in enumerate(self._read)])
        while any(at < end for at, end in zip(self._read, ends, strict=True)):
            for record in self._consumer.consume(1_000, 0.2):
                assert record.error() is None
                partition, offset = record.partition(), record.offset()
                assert partition is not None
                assert offset is not None
                self._read[partition] = offset + 1
                headers: dict[str, Any] = dict(record.headers() or ())
                place = headers["topic"].decode(), int(headers["partition"]), int(headers["offset"])
                key: Any = record.key()
                value: Any = record.value()
                self._rejected[place] = Rejected(key, value, headers)
        return [found for place, found in self._rejected.items() if place[0] == self.prefix + topic]

    def memory_mib(self, what: str = "VmRSS") -> float:
        """Memory of the worker's process; `VmHWM` is the most it ever had."""
        status = Path(f"/proc/{self.worker.pid}/status").read_text(encoding="utf-8")
        (line,) = (line for line in status.splitlines() if line.startswith(what))
        return int(line.split()[1]) / 1024
