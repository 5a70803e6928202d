"""A peer's program in a process group of its own: run to its end, its counts compared with the truth."""

import json
import sys
from collections import Counter

from bench.bed import Backlog, Bed
from bench.results import Run, WrongCountsError
from tests.support.processes import Process

_LIMIT_S = 300.0


def measure(
    bed: Bed,
    backlog: Backlog,
    program: str,
    job: str,
    *,
    form: str = "panes",
    times: int = 1,
    compared: bool = True,
) -> Run:
    """Let `bench.peers.<program>` count the backlog.

    `times`: how often it counts an event. `compared`: it does the whole job, so that its counts can be right.
    """
    group, folder = bed.fresh(program)
    out = folder / "out.json"
    command = [
        sys.executable,
        "-m",
        f"bench.peers.{program}",
        "--bootstrap",
        bed.bootstrap,
        "--topic",
        backlog.topic,
    ]
    command += ["--group", group, "--job", job, "--count", str(backlog.size), "--form", form]
    command += ["--folder", str(folder), "--out", str(out)]
    with Process(command, folder / "log") as process:
        status = process.wait(_LIMIT_S)
        if status or not out.exists():
            raise RuntimeError(f"{program} ended with {status}:\n{process.log[-2_000:]}")
    bed.clean(group)
    document = json.loads(out.read_text(encoding="utf-8"))
    if compared:
        compare(program, document["counts"], backlog, times)
    return Run(**document["figures"])


def compare(program: str, counted: list[list[str | int]], backlog: Backlog, times: int = 1) -> None:
    """Raise WrongCountsError unless what a peer counted, as [*key, count], is the truth, `times` over."""
    found = Counter({tuple(map(str, key)): int(count) for *key, count in counted})
    expected = {key: times * count for key, count in backlog.truth.totals().items()}
    if +found != expected:
        wrong = [key for key in {*found, *expected} if found[key] != expected.get(key, 0)]
        raise WrongCountsError(
            f"{program}: {len(wrong)} of {len(expected)} counts are wrong, {sum(found.values())} of "
            f"{sum(expected.values())} counted"
        )
