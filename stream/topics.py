"""The topics: names and settings, making those that are missing, saying how existing ones differ."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code

from stream.errors import TopicError
from stream.flow.refusal import unreachable
from stream.flow.security import kafka_client_options
from stream.settings import Settings

SOURCES = ("surveys", "interactions", "relationships")

_DAY_MS = 86_400_000
_MIB = 1_048_576
_REPLICAS = 3
_ALREADY_EXISTS = 36
_LEADER_DEADLINE_S = 30.0


class TopicSpec(NamedTuple):
    """A topic as it should be; `internal`: nobody but the workers reads or writes it."""

    name: str
    partitions: int
    configs: Mapping[str, str]
    internal: bool


class Difference(NamedTuple):
    """One way in which an existing topic is not as its spec says; `fatal`: workers cannot work with it."""

    topic: str
    what: str
    found: str
    wanted: str
    fatal: bool

    def __str__(self) -> str:
        return f"{self.topic}: {self.what} is {self.found}, should be {self.wanted}"


def specs(settings: Settings) -> list[TopicSpec]:
    """Every topic of one service, sources first."""
    return [*_sources(settings), *_outputs(settings), *_internals(settings)]


def changelog(settings: Settings, source: str) -> str:
    """Name of the changelog that stage one keeps for a source topic (`surveys`, ...)."""
    return f"{settings.app_id}-intake-{source}"


def scores_changelog(settings: Settings) -> str:
    """Name of the changelog that stage two keeps."""
    return f"{settings.app_id}-scores-state"


def _sources(settings: Settings) -> Iterable[TopicSpec]:
    configs = {
        "cleanup.policy": "delete",
        # Long enough to compute every window again from the topics, with a margin for late starts.
        "retention.ms": str(settings.longest_window_ms + 10 * _DAY_MS),
        # `now` of a record must be the broker's word, not the publisher's.
        "message.timestamp.type": "LogAppendTime",
        "max.message.bytes": str(_MIB),
        # Makes the broker unpack what it gets, and so refuse a batch that expands beyond max.message.bytes.
        "compression.type": "uncompressed",
    }
    return [TopicSpec(settings.topic(name), settings.partitions, configs, internal=False) for name in SOURCES]


def _outputs(settings: Settings) -> Iterable[TopicSpec]:
    two_weeks = {"cleanup.policy": "delete", "retention.ms": str(14 * _DAY_MS)}
    kept = {"cleanup.policy": "delete", "retention.ms": str(settings.longest_window_ms + 10 * _DAY_MS)}
    return [
        TopicSpec(
            settings.topic("scores"), settings.partitions, {"cleanup.policy": "compact"}, internal=False
        ),
        TopicSpec(settings.topic("alerts"), settings.partitions, kept, internal=False),
        TopicSpec(settings.topic("rejected"), settings.partitions, two_weeks, internal=False),
    ]


def _internals(settings: Settings) -> Iterable[TopicSpec]:
    state = {
        "cleanup.policy": "compact",
        # A checkpoint is one batch, and must be accepted however much one fetch has changed.
        "max.message.bytes": str(16 * _MIB),
        # Recovery reads the whole log: compact early. The segment that is written to is never compacted.
        "min.cleanable.dirty.ratio": "0.1",
        "segment.bytes": str(32 * _MIB),
    }
    week = {"cleanup.policy": "delete", "retention.ms": str(7 * _DAY_MS), "max.message.bytes": str(16 * _MIB)}
    return [
        TopicSpec(settings.topic("tallies"), settings.partitions, week, internal=True),
        *(
            TopicSpec(changelog(settings, name), settings.partitions, state, internal=True)
            for name in SOURCES
        ),
        TopicSpec(scores_changelog(settings), settings.partitions, state, internal=True),
    ]


async def ensure(settings: Settings, wanted: Sequence[TopicSpec] | None = None) -> list[str]:
    """Make the topics that are missing, and return their names; existing ones stay as they are.

    `wanted` is all of `specs` by default. Returns when every partition has a leader. Raises TopicError
    when the broker refuses, BrokerUnreachable, LoginRefused, TimeoutError when it does not settle.
    """
    wanted = specs(settings) if wanted is None else wanted
    async with _admin(settings) as admin:
        names = {spec.name for spec in wanted}
        present = await _partitions(admin, names)
        missing = [spec for spec in wanted if spec.name not in present]
        made = await _create(admin, missing) if missing else []
        async with asyncio.timeout(_LEADER_DEADLINE_S):
            while (await _partitions(admin, names)).keys() != names:  # noqa: ASYNC110  # brokers tell nobody
                await asyncio.sleep(0.1)
    return made


async def differences(settings: Settings, wanted: Sequence[TopicSpec] | None = None) -> list[Difference]:
    """How the existing topics differ from the specs; a missing topic is one difference. Raises TopicError."""
    wanted = specs(settings) if wanted is None else wanted
    async with _admin(settings) as admin:
        counts = await _partitions(admin, {spec.name for spec in wanted})
        configs = await _configs(admin, sorted(counts))
    found: list[Difference] = []
    for spec in wanted:
        if spec.name not in counts:
            found.append(Difference(spec.name, "topic", "missing", "there", fatal=True))
            continue
        if counts[spec.name] != spec.partitions:
            # Customers are spread by it, in the sources and in everything kept for them.
            fatal = spec.internal or spec.name in map(settings.topic, SOURCES)
            found.append(
                Difference(spec.name, "partitions", str(counts[spec.name]), str(spec.partitions), fatal)
            )
        # Of a setting that a broker does not tell (the embedded one tells few) nothing can be said.
        known = configs.get(spec.name, {})
        found += [
            Difference(spec.name, key, known[key], value, fatal=False)
            for key, value in spec.configs.items()
            if key in known and known[key] != value
        ]
    return found


@contextlib.asynccontextmanager
async def _admin(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(client_id="cx-topics", **kafka_client_options(settings))
    try:
        await admin.start()
    except KafkaError as error:
        raise await asyncio.to_thread(unreachable, settings, error) from error
    try:
        yield admin
    finally:
        await admin.close()


async def _partitions(admin: AIOKafkaAdminClient, names: set[str]) -> dict[str, int]:
    """Number of partitions of those topics that exist and whose partitions all have a leader."""
    # All topics, because asking for a name may create it.
    return {
        topic["topic"]: len(topic["partitions"])
        for topic in await admin.describe_topics()
        if topic["topic"] in names
        and topic["error_code"] == 0
        and all(partition["error_code"] == 0 for partition in topic["partitions"])
    }


async def _create(admin: AIOKafkaAdminClient, missing: Sequence[TopicSpec]) -> list[str]:
    # aiokafka speaks a version of the request that has no "the broker's default".
    replicas = min(_REPLICAS, len((await admin.describe_cluster())["brokers"]))
    response = await admin.create_topics(
        [NewTopic(spec.name, spec.partitions, replicas, topic_configs=dict(spec.configs)) for spec in missing]
    )
    made = []
    for name, code, *message in response.topic_errors:
        if code == 0:
            made.append(name)
        elif code != _ALREADY_EXISTS:
            raise TopicError(
                f"{name} cannot be made: {for_code(code).__name__} {message[0] if message else ''}".rstrip()
            )
    return made


async def _configs(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Settings of the topics, as far as the broker tells them."""
    if not names:
        return {}
    found: dict[str, dict[str, str]] = {}
    responses: Sequence[Any] = await admin.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    )
    for response in responses:
        for code, _message, _kind, name, entries in response.resources:
            if code == 0:
                found[name] = {entry[0]: entry[1] for entry in entries if entry[1] is not None}
    return found
