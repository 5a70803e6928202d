"""Survey traffic from a backlog into one worker: invitations, inheriting responses, edits."""

from bench import worker
from bench.bed import Bed
from bench.results import Run

TITLE = "cx worker, survey answers (identity, edits, invitations)"


def run(bed: Bed) -> Run:
    """Count a backlog once."""
    return worker.measure(bed, bed.backlog("answers", bed.size(1_000_000, 60_000)), "answers")
