"""The changelog of a partition on a real Kafka: one owner at a time, and each knows what it stored."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.produce import ProduceRequest

from stream import topics
from stream.flow.changelog import Changelog, FencedError
from stream.settings import Settings

CHECKPOINT = [(b"a", b"1"), (b"p", b"7")]


class Bed:
    """One changelog partition, and owners of it."""

    def __init__(self, env: dict[str, str]) -> None:
        self._broker = env["CX_BROKER"].removeprefix("kafka://")
        settings = Settings.from_env(env)
        self.app_id = f"{settings.app_id}-{uuid.uuid4().hex[:6]}"
        self.topic = topics.changelog(settings, "surveys")
        self.owners: list[Changelog] = []

    def owner(self) -> Changelog:
        """One more that may claim the partition."""
        client = {"bootstrap_servers": self._broker}
        self.owners.append(Changelog(client, self.app_id, self.topic, 0, fenced=True))
        return self.owners[-1]


def losing(owner: Changelog, meanwhile: Callable[[], Awaitable[object]], *, stored: bool) -> None:
    """The next answer never comes, and `meanwhile` happens; `stored`: the request arrived."""
    assert owner._producer
    client = owner._producer.client
    send = client.send

    async def lose(node: Any, request: Any, **options: Any) -> Any:
        if not isinstance(request, ProduceRequest):
            return await send(node, request, **options)
        client.send = send
        if stored:
            await send(node, request, **options)
        await meanwhile()
        raise KafkaConnectionError("the connection broke before the answer came")

    client.send = lose


def played(env: dict[str, str], play: Callable[[Bed], Awaitable[None]]) -> None:
    """With topics, and nobody left connected."""

    async def run() -> None:
        await topics.ensure(Settings.from_env(env))
        bed = Bed(env)
        try:
            await play(bed)
        finally:
            await asyncio.gather(*(owner.close() for owner in bed.owners))

    asyncio.run(run())


BEFORE = [(b"a", b"0"), (b"p", b"3")]


@pytest.mark.parametrize("stored", [True, False])
def test_whether_a_checkpoint_without_acknowledgement_is_stored_is_known(
    cx_env: dict[str, str], *, stored: bool
) -> None:
    """Its records count here if it is, since the next owner passes them over; else that one counts them."""

    async def play(bed: Bed) -> None:
        former, following = bed.owner(), bed.owner()
        await former.claim()
        await former.write(BEFORE)
        losing(former, following.claim, stored=stored)
        error = await _refused(former)
        assert error.stored == stored
        held = await _held(following, await following.hold())
        assert dict(CHECKPOINT if stored else BEFORE) == held

    played(cx_env, play)


def test_an_acknowledgement_that_is_lost_while_nobody_else_claims_is_asked_for_again(
    cx_env: dict[str, str],
) -> None:
    """The broker knows the batch by its number: it is stored once."""

    async def play(bed: Bed) -> None:
        owner = bed.owner()
        first = await owner.claim()
        losing(owner, lambda: asyncio.sleep(0), stored=True)
        assert first + 1 == await owner.write(CHECKPOINT)
        assert first + 3 == await owner.hold()

    played(cx_env, play)


async def _held(owner: Changelog, end: int) -> dict[bytes, bytes]:
    """What stands below an offset."""
    found: dict[bytes, bytes | None] = {}
    async for part in owner.read(end):
        found |= part
    return {key: value for key, value in found.items() if value is not None}


async def _refused(owner: Changelog) -> FencedError:
    try:
        await owner.write(CHECKPOINT)
    except FencedError as error:
        return error
    raise AssertionError("nobody fenced it")
