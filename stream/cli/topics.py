"""`cx topics`: make the topics, or say how they differ."""

import asyncio
from collections.abc import Sequence

import click

from stream import topics as kafka_topics
from stream.cli.main import WRONG_DATA, settings_from_env
from stream.settings import Settings
from stream.topics import Difference


@click.group()
def topics() -> None:
    """Make the topics of CX_TOPIC_PREFIX and CX_APP_ID, or say how they differ from what they should be."""


@topics.command()
@click.pass_context
def create(ctx: click.Context) -> None:
    """Make the topics that are missing. Existing ones are left as they are; how they differ is told.

    The exit status is 1 when a worker cannot work with an existing one (its number of partitions).
    """
    made, found = asyncio.run(_create(settings_from_env()))
    for name in made:
        click.echo(f"made {name}")
    if not made:
        click.echo("every topic is there")
    _tell(found)
    ctx.exit(WRONG_DATA if any(item.fatal for item in found) else 0)


@topics.command()
@click.pass_context
def check(ctx: click.Context) -> None:
    """Change nothing; say which topics are missing or differ. The exit status is then 1."""
    found = asyncio.run(kafka_topics.differences(settings_from_env()))
    _tell(found)
    if not found:
        click.echo("every topic is there, as it should be")
    ctx.exit(WRONG_DATA if found else 0)


async def _create(settings: Settings) -> tuple[list[str], list[Difference]]:
    return await kafka_topics.ensure(settings), await kafka_topics.differences(settings)


def _tell(found: Sequence[Difference]) -> None:
    for item in found:
        click.echo(str(item), err=True)
