"""What windows and views cost: interactions with one, three and six of either, the same backlog each time.

Side by side in one round, so that the ratios of processor time mean something. The further views are a cross
and a segment: 72 series a tenant in the place of 14.
"""

from collections.abc import Mapping

from bench import worker
from bench.bed import Bed
from bench.results import Run

TITLE = "interactions with other windows and views"
_VIEWS = ("total", "channel", "touchpoint", "channel+touchpoint", "plan", "channel+plan")
_WINDOWS = ("5m", "1h", "24h", "7d", "30d", "90d")
_COUNTS = (1, 3, 6)
_AS_IT_COMES = (6, 3)


def cases() -> list[tuple[int, int]]:
    """How many windows and views: one of the two varies, the other stays as a worker comes."""
    windows, views = _AS_IT_COMES
    return sorted({*((each, views) for each in _COUNTS), *((windows, each) for each in _COUNTS)})


def settings(windows: int, views: int) -> dict[str, str]:
    """So many windows, the shortest, which have most panes; and so many views."""
    return {"CX_WINDOWS": ",".join(_WINDOWS[:windows]), "CX_VIEWS": ",".join(_VIEWS[:views])}


def ratios(us: Mapping[tuple[int, int], float]) -> dict[str, float]:
    """By what factor three and six cost more than one, from microseconds by windows and views."""
    windows, views = _AS_IT_COMES
    found = {f"windows_{more}_to_1": us[more, views] / us[1, views] for more in _COUNTS[1:]}
    return found | {f"views_{more}_to_1": us[windows, more] / us[windows, 1] for more in _COUNTS[1:]}


def run(bed: Bed) -> Run:
    """Count a backlog once with each. The rate is that of a worker as it comes."""
    backlog = bed.backlog("interactions", bed.size(1_000_000, 300_000))
    runs = {
        case: worker.measure(bed, backlog, "windows-{}-views-{}".format(*case), settings(*case))
        for case in cases()
    }
    us = {case: 1e6 / each.per_cpu_second for case, each in runs.items()}
    usual = runs[_AS_IT_COMES]
    figures = {f"w{windows}_v{views}_us": each for (windows, views), each in us.items()}
    return Run(usual.events, usual.seconds, usual.cpu_seconds, figures | ratios(us))
