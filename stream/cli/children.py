"""Child processes that live and die together: one process group apart from the terminal's, ended in order.

Apart from the terminal's, because Ctrl-C there reaches everyone at once, and a worker whose broker has just
gone cannot hand over. They also end when this process is killed: on Linux the kernel tells them.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from stream.clock import Clock

_PR_SET_PDEATHSIG = 1
_LOG_TAIL = 2_000
_LIBC: Any = ctypes.CDLL(None) if sys.platform == "linux" else None


class Children:
    """Starts processes into one group, each with a log file in `folder`."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._group = 0
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(
        self,
        name: str,
        command: Sequence[str],
        env: Mapping[str, str],
        stdin: IO[bytes] | None = None,
        stdout: int | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start one; its output goes to its log, unless `stdout` is PIPE."""
        with self.log(name).open("ab") as log:
            process = subprocess.Popen(  # noqa: S603  # our own programs
                list(command),
                env=dict(env),
                stdin=stdin if stdin is not None else subprocess.DEVNULL,
                stdout=stdout if stdout is not None else log,
                stderr=log,
                process_group=self._group,
                preexec_fn=_die_with_parent,  # noqa: PLW1509  # started before any thread is
            )
        self._group = self._group or process.pid
        self._processes[name] = process
        return process

    def log(self, name: str) -> Path:
        """Log file of a process."""
        return self._folder / f"{name}.log"

    def ended(self) -> str | None:
        """Say which process has ended by itself, with the end of its log; None while all run."""
        for name, process in self._processes.items():
            if process.poll() is not None:
                text = self.log(name).read_text(encoding="utf-8", errors="replace")[-_LOG_TAIL:]
                return f"{name} ended with {process.returncode}:\n{text}"
        return None

    def end(self, deadline_s: float) -> None:
        """End them in reverse order, each with what is left of the time, then the group."""
        limit_s = self._clock.monotonic_s() + deadline_s
        for process in reversed(self._processes.values()):
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, limit_s - self._clock.monotonic_s()))
        if self._group:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._group, signal.SIGKILL)
        for process in self._processes.values():
            process.wait()


def _die_with_parent() -> None:
    """Runs in the child, before its program: ask for a signal when the parent is gone, however it went."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
