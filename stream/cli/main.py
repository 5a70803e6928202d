"""The group `cx`.

Exit status: 0; 1 when something was wrong with the data; 2 when the call or a setting was.
"""

import importlib
import logging
import os
import sys
from typing import Any

import click

from stream import __version__
from stream.errors import CxError
from stream.settings import Settings

WRONG_DATA, USAGE = 1, 2
# Told here, so that `cx --help` need not import Faust and eleven modules to say one line of each.
COMMANDS = {
    "broker": "Run the embedded broker alone.",
    "demo": "Broker, worker and simulated traffic: live scores with one command.",
    "plan-alert": "Say how soon a drop of a score would be raised.",
    "publish": "Send events from NDJSON to Kafka.",
    "rebuild": "Read the topics again under a new application id.",
    "recompute": "Compute the scores of a file or of the topics in one go.",
    "redrive": "Send rejected records back to their topics.",
    "scores": "Show the current scores as a table.",
    "simulate": "Write believable events as NDJSON.",
    "topics": "Make the topics, or say how they differ.",
    "validate": "Check events in NDJSON without sending them.",
    "worker": "Run a worker.",
}


class Commands(click.Group):
    """A group whose commands are the modules beside it: command `x-y` is `stream.cli.x_y.x_y`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Name every command."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # the same
        """Import the module of a command when it is called."""
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        command = getattr(importlib.import_module(f"stream.cli.{name}"), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # the same
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what a person can mend is told in a line, a reader that went away is no error."""
        for name in ("aiokafka", "kafka"):
            # Where no log is set up, what they warn of is told by the error that follows.
            logging.getLogger(name).addHandler(logging.NullHandler())
        try:
            return super().invoke(ctx)
        except CxError as error:
            click.echo(f"cx: {error}", err=True)
            ctx.exit(USAGE)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="cx")
def main() -> None:
    """Live customer-experience scores from Kafka. Settings are CX_* environment variables."""


def settings_from_env() -> Settings:
    """Build the settings of this process. Raises SettingsError."""
    return Settings.from_env(os.environ)
