"""What the figures are to reach, and whether they did."""

from collections.abc import Mapping
from typing import NamedTuple

from bench.results import Figures


class Aim(NamedTuple):
    """A figure of a measurement, and the least or the most that it may be."""

    measurement: str
    figure: str
    least: float | None = None
    most: float | None = None

    def met(self, value: float) -> bool:
        """Whether a value reaches it."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


RATIO_AIMS: Mapping[str, float] = {
    "interactions_to_floor": 0.6,
    "interactions_to_faust": 45,
    "interactions_to_faust_hopping": 1_000,
    "answers_to_faust": 10,
}
"""The least that ratios of measurements of one run may be."""
AIMS = (
    Aim("answers", "per_second", least=50_000),
    *(Aim("windows", f"{what}_{more}_to_1", most=1.15) for what in ("windows", "views") for more in (3, 6)),
    Aim("latency", "p50_ms", most=150),
    Aim("latency", "p99_ms", most=600),
    Aim("scrape", "unchanged_cpu_ms", most=30),
    Aim("scrape", "hundredth_changed_cpu_ms", most=30),
    Aim("memory", "answers_bytes", most=350),
    Aim("memory", "invitations_bytes", most=200),
    Aim("memory", "pane_bytes", most=400),
    Aim("recovery", "memory_ready_s", most=30),
    Aim("recovery", "rocksdb_ready_s", most=30),
    Aim("two-workers", "two_to_one_per_cpu_second", least=0.9),
)


def judged(found: Mapping[str, Figures], ratios: Mapping[str, float]) -> list[str]:
    """A line for each aim whose figure was measured, by its median: met, or not."""
    lines = [_line(name, Aim("", name, least=RATIO_AIMS[name]), value) for name, value in ratios.items()]
    for aim in AIMS:
        figures = found.get(aim.measurement)
        if figures is not None:
            lines.append(_line(f"{aim.measurement}: {aim.figure}", aim, figures.median(aim.figure)))
    return lines


def _line(name: str, aim: Aim, value: float) -> str:
    asked = f"at least {aim.least:,g}" if aim.least is not None else f"at most {aim.most:,g}"
    said = "met" if aim.met(value) else "NOT MET"
    return f"{said:7}  {name.replace('_', ' ')} {value:,.4g}, {asked}"
