"""`cx broker`: the embedded broker alone."""

import os
import sys

import click

from stream import embedded
from stream.ports import free_port


@click.command()
@click.option(
    "--port", type=click.IntRange(1, 65_535), help="Where to listen on 127.0.0.1; default: a free port."
)
def broker(port: int | None) -> None:
    """Run the embedded broker until it is told to end (Ctrl-C). It keeps everything in memory.

    Workers on it want a short session time-out; what is to be set is printed.
    """
    port = port or free_port()
    command = embedded.command(port)
    click.echo(f"export CX_BROKER=kafka://127.0.0.1:{port} CX_SESSION_TIMEOUT={embedded.SESSION_TIMEOUT_S}s")
    sys.stdout.flush()
    # This process becomes the broker: signals reach it, and nothing is left when it ends.
    os.execv(command[0], command)  # noqa: S606  # no shell is wanted
