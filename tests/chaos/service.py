"""The service under test, in its seats."""

from pathlib import Path

from tests.chaos.load import PARTITIONS, TENANTS
from tests.chaos.schedule import SEATS, SESSION_S
from tests.chaos.seats import Seats
from tests.support.configured import configured
from tests.support.ports import free_ports
from tests.support.processes import Worker


class Service(Seats[Worker]):
    """Workers of one service, their settings chosen by the seed."""

    def __init__(self, folder: Path, seed: int) -> None:
        """Even seeds: windows end by the event clock; every third: static membership; half: RocksDB.

        Every fifth: only a customer's latest answers count.
        """
        super().__init__(folder)
        self.clock = "wall" if seed % 2 else "event"
        self.static = seed % 3 == 2
        self.store = "rocksdb" if seed // 2 % 2 else "memory"
        self.latest = "off" if seed % 5 else "on"
        self._config = configured(folder)
        self._ports: dict[int, int] = {}

    @property
    def env(self) -> dict[str, str]:
        """The settings that all workers have in common, and the oracle reads."""
        return {
            "CX_BROKER": f"kafka://{self.broker.bootstrap}",
            "CX_APP_ID": "chaos",
            "CX_TOPIC_PREFIX": "chaos.",
            "CX_PARTITIONS": str(PARTITIONS),
            "CX_SESSION_TIMEOUT": f"{SESSION_S}s",
            "CX_CLOCK": self.clock,
            "CX_STORE": self.store,
            "CX_LATEST_PER_CUSTOMER": self.latest,
            "CX_CONFIG": self._config,
            "CX_WINDOWS": "5m,1h,30d",
            "CX_TENANTS": TENANTS,
            "CX_DEDUP_RECORDS": "700",
            "CX_VIEWS": "total,channel,touchpoint,channel+touchpoint,plan,channel+plan,plan+region",
        }

    def start(self) -> None:
        """Start all workers and wait until they are ready."""
        for seat in range(SEATS):
            self._start(seat)
        for worker in list(self.workers.values()):
            worker.wait_until_ready(120)

    def _launch(self, seat: int, log: Path) -> Worker:
        port = self._ports.setdefault(seat, free_ports(1)[0])
        own = {"CX_METRICS_PORT": str(port), "CX_DATADIR": str(self.data(seat))}
        members = {"CX_INSTANCE_ID": f"seat-{seat}"} if self.static else {}
        return Worker(self.env | own | members, log)
