"""The only place that reads the clock."""

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time; injected wherever a decision or an export needs it."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        ...

    def monotonic_s(self) -> float:
        """Seconds of a clock that never goes back."""
        ...

    def cpu_s(self) -> float:
        """Processor seconds of this process."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        """Seconds of a clock that never goes back."""
        return time.monotonic()

    def cpu_s(self) -> float:
        """Processor seconds of this process."""
        return time.process_time()
