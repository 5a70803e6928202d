"""Processes of a test: each in a process group of its own, with a log, ended as a group in any case."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from tests.support.wait import eventually

REPOSITORY = Path(__file__).resolve().parents[2]
CX = (sys.executable, "-m", "stream")
_LOG_TAIL = 4_000


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with exactly these CX_ settings, and the checkout importable."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CX_")}
    return inherited | {"PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"} | dict(settings)


def cx(
    settings: Mapping[str, str], *args: str, given: bytes = b"", deadline: float = 90
) -> subprocess.CompletedProcess[bytes]:
    """Run a command to its end, with these settings and this input."""
    return subprocess.run(
        [*CX, *args],
        input=given,
        capture_output=True,
        check=False,
        env=environment(settings),
        timeout=deadline,
    )


class Process:
    """A command in a process group of its own; stdout and stderr go to one log file."""

    def __init__(self, command: Sequence[str], log: Path, settings: Mapping[str, str] = {}) -> None:
        self.command = list(command)
        self.log_file = log
        log.parent.mkdir(parents=True, exist_ok=True)
        self._out: IO[bytes] = log.open("ab")
        self._process = subprocess.Popen(
            self.command,
            env=environment(settings),
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """Process id; also the id of its group."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Exit status; None while it runs."""
        return self._process.poll()

    @property
    def log(self) -> str:
        """All it has printed so far."""
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def wait_for_log(self, pattern: str, deadline: float) -> re.Match[str]:
        """Wait until a line of the log matches, and return the match; fails at once when it has ended."""

        def found() -> re.Match[str] | None:
            match = re.search(pattern, self.log, re.MULTILINE)
            if match is None:
                self.check_alive()
            return match

        match = eventually(found, deadline, f"{pattern!r} in the log of {self.command}")
        assert match is not None
        return match

    def check_alive(self) -> None:
        """Fail with the end of the log when the process has ended."""
        if self.returncode is not None:
            raise RuntimeError(f"{self.command} ended with {self.returncode}:\n{self.log[-_LOG_TAIL:]}")

    def signal(self, number: int) -> None:
        """Send a signal to the whole group; nothing happens when it is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def wait(self, deadline: float) -> int:
        """Wait for the end, and return the exit status; AssertionError after `deadline` seconds."""
        try:
            return self._process.wait(deadline)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"{self.command} still runs after {deadline:g} s:\n{self.log[-_LOG_TAIL:]}"
            ) from None

    def stop(self, deadline: float = 15) -> int:
        """Ask it to end (SIGTERM), then see that nothing of its group is left; returns the exit status."""
        self.signal(signal.SIGTERM)
        try:
            return self.wait(deadline)
        finally:
            self.kill()

    def kill(self) -> None:
        """End the whole group at once (SIGKILL)."""
        self.signal(signal.SIGKILL)
        self._process.wait()
        self._out.close()

    def group(self) -> list[int]:
        """Process ids of the group that are alive (not zombies)."""
        return [pid for pid in _pids() if _group_of(pid) == self.pid]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()


class Worker(Process):
    """A `cx worker` with its metrics port."""

    def __init__(self, settings: Mapping[str, str], log: Path) -> None:
        self.port = int(settings["CX_METRICS_PORT"])
        super().__init__([*CX, "worker"], log, settings)

    def get(self, path: str, timeout: float = 5) -> str:
        """Body of an HTTP answer; OSError unless it is 2xx."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=timeout) as answer:
            body = answer.read()
        assert isinstance(body, bytes)
        return body.decode()

    def wait_until_ready(self, deadline: float = 60) -> None:
        """Wait until /readyz answers 200; fails at once when the worker has ended."""

        def ready() -> bool:
            self.check_alive()
            return bool(self.get("/readyz"))

        try:
            eventually(ready, deadline, "the worker is ready")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log[-_LOG_TAIL:]}") from None


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _group_of(pid: int) -> int | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[2])
