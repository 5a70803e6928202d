"""Every check of the contract is seen to fail: a guard that never did may be none.

Each case spoils a copy of the contract in one place and names the check that must object, and how.
"""

from collections.abc import Callable

import pytest

from stream.intake.events import Purchase, TicketResolved
from tests.support import agreement, spoiling
from tests.support.agreement import CHECKS, Check
from tests.support.contract import Contract
from tests.support.sabotage import (
    INTERACTION,
    add_example,
    attributes,
    blind,
    change,
    data_schema,
    definitions,
    drop_examples,
    fields,
    rename_example,
    take_floats,
)

Spoil = Callable[[Contract], object]

ORPHANS = agreement.every_type_has_a_schema_and_every_schema_a_type
SCHEMAS = agreement.every_schema_is_a_schema_of_its_type
REFERENCES = agreement.every_definition_is_used_and_every_reference_leads_somewhere
FIELDS = agreement.schemas_and_types_have_the_same_fields
EXAMPLES = agreement.every_schema_has_examples_and_nothing_else_lies_about
COVER = agreement.every_reason_and_every_required_field_has_an_example
DECODER = agreement.the_decoder_says_what_the_examples_are_named_after
ACCEPT = agreement.the_schemas_accept_what_the_examples_are_named_after
SPOILED = spoiling.schemas_and_decoder_agree_on_spoiled_examples

