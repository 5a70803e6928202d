"""The floor under interactions: aiokafka, orjson and a dict, on the same topic."""

from bench.bed import Bed
from bench.measurements import interactions
from bench.peer import measure
from bench.results import Run

TITLE = "floor: aiokafka + orjson + dict, no state that survives"


def run(bed: Bed) -> Run:
    """Count the backlog once."""
    return measure(bed, interactions.backlog(bed), "floor", "interactions")
