"""`cx scores`: the current scores as a table."""

import sys
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import click
import orjson
from rich.console import Console

from stream.cli.main import settings_from_env
from stream.cli.page import Page
from stream.cli.tables import scores_table
from stream.settings import Settings

# Wide enough for every column, where no terminal says how wide it is.
_PIPE_WIDTH = 240
_EVERYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104  # told apart, not bound


@click.command()
@click.option(
    "--url",
    "urls",
    multiple=True,
    help="A worker; may be repeated. Default: CX_METRICS_HOST and CX_METRICS_PORT.",
)
@click.option("--tenant", "tenants", multiple=True, help="Only this tenant; may be repeated.")
@click.option("--window", "windows", multiple=True, help="Only this window, such as 1h; may be repeated.")
@click.option(
    "--view", "views", multiple=True, help="Only this view, such as total or channel; may be repeated."
)
@click.option("--format", "how", type=click.Choice(["table", "json"]), default="table", show_default=True)
def scores(
    urls: Sequence[str], tenants: Sequence[str], windows: Sequence[str], views: Sequence[str], how: str
) -> None:
    """Show the current scores of one or several workers: each series is told by one of them."""
    query = urlencode({"tenant": tenants, "window": windows, "view": views}, doseq=True)
    pages = [Page(url) for url in urls or [_own_url(settings_from_env())]]
    documents = [page.scores(f"?{query}" if query else "") for page in pages]
    for document in documents:
        if not document["ready"]:
            click.echo(f"cx: not all is there yet: {document['reason']}", err=True)
    found: list[dict[str, Any]] = [each for document in documents for each in document["scores"]]
    if how == "json":
        sys.stdout.buffer.write(orjson.dumps(found, option=orjson.OPT_APPEND_NEWLINE))
    else:
        Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH).print(scores_table(found))


def _own_url(settings: Settings) -> str:
    """Address of the worker that these settings would start here."""
    host = "127.0.0.1" if settings.metrics_host in _EVERYWHERE else settings.metrics_host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.metrics_port}"
