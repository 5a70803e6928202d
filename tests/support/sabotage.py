"""Ways to spoil a contract, for the tests that see its checks fail."""

import json
from typing import Any

from tests.support.contract import Contract, Example

INTERACTION, ANSWERED = "cx.interaction.v1", "cx.survey.answered.v1"


def data_schema(contract: Contract, name: str) -> Any:
    """The schema of `data` of an event type."""
    return contract.schemas[name]["properties"]["data"]


def fields(contract: Contract, name: str) -> Any:
    """The described fields of `data`."""
    return data_schema(contract, name)["properties"]


def attributes(contract: Contract) -> Any:
    """The described attributes."""
    return definitions(contract)["envelope"]["properties"]


def configuration(contract: Contract, channel: str) -> Any:
    """The described settings of a topic."""
    return channels(contract)[channel]["bindings"]["kafka"]["topicConfiguration"]


def carried(contract: Contract, channel: str) -> Any:
    """The messages of a channel."""
    return channels(contract)[channel]["messages"]


def definitions(contract: Contract) -> Any:
    """What all events have in common."""
    return contract.schemas["common"]["$defs"]


def channels(contract: Contract) -> Any:
    """AsyncAPI's channels."""
    return contract.asyncapi["channels"]


def messages(contract: Contract) -> Any:
    """AsyncAPI's messages."""
    return contract.asyncapi["components"]["messages"]


def drop_examples(contract: Contract, ending: str | tuple[str, ...]) -> None:
    """Take away the examples whose path ends so."""
    contract.examples[:] = [example for example in contract.examples if not example.path.endswith(ending)]


def add_example(contract: Contract, name: str, reason: str | None, content: object = None) -> None:
    """Add an example that claims a reason."""
    kind = "valid" if reason is None else "invalid"
    path = f"examples/{name}/{kind}/{reason}-new.json"
    contract.examples.append(Example(name, reason, path, json.dumps(content or {}).encode()))


def rename_example(contract: Contract, ending: str, reason: str | None) -> None:
    """Have an example claim another reason."""
    contract.examples[:] = [
        example._replace(reason=reason) if example.path.endswith(ending) else example
        for example in contract.examples
    ]


def change(contract: Contract, **changes: Any) -> None:
    """Put something else in place of a part of the contract."""
    for name, content in changes.items():
        setattr(contract, name, content)


def blind(contract: Contract, reason: str) -> None:
    """Have the decoder let one reason pass."""
    decoded, verdict = contract.decoded, contract.verdict
    contract.decoded = lambda topic, value: (
        (said := decoded(topic, value)) and (None if said == reason else said)
    )
    contract.verdict = lambda topic, value: (
        (said := verdict(topic, value)) and (None if said == reason else said)
    )


def take_floats(contract: Contract) -> None:
    """Let floats be values of answers, as far as the schemas are concerned."""
    answer = definitions(contract)["answer"]
    for properties in (answer["properties"], answer["oneOf"][0]["properties"]):
        properties["value"] = {"type": ["number", "null"]}
