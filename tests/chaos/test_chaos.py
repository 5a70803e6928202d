"""A minute of chaos: every cell right afterwards, every series from one worker, every record counted once."""

import os
import time
from pathlib import Path

import pytest

from tests.chaos.run import Run
from tests.support import kafka

SECONDS = 60
RATE = 500

pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.timeout(420)]


def test_nothing_is_lost_and_nothing_counted_twice_whatever_dies(tmp_path: Path) -> None:
    """Another seed every time, told with the result; CX_TEST_SEED repeats one."""
    reason = kafka.skip_reason()
    if reason is not None:
        pytest.skip(reason)
    seed = int(os.environ.get("CX_TEST_SEED") or time.time_ns() % 100_000)
    report = Run(seed, SECONDS, RATE, tmp_path)()
    assert [] == report.faults(), f"\n{report}"
