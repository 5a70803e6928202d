"""What the operating system says: processor time, memory, how busy the machine is, what it is."""

import os
import platform
import time
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_QUIET_SHARE = 0.1


def cpu_s(pid: int) -> float:
    """Processor seconds of a process, all its threads and the children it has waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / TICKS_PER_S


def peak_bytes(pid: int) -> int:
    """The most memory a process ever held."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def busy_s() -> float:
    """Processor seconds that the whole machine was busy since it started."""
    fields = [
        int(field) for field in Path("/proc/stat").read_text(encoding="utf-8").split("\n", 1)[0].split()[1:]
    ]
    idle, waiting = fields[3], fields[4]
    return (sum(fields[:8]) - idle - waiting) / TICKS_PER_S


def wait_until_quiet(at_most_s: float) -> float:
    """Wait until the machine is nearly idle for a second, at most `at_most_s`; returns the share in use."""
    share, end = 1.0, time.monotonic() + at_most_s
    while True:
        busy, began = busy_s(), time.monotonic()
        time.sleep(min(1.0, at_most_s) or 0.1)
        share = (busy_s() - busy) / (time.monotonic() - began) / (os.cpu_count() or 1)
        if share < _QUIET_SHARE or time.monotonic() > end:
            return share


def describe() -> dict[str, str | int | None]:
    """What the figures were measured on."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
    }
