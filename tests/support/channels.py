"""What AsyncAPI has to say: the same topics, types and schemas as the rest of the contract."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.support.agreement import Check, references, unlike
from tests.support.contract import SHARED, Contract

_DESCRIBED = ("cleanup.policy", "retention.ms", "max.message.bytes")


def channels_are_the_topics(contract: Contract) -> Iterator[str]:
    """All but the changelogs, which are nobody's business, with their settings."""
    topics = {spec.name: spec for spec in contract.topics if spec.name.startswith("cx.")}
    channels = {channel["address"]: channel for channel in contract.asyncapi["channels"].values()}
    yield from unlike("topics", set(topics), set(channels))
    for address in topics.keys() & channels.keys():
        configs = {name: topics[address].configs.get(name) for name in _DESCRIBED}
        described = channels[address].get("bindings", {}).get("kafka", {}).get("topicConfiguration", {})
        for name, value in configs.items():
            said = described.get(name)
            text = ",".join(said) if isinstance(said, list) else said and str(said)
            if value != text:
                yield f"{address}: {name} is {value}, AsyncAPI says {text}"


def source_channels_carry_the_types_of_their_topics(contract: Contract) -> Iterator[str]:
    """Each type on the topic whose decoder takes it."""
    for topic, types in contract.types.items():
        channel = contract.asyncapi["channels"].get(topic, {})
        yield from unlike(f"messages of {topic}", set(types), set(channel.get("messages", {})))


def messages_are_those_of_the_schemas(contract: Contract) -> Iterator[str]:
    """A message has the schema of its name; every message is on a channel, every schema in a message."""
    messages = contract.asyncapi["components"]["messages"]
    used: set[str] = set()
    for name, message in messages.items():
        if message["name"] != name:
            yield f"message {name} is named {message['name']}"
        mine = {part: _schema(message, part) for part in ("payload", "headers") if part in message}
        used |= set(mine.values())
        payload = mine.get("payload", name)
        if payload != name:
            yield f"message {name} has the payload of {payload}"
    yield from unlike("schemas in messages", contract.schemas.keys() - SHARED, used)
    carried = {name for channel in contract.asyncapi["channels"].values() for name in channel["messages"]}
    yield from unlike("messages on channels", set(messages), carried)


def references_of_asyncapi_lead_somewhere(contract: Contract) -> Iterator[str]:
    """Within the document and to the schemas; a channel's message refers to the one of its name."""
    for reference in references(contract.asyncapi):
        if reference.startswith("#/"):
            node: Any = contract.asyncapi
            for part in reference[2:].split("/"):
                node = node.get(part) if isinstance(node, dict) else None
            if node is None:
                yield f"{reference} is not there"
        elif reference.removeprefix("./").removesuffix(".json") not in contract.schemas:
            yield f"{reference} is not there"
    for name, channel in contract.asyncapi["channels"].items():
        for message, reference in channel["messages"].items():
            if reference != {"$ref": f"#/components/messages/{message}"}:
                yield f"channel {name}: {message} is {reference['$ref']}"


def workers_receive_from_sources_and_send_to_the_others(contract: Contract) -> Iterator[str]:
    """The operations are those of the workers; tallies are both sent and received by them."""
    operations = contract.asyncapi["operations"].values()
    found = {(op["action"], op["channel"]["$ref"].rpartition("/")[2]) for op in operations}
    sources = {("receive", topic) for topic in contract.types}
    others = {("send", name) for name in contract.asyncapi["channels"].keys() - contract.types.keys()}
    yield from unlike("operations", sources | others | {("receive", "tallies")}, found)


def _schema(message: Mapping[str, Any], part: str) -> str:
    reference: str = message[part]["schema"]["$ref"]
    return reference.removeprefix("./").removesuffix(".json")


CHANNEL_CHECKS: Final[tuple[Check, ...]] = (
    channels_are_the_topics,
    source_channels_carry_the_types_of_their_topics,
    messages_are_those_of_the_schemas,
    references_of_asyncapi_lead_somewhere,
    workers_receive_from_sources_and_send_to_the_others,
)
