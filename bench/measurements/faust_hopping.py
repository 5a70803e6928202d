"""Plain Faust on interactions, in one hopping window of an hour by a minute."""

from bench.bed import Bed
from bench.peer import measure
from bench.results import Run

TITLE = "plain Faust, interactions (1 hopping window)"
_WINDOWS_AN_EVENT = 60


def run(bed: Bed) -> Run:
    """Count a backlog once; very few events."""
    backlog = bed.backlog("interactions", bed.size(500, 300))
    return measure(bed, backlog, "faust", "interactions", form="hopping", times=_WINDOWS_AN_EVENT)
