"""Every check of AsyncAPI is seen to fail, as those of test_guards.py are."""

from collections.abc import Callable

import pytest

from stream.topics import TopicSpec
from tests.support import channels as checks
from tests.support.agreement import Check
from tests.support.channels import CHANNEL_CHECKS
from tests.support.contract import Contract
from tests.support.sabotage import ANSWERED, INTERACTION, carried, change, channels, configuration, messages

Spoil = Callable[[Contract], object]

TOPICS = checks.channels_are_the_topics
CARRY = checks.source_channels_carry_the_types_of_their_topics
MESSAGES = checks.messages_are_those_of_the_schemas
LINKS = checks.references_of_asyncapi_lead_somewhere
OPERATIONS = checks.workers_receive_from_sources_and_send_to_the_others

GUARDS: list[tuple[Check, str, Spoil]] = [
    (TOPICS, "topics: not described", lambda c: channels(c).pop("alerts")),
    (
        TOPICS,
        "described alone ['cx.alerts']",
        lambda c: change(c, topics=[t for t in c.topics if t.name != "cx.alerts"]),
    ),
    (TOPICS, "cx.new", lambda c: c.topics.append(TopicSpec("cx.new", 1, {}, internal=False))),
    (
        TOPICS,
        "retention.ms is 8640000000, AsyncAPI says 1",
        lambda c: configuration(c, "surveys").update({"retention.ms": 1}),
    ),
    (
        TOPICS,
        "cleanup.policy is compact, AsyncAPI says None",
        lambda c: channels(c)["scores"].pop("bindings"),
    ),
    (CARRY, "messages of surveys", lambda c: carried(c, "surveys").pop(ANSWERED)),
    (CARRY, "messages of surveys", lambda c: carried(c, "surveys").update({INTERACTION: {}})),
    (CARRY, "messages of interactions", lambda c: c.types["interactions"].pop(INTERACTION)),
    (
        MESSAGES,
        "message cx.refund.v1 is named refund",
        lambda c: messages(c)["cx.refund.v1"].update(name="refund"),
    ),
    (
        MESSAGES,
        "has the payload of cx.purchase.v1",
        lambda c: messages(c)["cx.refund.v1"].update(payload=messages(c)["cx.purchase.v1"]["payload"]),
    ),
    (
        MESSAGES,
        "schemas in messages: not described ['cx.refund.v1']",
        lambda c: messages(c)["cx.refund.v1"].pop("payload"),
    ),
    (MESSAGES, "messages on channels", lambda c: messages(c).update(spare={"name": "spare"})),
    (LINKS, "#/components/messages/tally is not there", lambda c: messages(c).pop("tally")),
    (LINKS, "./cx.refund.v1.json is not there", lambda c: c.schemas.pop("cx.refund.v1")),
    (
        LINKS,
        "cx.refund.v1 is #/components/messages/tally",
        lambda c: carried(c, "relationships").update(
            {"cx.refund.v1": {"$ref": "#/components/messages/tally"}}
        ),
    ),
    (OPERATIONS, "operations: not described", lambda c: c.asyncapi["operations"].pop("sendAlerts")),
    (
        OPERATIONS,
        "described alone [('send', 'surveys')]",
        lambda c: c.asyncapi["operations"]["countSurveys"].update(action="send"),
    ),
]


@pytest.mark.parametrize(
    ("check", "objection", "spoil"), GUARDS, ids=[f"{c.__name__}: {o}" for c, o, _ in GUARDS]
)
def test_spoiled_channels_are_objected_to(
    spoilable: Contract, check: Check, objection: str, spoil: Spoil
) -> None:
    """By the check that is there for it, in words that name the place."""
    spoil(spoilable)
    assert objection in "\n".join(check(spoilable))


def test_every_check_of_channels_has_been_seen_to_fail() -> None:
    """A new check needs a case above."""
    assert set(CHANNEL_CHECKS) == {check for check, _, _ in GUARDS}
