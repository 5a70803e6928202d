"""`python -m bench.alerts`: the whole protocol; docs/alerts-bench.md, its plot and the figures as JSON."""

import json
import sys
from pathlib import Path
from typing import TypeVar

import click

from bench.alerts import cells, efficiency, limits, report
from bench.alerts.plot import plot

_Each = TypeVar("_Each")
_ROOT = Path(__file__).resolve().parents[2]
_FIGURES = Path(__file__).with_name("figures.json")


@click.command(help=__doc__)
@click.option("--seed", default=20261122, show_default=True)
@click.option("--quick", is_flag=True, help="A tenth of it, and nothing is written.")
@click.option("--render", is_flag=True, help="Write the documents from the figures that were kept.")
def main(*, seed: int, quick: bool, render: bool) -> None:
    """Simulate, print, write; exit status 1 when the budget is overrun."""
    if render:
        found = report.loaded(json.loads(_FIGURES.read_text(encoding="utf-8")))
    else:
        size = cells.QUICK if quick else cells.FULL
        found = report.Figures(seed)
        for each in efficiency.efficiencies(seed, 200 if quick else 4_000):
            found.efficiencies.append(_told(each))
        for cell in cells.cells(seed, size):
            found.cells.append(_told(cell))
        for limit in limits.limits(seed, size):
            found.limits.append(_told(limit))
    if not quick:
        if not render:
            _FIGURES.write_text(json.dumps(report.dumped(found), indent=1) + "\n", encoding="utf-8")
        (_ROOT / "docs/alerts-bench.md").write_text(report.page(found), encoding="utf-8")
        (_ROOT / "docs/alerts-bench.svg").write_text(plot(found.cells), encoding="utf-8")
    sys.exit(1 if report.overruns(found) else 0)


def _told(each: _Each) -> _Each:
    click.echo(each)
    return each


if __name__ == "__main__":
    main()
