"""A real Apache Kafka for the tests: one KRaft node from Maven Central's jars, up in about three seconds.

    CX_TEST_BROKER=host:port       use that one instead
    CX_TEST_REQUIRE_KAFKA=1        no Java or Maven is a failure instead of a skip (CI sets it)
    CX_TEST_KAFKA_JARS=folder      where the jars are kept (default: in ~/.cache/cx-stream)

A broker can be stopped, killed and started again on its data, for tests that need it.
"""

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.support.ports import free_ports, is_open
from tests.support.processes import Process
from tests.support.wait import eventually

_HERE = Path(__file__).parent / "kafka_jars"
_CLUSTER_ID = "AAAAAAAAAAAAAAAAAAAAAQ"
_START_DEADLINE_S = 60
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={data}
num.partitions=4
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
"""


class Broker:
    """One Kafka node on 127.0.0.1 whose data, in `folder`, outlives its process."""

    def __init__(
        self, folder: Path, extra: Mapping[str, str] | None = None, format_options: Sequence[str] = ()
    ) -> None:
        """Format the data folder, with these further options.

        `extra`: further lines of server.properties, or others for ours; `{port}` and `{controller}` in them
        are the ports.
        """
        self.folder = folder
        self.port, self._controller = free_ports(2)
        self._jars = jars()
        self._process: Process | None = None
        folder.mkdir(parents=True, exist_ok=True)
        lines = _PROPERTIES + "".join(f"{name}={value}\n" for name, value in (extra or {}).items())
        lines = lines.format(port=self.port, controller=self._controller, data=folder / "data")
        self._properties = folder / "server.properties"
        self._properties.write_text(lines, encoding="utf-8")
        subprocess.run(
            [
                *self._java("-Xmx256m"),
                "kafka.tools.StorageTool",
                "format",
                "-t",
                _CLUSTER_ID,
                "-c",
                str(self._properties),
                *format_options,
            ],
            check=True,
            capture_output=True,
        )

    @property
    def bootstrap(self) -> str:
        """`host:port` of the broker."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the node and wait until it answers."""
        self._process = Process(
            [*self._java("-Xmx768m"), "kafka.Kafka", str(self._properties)], self.folder / "log"
        )
        process = self._process

        def up() -> bool:
            process.check_alive()
            return is_open(self.port)

        eventually(up, _START_DEADLINE_S, "Kafka accepts connections")

    def stop(self) -> None:
        """End the node in order."""
        if self._process is not None:
            self._process.stop(60)
            self._process = None

    def kill(self) -> None:
        """End the node as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def pause(self) -> None:
        """Stop its clock (SIGSTOP) until `resume`."""
        assert self._process is not None
        self._process.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it run on."""
        assert self._process is not None
        self._process.signal(signal.SIGCONT)

    def _java(self, heap: str) -> list[str]:
        return ["java", heap, "-cp", f"{self._jars}/*", f"-Dlog4j2.configurationFile={_HERE / 'log4j2.xml'}"]


def skip_reason() -> str | None:
    """Why no broker can be started here; None when one can. Fails when CX_TEST_REQUIRE_KAFKA is set."""
    missing = [program for program in ("java", "mvn") if shutil.which(program) is None]
    if not missing:
        return None
    reason = (
        f"NO REAL KAFKA: {' and '.join(missing)} not found. Install Java 17 and Maven, or set CX_TEST_BROKER"
    )
    if os.environ.get("CX_TEST_REQUIRE_KAFKA") == "1":
        pytest.fail(reason)
    return reason


def jars() -> Path:
    """Return the folder with the jars of the pom, fetched once and kept outside the checkout."""
    pom = _HERE / "pom.xml"
    digest = hashlib.sha256(pom.read_bytes()).hexdigest()[:12]
    default = Path.home() / ".cache" / "cx-stream" / f"kafka-{digest}"
    folder = Path(os.environ.get("CX_TEST_KAFKA_JARS") or default)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Two test runs may start at once; a folder that is there is complete.
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=folder.parent) as work:
                command = [
                    "mvn",
                    "-B",
                    "-q",
                    "-f",
                    str(pom),
                    "dependency:copy-dependencies",
                    f"-DoutputDirectory={work}/jars",
                ]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode != 0:
                    raise RuntimeError(
                        f"Maven could not fetch Kafka:\n{(done.stdout + done.stderr)[-3_000:]}"
                    )
                Path(work, "jars").rename(folder)
    return folder
