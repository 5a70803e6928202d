"""`cx redrive`: rejected records back to their topics."""

from collections.abc import Sequence

import click

from stream.cli.main import WRONG_DATA, settings_from_env
from stream.cli.ndjson import progress
from stream.intake.rejection import Reason
from stream.redrive import Outcome, Redrive


@click.command()
@click.option(
    "--reason",
    "reasons",
    multiple=True,
    type=click.Choice([str(reason) for reason in Reason]),
    help="Only what was rejected for this reason; may be repeated. Without it: all reasons.",
)
@click.option("--again", is_flag=True, help="Also what was redriven before (kept for each reason).")
@click.option("--dry-run", is_flag=True, help="Send nothing, only count.")
@click.pass_context
def redrive(ctx: click.Context, reasons: Sequence[str], *, again: bool, dry_run: bool) -> None:
    """Send the records of cx.rejected back to the topics they came from, as they were.

    For use after the cause was mended: a tenant was added to CX_TENANTS, a limit raised, a worker updated.
    What is rejected again comes to cx.rejected again. Records that were cut there (over 64 KiB) cannot be
    sent; the exit status is then 1.
    """
    chosen = [Reason(reason) for reason in reasons] or list(Reason)
    run = Redrive(settings_from_env(), chosen, again=again, dry_run=dry_run)
    with progress("records read") as display:
        task = display.add_task("", total=None)
        outcome = run.run(lambda count: display.advance(task, count))
    _tell(outcome, dry_run=dry_run)
    ctx.exit(WRONG_DATA if outcome.cut or outcome.foreign else 0)


def _tell(outcome: Outcome, *, dry_run: bool) -> None:
    for reason, count in sorted(outcome.sent.items()):
        click.echo(f"{reason}: {count}")
    click.echo(f"{outcome.sent.total()} {'would be sent' if dry_run else 'sent'}")
    if outcome.cut:
        click.echo(f"{outcome.cut} not sent: only their beginning was kept", err=True)
    if outcome.foreign:
        click.echo(f"{outcome.foreign} not sent: not from a topic of CX_TOPIC_PREFIX", err=True)
