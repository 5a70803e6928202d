"""Half a year by the event clock at constant traffic: what both stages hold, and their changelogs, level off.

No Kafka: the intake of one partition and the merger behind it, with checkpoints; a changelog counts as what
compaction leaves of it. After 100 days every window is full and the first entities have gone; from there
on until day 190 nothing may grow by more than a fiftieth.
"""

import os
from itertools import pairwise
from pathlib import Path

from bench.bed import Bed
from bench.results import Run, WrongCountsError
from stream.flow.intake import rules
from stream.settings import Settings
from tests.support.growth import Life, Sizes, growing

TITLE = "constant traffic for 190 days"
_STEP_MS = 20 * 60_000
_STEPS_A_DAY = 72
_DAYS = (10, 50, *range(100, 191, 10))
_FULL = 2
"""Looks before every window is full."""
_NOISE = 0.02


def run(bed: Bed) -> Run:
    """Live through it, and look now and then."""
    settings = Settings.from_env({"CX_CLOCK": "event", "CX_PARTITIONS": "1", "CX_DEDUP_RECORDS": "1000"})
    life = Life(rules(settings), _STEP_MS * bed.size(1, 4), passing=False)
    sizes: list[Sizes] = []
    memory: list[float] = []
    for begin, end in pairwise((0, *_DAYS)):
        life.live((end - begin) * _STEPS_A_DAY // bed.size(1, 4))
        sizes.append(life.sizes())
        memory.append(_rss_mb())
        bed.say(f"day {end}: {sizes[-1]}")
    if found := growing(sizes[_FULL:], _NOISE):
        raise WrongCountsError(f"this grows on: {found}")
    names = ("responses", "merged_cells", "intake_log_bytes", "scores_log_bytes")
    figures = {f"{name}_day_{_DAYS[at]}": float(sizes[at][name]) for name in names for at in (0, _FULL, -1)}
    figures["rss_growth_mb"] = memory[-1] - memory[_FULL]
    return Run(0, 0, 0, figures)


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
