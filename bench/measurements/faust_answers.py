"""Plain Faust on survey answers, in panes, without identity: edits count twice, nothing is inherited."""

from bench.bed import Bed
from bench.peer import measure
from bench.results import Run

TITLE = "plain Faust, survey answers (panes, no identity)"


def run(bed: Bed) -> Run:
    """Count a backlog once."""
    return measure(bed, bed.backlog("answers", bed.size(30_000, 10_000)), "faust", "answers", compared=False)
