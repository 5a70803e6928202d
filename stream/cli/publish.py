"""`cx publish`: events from NDJSON to Kafka, through the publisher library."""

from typing import IO

import click

from stream.cli.main import WRONG_DATA, settings_from_env
from stream.cli.ndjson import Faults, file_argument, lines, progress
from stream.client import DeliveryError, InvalidEvent, Publisher


@click.command()
@file_argument
@click.pass_context
def publish(ctx: click.Context, file: IO[bytes]) -> None:
    """Send the events of FILE (`-`: stdin), one JSON object a line, each to the topic of its type.

    A line that is no valid event is told and left out; the exit status is then 1.
    """
    faults = Faults(file)
    with Publisher(settings_from_env()) as publisher:
        undelivered = _send(publisher, file, faults)
    click.echo(f"{publisher.delivered} sent, {faults.summary()}", err=True)
    ctx.exit(WRONG_DATA if faults.reasons or undelivered else 0)


def _send(publisher: Publisher, file: IO[bytes], faults: Faults) -> int:
    """Send every line; returns how many events the broker did not take."""
    with progress("events") as display:
        task = display.add_task("", total=None)
        try:
            for number, value in lines(file):
                try:
                    publisher.publish_json(value)
                except InvalidEvent as error:
                    faults.add(number, error.reason, error.detail)
                display.advance(task)
        finally:
            # Interrupted or not: what was read is on its way.
            undelivered = _flush(publisher)
    return undelivered


def _flush(publisher: Publisher) -> int:
    try:
        publisher.flush()
    except DeliveryError as error:
        click.echo(f"cx: {error}", err=True)
        return error.count
    return 0
