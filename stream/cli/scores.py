"""`cx scores`: the current scores as a table."""

import ssl
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click
import orjson
from rich.console import Console

from stream.cli.main import settings_from_env
from stream.cli.page import Login, LoginError, Page
from stream.cli.tables import scores_table
from stream.export import webconfig
from stream.settings import Settings

# Wide enough for every column, where no terminal says how wide it is.
_PIPE_WIDTH = 240
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
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
@click.option("--user", default="", help="Who asks, where CX_WEB_CONFIG names users.")
@click.option("--password-file", type=_FILE, help="A file with the password of --user.")
@click.option("--ca-file", type=_FILE, help="Who signed the certificates of https:// workers.")
@click.option("--cert-file", type=_FILE, help="The certificate to show, where CX_WEB_CONFIG wants one.")
@click.option("--key-file", type=_FILE, help="The key of --cert-file.")
def scores(
    urls: Sequence[str],
    tenants: Sequence[str],
    windows: Sequence[str],
    views: Sequence[str],
    how: str,
    **login: Any,
) -> None:
    """Show the current scores of one or several workers: each series is told by one of them."""
    query = urlencode({"tenant": tenants, "window": windows, "view": views}, doseq=True)
    who = _login(**login)
    pages = [Page(url, who) for url in urls or [_own_url(settings_from_env())]]
    documents = [page.scores(f"?{query}" if query else "") for page in pages]
    for document in documents:
        if not document["ready"]:
            click.echo(f"cx: not all is there yet: {document['reason']}", err=True)
    found: list[dict[str, Any]] = [each for document in documents for each in document["scores"]]
    if how == "json":
        sys.stdout.buffer.write(orjson.dumps(found, option=orjson.OPT_APPEND_NEWLINE))
    else:
        Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH).print(scores_table(found))


def _login(
    user: str,
    password_file: Path | None,
    ca_file: Path | None,
    cert_file: Path | None,
    key_file: Path | None,
) -> Login:
    """How to get in. Raises LoginError for what cannot be used, UsageError for half of a pair."""
    if bool(user) != bool(password_file) or (cert_file is None) != (key_file is None):
        raise click.UsageError("--user goes with --password-file, --cert-file with --key-file")
    try:
        password = password_file.read_text(encoding="utf-8").rstrip("\r\n") if password_file else ""
        context = ssl.create_default_context(cafile=ca_file)
        if cert_file is not None:
            context.load_cert_chain(cert_file, key_file, password="")
    except (OSError, ValueError) as error:
        raise LoginError(f"the password, certificate or key cannot be used: {error}") from None
    return Login(user, password, context)


def _own_url(settings: Settings) -> str:
    """Address of the worker that these settings would start here."""
    host = "127.0.0.1" if settings.metrics_host in _EVERYWHERE else settings.metrics_host
    guarded = settings.web_config is not None and webconfig.read(settings.web_config).tls_server_config
    scheme = "https" if guarded else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{settings.metrics_port}"
