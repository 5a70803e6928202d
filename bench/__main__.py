"""`python -m bench`: every measurement in rounds, side by side; a table, and JSON."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from bench import machine
from bench.aims import judged
from bench.bed import Bed
from bench.results import Figures, Run, WrongCountsError, ratio_lines, ratios, regressions, table
from tests.support import kafka

NAMES = (
    "interactions",
    "floor",
    "faust",
    "faust-hopping",
    "answers",
    "faust-answers",
    "latency",
    "scrape",
    "recovery",
    "backlog",
    "growth",
    "windows",
    "two-workers",
    "memory",
)
_RESULTS = Path(__file__).parent / "results"
_REFERENCE = _RESULTS / "reference.json"
MARGIN = 0.6
"""A ratio below this share of the reference's is a regression: noise moves it by a quarter at most."""


@click.command(help=__doc__)
@click.option(
    "--quick", is_flag=True, help="Fewer events, and fail when a ratio to the floor has fallen: for CI."
)
@click.option("--only", default=",".join(NAMES), show_default=True, help="Measurements, separated by commas.")
@click.option(
    "--runs", default=3, show_default=True, type=click.IntRange(1), help="Rounds; medians of them count."
)
@click.option(
    "--quiet", default=10.0, show_default=True, help="Seconds to wait for an idle machine before a run."
)
@click.option("--broker", help="host:port of a Kafka to use; without it one is started and ended.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Where the JSON goes [default: bench/results/<time>.json]."
)
@click.option("--reference", is_flag=True, help="Also keep the result as the committed reference.")
def main(
    *, quick: bool, only: str, runs: int, quiet: float, broker: str | None, out: Path | None, reference: bool
) -> None:
    """Measure, print, write, and judge."""
    names = [name for name in only.split(",") if name]
    if unknown := [name for name in names if name not in NAMES]:
        raise click.BadParameter(f"{', '.join(unknown)} is not among {', '.join(NAMES)}", param_hint="--only")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with (
            tempfile.TemporaryDirectory(prefix="cx-bench-") as folder,
            _broker(broker, Path(folder)) as bootstrap,
        ):
            bed = Bed(bootstrap, Path(folder), quick=quick, say=_say)
            found = _rounds(bed, names, runs, quiet)
    except WrongCountsError as error:
        raise click.ClickException(f"wrong counts: {error}") from error
    except (RuntimeError, AssertionError) as error:  # a program that ended, or did not
        raise click.ClickException(str(error)) from error
    values = ratios(found)
    click.echo(f"\n{table(found.values())}\n\n{ratio_lines(values)}")
    if not quick:
        click.echo("\n" + "\n".join(judged(found, values)))
    document = _document(found, values, quick=quick)
    _write(out or _RESULTS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json", document)
    if reference:
        _write(_REFERENCE, document)
    if quick:
        _judge(values)


def _rounds(bed: Bed, names: Sequence[str], runs: int, quiet: float) -> dict[str, Figures]:
    """All measurements, one after the other, as many times as asked: what drifts hits all of them."""
    modules = {name: import_module(f"bench.measurements.{name.replace('-', '_')}") for name in names}
    found = {name: Figures(name, module.TITLE, []) for name, module in modules.items()}
    for number in range(runs):
        for name, module in modules.items():
            share = machine.wait_until_quiet(quiet)
            run: Run = module.run(bed)
            found[name].runs.append(run)
            _say(f"round {number + 1}: {name}: {_rates(run)} (others used {share:.0%} of the machine before)")
    return found


def _rates(run: Run) -> str:
    if not run.events:
        return ", ".join(f"{name} {value:,.3g}" for name, value in run.figures.items())
    return f"{run.per_second:,.0f} events/s, {run.per_cpu_second:,.0f} per CPU-second"


@contextmanager
def _broker(given: str | None, folder: Path) -> Iterator[str]:
    if given:
        yield given
        return
    if reason := kafka.skip_reason():
        raise click.ClickException(reason.replace("CX_TEST_BROKER", "--broker"))
    broker = kafka.Broker(folder / "kafka")
    try:
        broker.start()
        yield broker.bootstrap
    finally:
        broker.kill()


def _document(found: Mapping[str, Figures], values: Mapping[str, float], *, quick: bool) -> dict[str, Any]:
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return {
        "made": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "commit": commit,
        "quick": quick,
        "machine": machine.describe(),
        "ratios": dict(values),
        "measurements": {name: figures.document() for name, figures in found.items()},
    }


def _write(path: Path, document: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    _say(f"written to {os.path.relpath(path)}")


def _judge(values: Mapping[str, float]) -> None:
    """Fail when we have become slower beside the floor."""
    if not _REFERENCE.exists():
        raise click.ClickException(f"there is nothing to compare with: {_REFERENCE} is missing")
    reference = json.loads(_REFERENCE.read_text(encoding="utf-8"))["ratios"]
    wanted = {name: value for name, value in reference.items() if name.endswith("_to_floor")}
    if slower := regressions(values, wanted, MARGIN):
        raise click.ClickException("slower than it was: " + "; ".join(slower))


def _say(text: str) -> None:
    click.echo(text, err=True)


if __name__ == "__main__":
    main()
