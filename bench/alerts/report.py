"""The figures as a page."""

import math
from dataclasses import dataclass, field
from typing import Any

from bench.alerts.answers import KINDS, PATTERNS, VOLUMES
from bench.alerts.cells import OURS, RULES, Cell
from bench.alerts.efficiency import ARLS, Efficiency
from bench.alerts.limits import Limit

_TOP = """\
# The detector of drops, measured

Written by `make bench-alerts` (seed {seed}); do not edit. What the words mean and what to set:
[alerts.md](alerts.md).

![False alarms and delay of each rule at each volume](alerts-bench.svg)

## False alarms and delay

An unchanged NPS of +30 (shares .5, .3, .2): false alarms a month of one series. Then that score falls to
+15: mean delay in hours, the delay that nine of ten stay below, and the share not raised in 14 days (10/h),
4 days (100/h) or 2 days (1000/h). The budget is one a month, `normal` 30, `tolerate` 0: the least
favourable case.
"""
_OURS = """
Ours raised {few} to {many} false alarms a cell, in {months} series-months or more after a first month to
settle: {low:.2f} to {high:.2f} of the budget.
"""
_ANSWERS = """
## Answers until a drop is raised, against the limit

Answer by answer, in steady state, at one false alarm in 10 000 or 100 000 answers. D* is what no detector
beats that knows the normal mix and the mix after the drop (CUSUM; Moustakides 1986). Who knows the normal
*score* but not its mix cannot reach it where the mix tells more than the score: *D\\* (score)* is the limit
then, D* against the nearest mix with the normal score. `even` is the drop with the smallest change of the
mix: there both are the same. *fresh*: ours with the drop there from the first answer on, which is what D*
is of; in steady state it is sooner. *CUSUM*: the optimal one, in steady state. No drop is raised before 30
answers (`CX_MIN_RESPONSES`) have come since: that is what the largest drops wait for.
"""
_BEYOND = """
## Beyond the bound

The bound holds while the score is at least `normal - tolerate`. When `normal` is wrong or the truth does
not stand still, at 100 answers an hour:

| situation | tolerate | false alarms a month |
|---|--:|--:|
"""


@dataclass
class Figures:
    """Everything that was measured under one seed."""

    seed: int
    efficiencies: list[Efficiency] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)


def dumped(figures: Figures) -> dict[str, Any]:
    """As JSON; a figure that there is none of is null."""
    return {
        "seed": figures.seed,
        **{
            name: [{key: _known(value) for key, value in each._asdict().items()} for each in part]
            for name, part in (
                ("efficiencies", figures.efficiencies),
                ("cells", figures.cells),
                ("limits", figures.limits),
            )
        },
    }


def loaded(kept: dict[str, Any]) -> Figures:
    """Back from JSON."""

    def fields(each: dict[str, Any]) -> dict[str, Any]:
        return {key: math.nan if value is None else value for key, value in each.items()}

    return Figures(
        kept["seed"],
        [Efficiency(**fields(each)) for each in kept["efficiencies"]],
        [Cell(**fields(each)) for each in kept["cells"]],
        [Limit(**fields(each)) for each in kept["limits"]],
    )


def _known(value: Any) -> Any:
    return (
        round(value, 6)
        if isinstance(value, float) and math.isfinite(value)
        else (None if isinstance(value, float) else value)
    )


def overruns(figures: Figures) -> list[Cell]:
    """Cells in which ours raises more false alarms than its budget, by more than chance (2.33 sigma)."""
    return [
        cell
        for cell in figures.cells
        if cell.rule == OURS and cell.false_alarms - 2.33 * math.sqrt(cell.false_alarms) > cell.series_months
    ]


def page(figures: Figures) -> str:
    """docs/alerts-bench.md, written by the program that measures."""
    return "".join(
        [
            _TOP.format(seed=figures.seed),
            *(_pattern(figures.cells, pattern) for pattern in PATTERNS),
            _ours([each for each in figures.cells if each.rule == OURS]),
            _ANSWERS,
            *(_arl(figures.efficiencies, arl) for arl in ARLS),
            f"\nIn {sum(each.missed > 0 for each in figures.efficiencies)} of these rows any was missed.\n",
            _BEYOND,
            *(
                f"| {each.situation} | {each.tolerate:g} | {each.per_month:.2f} |\n"
                for each in figures.limits
            ),
        ]
    )


def _pattern(cells: list[Cell], pattern: str) -> str:
    lines = ["", f"### {pattern}", "", "| rule | " + " | ".join(f"{each}/h" for each in VOLUMES) + " |"]
    lines.append("|---" * (1 + len(VOLUMES)) + "|")
    for rule in RULES:
        found = {each.volume: each for each in cells if (each.rule, each.pattern) == (rule, pattern)}
        if found:
            lines.append(
                f"| {rule} | "
                + " | ".join(_cell(found[each]) if each in found else "" for each in VOLUMES)
                + " |"
            )
    return "\n".join([*lines, ""])


def _ours(cells: list[Cell]) -> str:
    alarms, shares = [each.false_alarms for each in cells], [each.per_month for each in cells]
    months = min(each.series_months for each in cells)
    return _OURS.format(few=min(alarms), many=max(alarms), months=months, low=min(shares), high=max(shares))


def _cell(cell: Cell) -> str:
    if math.isnan(cell.delay_h):
        return f"{_short(cell.per_month)}; " + ("never" if cell.missed == 1 else "always on")
    missed = f", {100 * cell.missed:.0f} % missed" if cell.missed >= 0.005 else ""
    return f"{_short(cell.per_month)}; {_short(cell.delay_h)} (p90 {_short(cell.delay_p90_h)}{missed})"


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}" if value >= 0.995 else f"{value:.2f}"


def _arl(efficiencies: list[Efficiency], arl: int) -> str:
    lines = [
        "",
        f"### One false alarm in {arl:,} answers".replace(",", " "),
        "",
        "| drop | points | D* | D* (score) | ours | p90 | D*/ours | D* (score)/ours | fresh | CUSUM |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {each.kind} | {each.points} | {each.optimum:.0f} | {each.score_optimum:.0f} | "
        f"{each.mean:.0f} ± {each.standard_error:.0f} | {each.p90:.0f} | {each.efficiency:.2f} | "
        f"{each.score_efficiency:.2f} | {each.fresh:.0f} | {each.cusum:.0f} |"
        for kind in KINDS
        for each in efficiencies
        if (each.arl, each.kind) == (arl, kind)
    ]
    return "\n".join([*lines, ""])
