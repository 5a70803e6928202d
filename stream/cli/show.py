"""The processes of a demo: started in order, shown, ended in order."""

import asyncio
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.live import Live

from stream import embedded, topics
from stream.cli import board
from stream.cli.children import Children
from stream.cli.page import Page, WorkerUnreachable
from stream.clock import SystemClock
from stream.ports import is_open
from stream.settings import Settings

CX = (sys.executable, "-m", "stream")
_BROKER_DEADLINE_S, _WORKER_DEADLINE_S, _END_DEADLINE_S = 15.0, 60.0, 4.0
_LOOK_S, _TELL_S = 0.5, 5.0
# How long after its end a short demo waits for the first scores.
_LATEST_SCORES_S = 30.0
_WINDOW = "1h"
_SCORES = ("cx_nps_score", "cx_csat_ratio", "cx_ces_mean", "cx_positive_ratio", "cx_survey_response_ratio")
_TOTAL = frozenset({'by="total"', 'level="interaction"', f'window="{_WINDOW}"'})


class Failure(Exception):  # noqa: N818  # the name says it
    """A part of the demo did not do what it should."""


class Interrupted(Exception):  # noqa: N818  # the name says it
    """The demo was told to end before it had begun."""


class Demo:
    """The processes of a demo, from start to end."""

    def __init__(self, env: Mapping[str, str], duration_s: float | None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="cx-demo-")
        # What a worker keeps is worth nothing without the broker's memory.
        self._env = {**env, "CX_DATADIR": str(Path(self._folder.name, "data"))}
        self._settings = Settings.from_env(self._env)
        self._duration_s = duration_s
        self._clock = SystemClock()
        self._console = Console()
        self._children = Children(Path(self._folder.name), self._clock)
        self._page = Page(f"http://127.0.0.1:{self._settings.metrics_port}")
        self._told = threading.Event()
        self._metrics: list[str] = []
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self._told.set())

    def start(self, traffic: Sequence[str]) -> None:
        """Start everything in its order, each when the former is ready. Raises Failure."""
        port = int(self._settings.bootstrap.rpartition(":")[2])
        self._children.start("broker", embedded.command(port), self._env)
        self._wait(lambda: is_open(port), _BROKER_DEADLINE_S, "the broker")
        asyncio.run(topics.ensure(self._settings))
        self._children.start("worker", [*CX, "worker"], self._env)
        self._wait(self._page.is_ready, _WORKER_DEADLINE_S, "the worker")
        events = self._children.start("traffic", traffic, self._env, stdout=subprocess.PIPE)
        self._children.start("publisher", [*CX, "publish", "-"], self._env, stdin=events.stdout)
        assert events.stdout is not None
        events.stdout.close()
        click.echo(f"live page  {self._page.url}/")
        click.echo(f"metrics    {self._page.url}/metrics")
        click.echo(f"broker     {self._settings.broker}   (CX_BROKER for other commands)")

    def show(self) -> None:
        """Show the scores until the end of the demo. Raises Failure when a part of it has ended."""
        if not self._console.is_terminal:
            self._tell()
            return
        with Live(console=self._console, auto_refresh=False) as live:
            for _, scores in self._looks():
                live.update(board.table(scores, _WINDOW, self._page.url), refresh=True)

    def end(self) -> None:
        """End every process, within five seconds."""
        self._children.end(_END_DEADLINE_S)
        self._folder.cleanup()

    def tell_scores(self) -> bool:
        """Print the scores last read from /metrics; tells whether there were any, or nobody waited."""
        if self._metrics:
            click.echo("\nthe scores on /metrics:")
        for each in self._metrics:
            click.echo(each)
        return bool(self._metrics) or self._told.is_set()

    def _tell(self) -> None:
        """Print a line of scores every few seconds, and the last ones."""
        line, told_s = "", -_TELL_S
        for passed_s, scores in self._looks():
            line = board.line(scores, _WINDOW)
            if passed_s - told_s >= _TELL_S:
                told_s = passed_s
                click.echo(line)
        click.echo(line)

    def _looks(self) -> Iterator[tuple[float, list[dict[str, Any]]]]:
        """Look at the scores again and again: seconds since the first look, and what was seen."""
        start_s = self._clock.monotonic_s()
        while not self._over(passed_s := self._clock.monotonic_s() - start_s):
            self._check()
            yield passed_s, self._scores()
            self._told.wait(_LOOK_S)

    def _over(self, passed_s: float) -> bool:
        """Tell whether the demo is over: told to, or its time is up and scores were seen (or will not be)."""
        if self._told.is_set() or self._duration_s is None:
            return self._told.is_set()
        return passed_s >= self._duration_s + (0 if self._metrics else _LATEST_SCORES_S)

    def _scores(self) -> list[dict[str, Any]]:
        """Read the scores: from /metrics for the end, as JSON for the table; none if the worker is busy."""
        try:
            self._metrics = [each for each in self._page.metrics() if _is_shown(each)] or self._metrics
            scores: list[dict[str, Any]] = self._page.scores(f"?window={_WINDOW}")["scores"]
        except WorkerUnreachable:
            return []
        return scores

    def _wait(self, condition: Callable[[], bool], deadline_s: float, what: str) -> None:
        limit_s = self._clock.monotonic_s() + deadline_s
        while not condition():
            self._check()
            if self._told.wait(_LOOK_S):
                raise Interrupted
            if self._clock.monotonic_s() > limit_s:
                raise Failure(f"{what} is not ready after {deadline_s:g} s")

    def _check(self) -> None:
        ended = self._children.ended()
        if ended is not None and not self._told.is_set():
            raise Failure(ended)


def _is_shown(sample: str) -> bool:
    """Tell whether a line of /metrics is a score of everything in the window, without its interval."""
    name, _, rest = sample.partition("{")
    return name in _SCORES and _TOTAL.issubset(rest.partition("}")[0].split(","))
