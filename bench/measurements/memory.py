"""Memory per live answer, open invitation and pane of a series, each in a process of its own; no Kafka.

A pane of a series is held twice, by the source partition and where source partitions are merged: both are
told, and their sum. With five times the traffic there are as many panes, so they must not take more.
"""

import json
import sys

from bench.bed import Bed
from bench.results import Run, WrongCountsError
from tests.support.processes import Process

TITLE = "memory per entity and pane"
_LIMIT_S = 1_200.0
_TRAFFIC = 5
_FLAT = 1.1


def run(bed: Bed) -> Run:
    """One process after the other."""
    entities, series = bed.size(400_000, 100_000), bed.size(1_000, 300)
    figures = {f"{kind}_bytes": _held(bed, kind, entities) for kind in ("answers", "invitations")}
    figures["pane_intake_bytes"] = _held(bed, "panes", series, "--alone")
    figures["pane_bytes"] = _held(bed, "panes", series)
    figures["pane_more_traffic_bytes"] = _held(bed, "panes", series, "--traffic", str(_TRAFFIC))
    check_flat(figures["pane_bytes"], figures["pane_more_traffic_bytes"])
    return Run(0, 0, 0, figures)


def check_flat(once: float, more: float) -> None:
    """Raise WrongCountsError when more traffic in the same panes takes more memory."""
    if more > _FLAT * once:
        raise WrongCountsError(f"{_TRAFFIC} times the traffic takes {more:.0f} bytes a pane, not {once:.0f}")


def _held(bed: Bed, kind: str, count: int, *more: str) -> float:
    """Bytes of one, as `bench.held` finds them. Raises WrongCountsError."""
    _, folder = bed.fresh(f"held-{kind}")
    out = folder / "out.json"
    command = [sys.executable, "-m", "bench.held", kind, "--count", str(count), *more, "--out", str(out)]
    with Process(command, folder / "log") as process:
        status = process.wait(_LIMIT_S)
        if status or not out.exists():
            raise RuntimeError(f"bench.held {kind} ended with {status}:\n{process.log[-2_000:]}")
    found = json.loads(out.read_text(encoding="utf-8"))
    if found["counted"] != found["taken"]:
        raise WrongCountsError(f"{found['counted']} of {found['taken']} {kind} were counted")
    return float(found["bytes"])
