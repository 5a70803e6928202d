"""`cx recompute`: the scores of a file or of the topics, by the same definitions as a worker's."""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import IO, NamedTuple

import click
import orjson
from aiokafka import TopicPartition
from prometheus_client.openmetrics.exposition import generate_latest
from rich.console import Console

from stream.cli.main import WRONG_DATA, settings_from_env
from stream.cli.ndjson import lines
from stream.cli.tables import scores_table
from stream.clock import SystemClock
from stream.export.render import Renderer
from stream.export.scores import Selection, scores
from stream.export.service import ServiceMetrics
from stream.flow.changelog import read_stretch
from stream.flow.intake import rules, tell
from stream.flow.security import kafka_client_options
from stream.intake.murmur import partition_of
from stream.intake.record import Source
from stream.intake.rejection import Rejection
from stream.intake.times import parse_ms
from stream.recount import Recount
from stream.routing import Router
from stream.settings import Settings
from stream.topics import SOURCES

_WHOLE = 2**62
_WIDE = 200


class Line(NamedTuple):
    """A line of a file as a record; it counts as stored now."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes
    headers: tuple[()] = ()


@click.command()
@click.argument("file", type=click.File("rb"), required=False)
@click.option("--from-topics", is_flag=True, help="Read the source topics instead of a file.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "openmetrics"]),
    default="table",
    show_default=True,
)
@click.option("--at", metavar="TIME", help="End the windows at this time (RFC 3339) instead of now.")
@click.pass_context
def recompute(
    ctx: click.Context, file: IO[bytes] | None, from_topics: bool, form: str, at: str | None
) -> None:
    """Compute the scores of FILE (NDJSON events, `-`: stdin) or of the topics in one go.

    Same definitions and settings as `cx worker`. Exit status 1 when events were rejected.
    """
    if (file is None) == (not from_topics):
        raise click.UsageError("give a FILE or --from-topics")
    settings = settings_from_env()
    now_ms = SystemClock().now_ms()
    end_ms = now_ms if at is None else _time(at)
    recount, metrics = Recount(rules(settings), end_ms, now_ms), ServiceMetrics()
    if file is not None:
        _count_file(settings, recount, metrics, file, now_ms)
    else:
        asyncio.run(_count_topics(settings, recount, metrics))
    click.echo(_written(settings, recount, metrics, form), nl=False)
    ctx.exit(WRONG_DATA if recount.rejected else 0)


def _time(text: str) -> int:
    try:
        return parse_ms(text)
    except ValueError as error:
        raise click.BadParameter(
            f"{text!r} is no RFC 3339 time with an offset, such as 2026-05-04T10:15:30Z", param_hint="--at"
        ) from error


def _count_file(
    settings: Settings, recount: Recount, metrics: ServiceMetrics, file: IO[bytes], now_ms: int
) -> None:
    router = Router(settings.tenants)
    waiting: dict[Source, list[Line]] = {}
    for number, value in lines(file):
        source = _source(router, settings, value)
        batch = waiting.setdefault(source, [])
        batch.append(Line(number, now_ms, None, value))
        if len(batch) >= 20_000:
            _count(recount, metrics, source, waiting.pop(source))
    for source, batch in waiting.items():
        _count(recount, metrics, source, batch)


def _source(router: Router, settings: Settings, value: bytes) -> Source:
    """Where a publisher would put the event; what is none of ours goes to the surveys, to be rejected."""
    routed = router.route(value)
    if isinstance(routed, Rejection):
        return Source("surveys", 0)
    return Source(routed.topic, partition_of(routed.key, settings.partitions))


async def _count_topics(settings: Settings, recount: Recount, metrics: ServiceMetrics) -> None:
    client = kafka_client_options(settings)
    for name in SOURCES:
        for partition in range(settings.partitions):
            at = TopicPartition(settings.topic(name), partition)
            stretches: AsyncIterator[list[Line]] = read_stretch(client, at, 0, _WHOLE)
            async for records in stretches:
                _count(recount, metrics, Source(name, partition), records)


def _count(recount: Recount, metrics: ServiceMetrics, source: Source, records: list[Line]) -> None:
    for counts in recount.take(source, records):
        tell(metrics, source.topic, counts)


def _written(settings: Settings, recount: Recount, metrics: ServiceMetrics, form: str) -> bytes:
    limits = settings.limits
    if form == "openmetrics":
        own: bytes = generate_latest(metrics.registry)  # type: ignore[no-untyped-call]
        return b"".join([*Renderer(limits).parts(recount.series(), openmetrics=True), own])
    found = scores(recount.rows(), limits, Selection())
    if form == "json":
        return orjson.dumps({"scores": found}, option=orjson.OPT_INDENT_2) + b"\n"
    console = Console(width=None if sys.stdout.isatty() else _WIDE)
    with console.capture() as capture:
        console.print(scores_table(found))
    return capture.get().encode()
