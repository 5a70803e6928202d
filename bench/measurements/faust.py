"""Plain Faust on interactions, in panes: one windowed table, a reader sums sixty minutes."""

from bench.bed import Bed
from bench.peer import measure
from bench.results import Run

TITLE = "plain Faust, interactions (panes of one table)"


def run(bed: Bed) -> Run:
    """Count a backlog once; fewer events, since the rate is what counts."""
    return measure(bed, bed.backlog("interactions", bed.size(30_000, 10_000)), "faust", "interactions")