GUARDS: list[tuple[Check, str, Spoil]] = [
    (ORPHANS, "cx.refund.v1 is decoded and has no schema", lambda c: c.schemas.pop("cx.refund.v1")),
    (
        ORPHANS,
        "cx.refund.v1.json describes a type that nobody",
        lambda c: c.types["relationships"].pop("cx.refund.v1"),
    ),
    (ORPHANS, "cx.new.v1 is decoded", lambda c: c.types["surveys"].update({"cx.new.v1": Purchase})),
    (ORPHANS, "cx.score.json is missing", lambda c: c.schemas.pop("cx.score")),
    (SCHEMAS, "cx.score.json is no JSON Schema", lambda c: c.schemas["cx.score"].update(type="objekt")),
    (
        SCHEMAS,
        "cx.refund.v1.json describes cx.re",
        lambda c: c.schemas["cx.refund.v1"]["properties"]["type"].update(const="cx.re"),
    ),
    (SCHEMAS, "does not say that it is", lambda c: c.schemas["common"].update({"$schema": "draft-07"})),
    (SCHEMAS, "leaves out what all events have", lambda c: c.schemas[INTERACTION].pop("$ref")),
    (SCHEMAS, "leaves out what all events have", lambda c: data_schema(c, INTERACTION).pop("$ref")),
    (
        REFERENCES,
        "refers to common.json#/$defs/label, which is not there",
        lambda c: definitions(c).pop("label"),
    ),
    (REFERENCES, "defines spare, which nobody uses", lambda c: definitions(c).update(spare={})),
    (FIELDS, "fields of cx.interaction.v1", lambda c: fields(c, INTERACTION).pop("valence")),
    (FIELDS, "fields of cx.interaction.v1", lambda c: fields(c, INTERACTION).update(mood={})),
    (FIELDS, "required fields of cx.interaction.v1", lambda c: data_schema(c, INTERACTION)["required"].pop()),
    (
        FIELDS,
        "words of cx.interaction.v1 valence",
        lambda c: fields(c, INTERACTION)["valence"]["enum"].pop(0),
    ),
    (FIELDS, "words of cx.survey.sent.v1 metrics", lambda c: definitions(c)["metric"]["enum"].append("joy")),
    (FIELDS, "words of cx.survey.answered.v1 level", lambda c: definitions(c)["level"]["enum"].pop()),
    (
        FIELDS,
        "fields of cx.ticket.opened.v1",
        lambda c: c.types["interactions"].update({"cx.ticket.opened.v1": TicketResolved}),
    ),
    (FIELDS, "required attributes", lambda c: definitions(c)["envelope"]["required"].remove("subject")),
    (FIELDS, "attributes: ", lambda c: attributes(c).pop("tenantid")),
    (EXAMPLES, "notes.txt belongs to nothing", lambda c: c.stray.append("notes.txt")),
    (
        EXAMPLES,
        "cx.refund.v1 has no valid",
        lambda c: drop_examples(c, ("cx.refund.v1/valid/full.json", "cx.refund.v1/valid/minimal.json")),
    ),
    (EXAMPLES, "cx.new.v1/valid/None-new.json has no schema", lambda c: add_example(c, "cx.new.v1", None)),
    (EXAMPLES, "is named after no reason", lambda c: add_example(c, INTERACTION, "odd")),
    (
        COVER,
        "no example is rejected as personal_data",
        lambda c: drop_examples(c, "personal_data-subject.json"),
    ),
    (COVER, "cx.refund.v1/valid/full.json is not", lambda c: drop_examples(c, "refund.v1/valid/full.json")),
    (COVER, "no example is rejected as too_slow", lambda c: c.reasons.append("too_slow")),
    (
        COVER,
        "missing_field-amount.json is not there",
        lambda c: drop_examples(c, "cx.refund.v1/invalid/missing_field-amount.json"),
    ),
    (
        DECODER,
        "minimal.json: the decoder says None",
        lambda c: rename_example(c, "v1/valid/minimal.json", "bad_type"),
    ),
    (
        DECODER,
        "off_scale-ces-8.json: the decoder says off_scale",
        lambda c: rename_example(c, "off_scale-ces-8.json", "bad_type"),
    ),
    (DECODER, "test.json: the decoder says None", lambda c: blind(c, "bad_type")),
    (DECODER, "future-year-9999.json: the decoder says None", lambda c: change(c, verdict=c.decoded)),
    (
        DECODER,
        "minimal.json: the decoder says missing_field",
        lambda c: change(c, verdict=lambda *_: "missing_field"),
    ),
    (
        ACCEPT,
        "full.json: the schema refuses it",
        lambda c: fields(c, INTERACTION)["valence"].update(enum=["no"]),
    ),
    (
        ACCEPT,
        "bad_type-valence.json: the schema accepts it",
        lambda c: fields(c, INTERACTION).pop("valence"),
    ),
    (
        ACCEPT,
        "bad_label-touchpoint.json: the schema accepts",
        lambda c: definitions(c)["label"].update(pattern="^[A-Za-z0-9_.:-]{1,64}$"),
    ),
    (ACCEPT, "no-such-day.json: the schema accepts it", lambda c: definitions(c)["time"].pop("format")),
    (
        ACCEPT,
        "full.json: the schema refuses it",
        lambda c: data_schema(c, INTERACTION).update(additionalProperties=False),
    ),
    (
        ACCEPT,
        "bad_type-part.json: the schema accepts it",
        lambda c: c.schemas["alerts"]["$defs"]["contribution"]["properties"].pop("part"),
    ),
    (
        ACCEPT,
        "unknown_tenant-initech.json: the schema refuses",
        lambda c: attributes(c).update(tenantid={"const": "acme"}),
    ),
    (SPOILED, "data.test = ", lambda c: definitions(c)["data"]["properties"].pop("test")),
    (SPOILED, "data.duration_ms = -1", lambda c: definitions(c)["milliseconds"].pop("minimum")),
    (SPOILED, "data.answers.0.value = 9.0", take_floats),
    (SPOILED, "the decoder says None", lambda c: blind(c, "bad_label")),
]


@pytest.mark.parametrize(
    ("check", "objection", "spoil"), GUARDS, ids=[f"{c.__name__}: {o}" for c, o, _ in GUARDS]
)
def test_spoiled_contract_is_objected_to(
    spoilable: Contract, check: Check, objection: str, spoil: Spoil
) -> None:
    """By the check that is there for it, in words that name the place."""
    if check is SPOILED:
        few = ("interaction.v1/valid/full.json", "every-metric.json")
        spoilable.examples[:] = [example for example in spoilable.examples if example.path.endswith(few)]
    spoil(spoilable)
    assert objection in "\n".join(check(spoilable))


def test_every_check_has_been_seen_to_fail() -> None:
    """A new check needs a case above."""
    assert {*CHECKS, SPOILED} == {check for check, _, _ in GUARDS}
