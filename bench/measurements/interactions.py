"""Interactions from a backlog into one worker: six windows, three views, exact state, commits."""

from bench import worker
from bench.bed import Backlog, Bed
from bench.results import Run

TITLE = "cx worker, interactions (6 windows, 3 views)"


def backlog(bed: Bed) -> Backlog:
    """What the worker and the floor both count."""
    return bed.backlog("interactions", bed.size(1_000_000, 300_000))


def run(bed: Bed) -> Run:
    """Count the backlog once."""
    return worker.measure(bed, backlog(bed), "interactions")
