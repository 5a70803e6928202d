"""`python -m bench.flame`, or `make flame`: where a worker's processor time goes while it counts a backlog.

py-spy looks a hundred times a second at the thread that holds the interpreter: who waits is not seen, nor
what C code does without it. The flame graph is an SVG; beside it (`.txt`) the functions that were on top most
often. py-spy is fetched by uv, and no part of the environment. `--source`: a checkout of another commit:

    git worktree add /tmp/before <commit> && make flame ARGS='--source /tmp/before' OUT=before.svg
"""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import click

from bench.bed import Backlog, Bed
from bench.stacks import drawn, table, top
from bench.worker import compare, expectation, outcomes
from tests.support import kafka
from tests.support.processes import Process, Worker
from tests.support.wait import eventually

_PY_SPY = ("tool", "run", "--from", "py-spy==0.4.1", "py-spy")
_COUNTS = {"interactions": 600_000, "answers": 300_000}
_TOP = 25
_STARTING = "importlib._bootstrap"
"""In stacks of imports, which are left out."""
_LIMIT_S = 600.0
_STOP_S = 60.0


class Profiled(Worker):
    """A worker under py-spy, which writes down whole stacks when it ends."""

    def __init__(self, settings: Mapping[str, str], log: Path, raw: Path, source: Path) -> None:
        self.port = int(settings["CX_METRICS_PORT"])
        uv = shutil.which("uv", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))
        record = ["record", "--gil", "--format", "raw", "--rate", "100", "--output", str(raw), "--"]
        command = [uv or "uv", *_PY_SPY, *record, sys.executable, "-m", "stream", "worker"]
        Process.__init__(self, command, log, dict(settings) | {"PYTHONPATH": str(source)})

    def stop(self, deadline: float = _STOP_S) -> int:
        """Ask the worker itself to end; py-spy then writes, and ends too."""
        wanted = [os.fsencode(each) for each in ("-m", "stream", "worker")]
        for pid in self.group():
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if words[1:4] == wanted:
                os.kill(pid, signal.SIGTERM)
        return self.wait(deadline)


@click.command(help=__doc__)
@click.option("--job", type=click.Choice(sorted(_COUNTS)), default="interactions", show_default=True)
@click.option("--count", type=int, help="Events.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where the SVG goes.")
@click.option("--source", type=click.Path(path_type=Path, exists=True), default=Path(), help="A checkout.")
def main(*, job: str, count: int | None, out: Path, source: Path) -> None:
    """Let a worker count a backlog under py-spy, and draw where it was."""
    with tempfile.TemporaryDirectory(prefix="cx-flame-") as folder:
        broker = kafka.Broker(Path(folder) / "kafka")
        try:
            broker.start()
            bed = Bed(broker.bootstrap, Path(folder), quick=False, say=click.echo)
            raw = _profile(bed, job, count or _COUNTS[job], source.resolve())
        finally:
            broker.kill()
    stacks = [line for line in raw.splitlines() if _STARTING not in line]
    out.with_suffix(".txt").write_text(table(top(stacks, _TOP)), encoding="utf-8")
    click.echo(table(top(stacks, _TOP)))
    out.write_text(drawn(stacks), encoding="utf-8")


def _profile(bed: Bed, job: str, count: int, source: Path) -> str:
    backlog = bed.backlog(job, count)
    group, folder = bed.fresh("flame")
    settings, raw = bed.settings(backlog, group, folder), folder / "stacks"
    with Profiled(settings, folder / "log", raw, source) as worker:
        eventually(lambda: _counted(worker, backlog) == backlog.size, _LIMIT_S, "all is counted")
        compare(worker, backlog, expectation(backlog, settings))
        worker.stop()
    return raw.read_text(encoding="utf-8")


def _counted(worker: Worker, backlog: Backlog) -> int:
    return outcomes(worker.get("/metrics", timeout=30), backlog.source).get("counted", 0)


if __name__ == "__main__":
    main()
