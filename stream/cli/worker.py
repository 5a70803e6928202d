"""`cx worker`: run a worker until SIGTERM."""

import json
import logging
import sys
from typing import IO

import click

from stream.cli.main import USAGE, settings_from_env
from stream.errors import CxError
from stream.export import webconfig
from stream.settings import Settings

log = logging.getLogger("stream.worker")

_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_NOISY = ("faust", "mode", "aiokafka", "kafka")


@click.command()
@click.option("--without-scores-topic", is_flag=True, help="Do not write latest scores to their topic.")
def worker(*, without_scores_topic: bool) -> None:
    """Keep the scores: read the topics, serve /metrics and the live page. Ends within 10 s of SIGTERM."""
    run(settings_from_env(), publishing=not without_scores_topic)


def run(settings: Settings, *, publishing: bool = True) -> None:
    """Run a worker here until it ends. Exits with 1 when it failed, with 2 on unusable settings."""
    # Here, because Faust takes a second to import, and `cx --help` need not wait for it.
    import uvloop  # noqa: PLC0415 - as said

    from stream.app import create_app  # noqa: PLC0415 - as said
    from stream.cli.ending import PromptWorker  # noqa: PLC0415 - as said

    set_up_logging(settings, sys.stderr)
    if settings.hash_key_file is None:
        log.warning(
            "customer hashes are keyed by CX_APP_ID alone: set CX_HASH_KEY_FILE to a secret of your own"
        )
    asks_who = settings.web_config is not None and webconfig.read(settings.web_config).asks_who
    if settings.metrics_host not in _LOOPBACK and not asks_who:
        log.warning(
            "the metrics port listens on %s and asks nobody for a password: see CX_WEB_CONFIG",
            settings.metrics_host,
        )
    uvloop.install()
    app = create_app(settings, publishing=publishing)
    process = PromptWorker(
        app, override_logging=False, redirect_stdouts=False, loglevel=settings.log_level, daemon=True
    )
    try:
        process.execute_from_commandline()
    finally:
        failure = app.engine.failure
        if isinstance(failure, CxError | OSError):
            click.echo(f"cx: {failure}", err=True)
            sys.exit(USAGE)
        if failure is not None:
            click.echo(f"cx: the worker ended: {type(failure).__name__}: {failure}", err=True)
            sys.exit(1)


def set_up_logging(settings: Settings, stream: IO[str]) -> None:
    """Log to a stream as text or JSON; libraries only their warnings.

    The root logger never goes below INFO unless asked: Faust leaves it at DEBUG, which costs three records an
    event.
    """
    handler = logging.StreamHandler(stream)
    handler.addFilter(_is_news)
    handler.setFormatter(JsonFormatter() if settings.log_format == "json" else logging.Formatter(_TEXT))
    logging.basicConfig(level=settings.log_level, handlers=[handler], force=True)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(settings.log_level)))


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a log record is more than the traceback of an error that is told in one line at the end."""
    return not (record.exc_info and isinstance(record.exc_info[1], CxError))


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, logger, message; a traceback under `exception`."""
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)
