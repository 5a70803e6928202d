"""`make chaos`: runs of CHAOS_MINUTES each, from CHAOS_SEED on."""

import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import click

from tests.chaos.plain import compare
from tests.chaos.run import Run
from tests.support import kafka


@click.command()
@click.option(
    "--minutes", type=float, default=float(os.environ.get("CHAOS_MINUTES", "10")), show_default=True
)
@click.option("--seed", type=int, default=lambda: int(os.environ.get("CHAOS_SEED", time.time_ns() % 100_000)))
@click.option("--runs", type=int, default=1, show_default=True, help="So many, each with the next seed.")
@click.option("--rate", type=float, default=1000.0, show_default=True, help="Events a second.")
@click.option("--broker/--no-broker", default=True, show_default=True, help="Strike the broker as well.")
@click.option("--plain/--no-plain", default=True, show_default=True, help="Then plain Faust, struck alike.")
def main(*, minutes: float, seed: int, runs: int, rate: float, broker: bool, plain: bool) -> None:
    """Kill, freeze, add and remove workers and the broker under load; then compare every cell."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that no process is left
    reason = kafka.skip_reason()
    if reason is not None:
        raise click.ClickException(reason)
    wrong = 0
    for number in range(seed, seed + runs):
        folder = Path(tempfile.mkdtemp(prefix=f"cx-chaos-{number}-"))
        report = Run(number, minutes * 60, rate, folder, broker=broker)()
        click.echo(f"{report}")
        if plain:
            click.echo(f"{compare(number, minutes * 60, folder / 'plain', broker=broker)}")
        click.echo()
        wrong += bool(report.faults())
    sys.exit(bool(wrong))


main()
