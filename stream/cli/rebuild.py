"""`cx rebuild`: read the topics again under a new application id, beside the workers that are running."""

import asyncio
import dataclasses
import math
import os
import sys
import tempfile
import threading
from pathlib import Path

import click

from stream import topics
from stream.cli.children import Children
from stream.cli.main import WRONG_DATA, settings_from_env
from stream.cli.ndjson import progress
from stream.cli.page import Page, WorkerUnreachable
from stream.clock import SystemClock
from stream.errors import CxError
from stream.ports import free_port
from stream.settings import Settings

_END_S = 10.0
_LOOK_EVERY_S = 0.5


class RebuildError(CxError):
    """The rebuild cannot begin, or its worker ended."""


@click.command()
@click.option("--app-id", required=True, help="The new CX_APP_ID; its state must not exist yet.")
@click.option("--resume", is_flag=True, help="Go on with a rebuild that was interrupted.")
@click.pass_context
def rebuild(ctx: click.Context, *, app_id: str, resume: bool) -> None:
    """Read the source topics from their beginning under the settings of the environment and a new CX_APP_ID.

    Windows, views or the hash key are changed this way. The workers of the old id go on undisturbed; the
    topic of latest scores stays theirs meanwhile. Ends when nothing is waiting; then start the workers with
    the new id.
    """
    settings = dataclasses.replace(settings_from_env(), app_id=app_id)
    existing = asyncio.run(_existing(settings))
    if existing and not resume:
        raise RebuildError(
            f"there is state of CX_APP_ID={app_id} already ({existing[0]}). "
            "Choose another --app-id, or say --resume to go on with an interrupted rebuild."
        )
    try:
        _run(settings)
    except KeyboardInterrupt:
        click.echo(f"interrupted; `cx rebuild --app-id {app_id} --resume` goes on", err=True)
        ctx.exit(WRONG_DATA)
    click.echo(f"rebuilt: start the workers with CX_APP_ID={app_id}, then stop those of the old id")


async def _existing(settings: Settings) -> list[str]:
    """The changelogs that exist of an application id."""
    own = [spec for spec in topics.specs(settings) if spec.name.startswith(f"{settings.app_id}-")]
    found = await topics.differences(settings, own)
    missing = {difference.topic for difference in found if difference.found == "missing"}
    return [spec.name for spec in own if spec.name not in missing]


def _run(settings: Settings) -> None:
    """Run a worker under the new id until nothing is waiting."""
    with tempfile.TemporaryDirectory(prefix="cx-rebuild-") as folder:
        children, port = Children(Path(folder), SystemClock()), free_port()
        environment = {
            **os.environ,
            "CX_APP_ID": settings.app_id,
            "CX_METRICS_HOST": "127.0.0.1",
            "CX_METRICS_PORT": str(port),
            "CX_DATADIR": folder,
        }
        environment.pop("CX_WEB_CONFIG", None)
        environment.pop("CX_INSTANCE_ID", None)
        command = [sys.executable, "-m", "stream", "worker", "--without-scores-topic"]
        children.start("worker", command, environment)
        try:
            _wait(children, Page(f"http://127.0.0.1:{port}"))
        finally:
            children.end(_END_S)


def _wait(children: Children, page: Page) -> None:
    """Show how far it is, until everything is done that stood in the topics when the worker was ready."""
    pause, done, goal = threading.Event(), 0.0, math.inf
    with progress("records") as display:
        task = display.add_task("", total=None)
        while done < goal:
            pause.wait(_LOOK_EVERY_S)
            if ended := children.ended():
                raise RebuildError(f"the rebuild did not end: {ended}")
            try:
                lines = page.metrics() if page.is_ready() else []
            except WorkerUnreachable:
                continue
            done = _total(lines, "cx_records_total")
            if math.isinf(goal) and _topics(lines) == len(topics.SOURCES):
                goal = done + _total(lines, "cx_consumer_lag_records")
                display.update(task, total=goal)
            display.update(task, completed=done)


def _topics(lines: list[str]) -> int:
    """Of how many source topics the worker knows what waits."""
    return sum(line.startswith("cx_consumer_lag_records{") for line in lines)


def _total(lines: list[str], family: str) -> float:
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(family + "{"))
