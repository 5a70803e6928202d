"""`cx validate`: check events without sending them."""

from typing import IO

import click

from stream.cli.main import WRONG_DATA, settings_from_env
from stream.cli.ndjson import Faults, file_argument, lines, progress
from stream.intake.rejection import Rejection
from stream.routing import Router


@click.command()
@file_argument
@click.pass_context
def validate(ctx: click.Context, file: IO[bytes]) -> None:
    """Check the events of FILE (`-`: stdin), one JSON object a line, as a worker will.

    Tells each line that a worker would reject, and why; the exit status is then 1. What depends on the clock
    or on other records (`future`, `too_late`, duplicates) is not looked at.
    """
    router = Router(settings_from_env().tenants)
    faults, valid = Faults(file), 0
    with progress("events") as display:
        task = display.add_task("", total=None)
        for number, value in lines(file):
            routed = router.route(value)
            if isinstance(routed, Rejection):
                faults.add(number, routed.reason, routed.detail)
            else:
                valid += 1
            display.advance(task)
    click.echo(f"{valid} valid, {faults.summary()}", err=True)
    ctx.exit(WRONG_DATA if faults.reasons else 0)
