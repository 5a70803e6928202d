"""A worker's process ends in time, though what it waits for never comes."""

import signal
import subprocess
import sys

import pytest

_HANGING = """
import asyncio, os, signal, sys
from mode import Service
from stream.cli import ending

ending._DEADLINE_S = 0.1

class Hanging(Service):
    async def on_started(self):
        if sys.argv[1] == "crash":
            await self.crash(RuntimeError("as if"))
        else:
            os.kill(os.getpid(), int(sys.argv[1]))

    async def on_stop(self):
        await asyncio.Event().wait()

ending.PromptWorker(Hanging(), loop=asyncio.new_event_loop()).execute_from_commandline()
"""


@pytest.mark.parametrize("cause", ["crash", str(int(signal.SIGTERM))])
def test_a_worker_that_cannot_stop_ends_all_the_same(cause: str) -> None:
    """Whether it was told to, or something crashed it."""
    ended = subprocess.run(
        [sys.executable, "-c", _HANGING, cause], capture_output=True, text=True, timeout=60, check=False
    )
    assert (1, True) == (ended.returncode, "ending all the same" in ended.stderr), ended.stderr
