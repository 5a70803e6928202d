"""What has to agree in the contract.

    decoder ── types, fields, words, verdicts ── schemas ── every example ── decoder
    schemas ── payloads ── AsyncAPI ── topics, settings ── stream/topics.py

Each check says in words what does not agree; nothing said means that all is well.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal, get_args, get_origin

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from msgspec import Struct, structs

from tests.support.contract import SENT, SHARED, Contract, Example

UNSEEN: Final = frozenset({"too_big", "malformed", "unknown_tenant", "future", "too_late"})
"""Reasons that no schema can see: those of the text, the settings and the clock."""

Check = Callable[[Contract], Iterator[str]]


def every_type_has_a_schema_and_every_schema_a_type(contract: Contract) -> Iterator[str]:
    """No orphans on either side."""
    decoded = {type_ for type_, _ in contract.event_classes}
    described = contract.schemas.keys() - SHARED - SENT
    yield from (f"{type_} is decoded and has no schema" for type_ in sorted(decoded - described))
    yield from (f"{name}.json describes a type that nobody decodes" for name in sorted(described - decoded))
    yield from (f"{name}.json is missing" for name in sorted((SHARED | SENT) - contract.schemas.keys()))


def every_schema_is_a_schema_of_its_type(contract: Contract) -> Iterator[str]:
    """Valid JSON Schema, named as the type it describes; events have an envelope and what all `data` has."""
    for name, _ in contract.event_classes:
        schema = contract.schemas.get(name, {})
        data = schema.get("properties", {}).get("data", {})
        if (schema.get("$ref"), data.get("$ref")) != (
            "common.json#/$defs/envelope",
            "common.json#/$defs/data",
        ):
            yield f"{name}.json leaves out what all events have in common"
    for name, schema in contract.schemas.items():
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            yield f"{name}.json is no JSON Schema: {error.message}"
        constant = schema.get("properties", {}).get("type", {}).get("const", name)
        if constant != name:
            yield f"{name}.json describes {constant}"
        if schema.get("$schema") != Draft202012Validator.META_SCHEMA["$id"]:
            yield f"{name}.json does not say that it is JSON Schema 2020-12"


def every_definition_is_used_and_every_reference_leads_somewhere(contract: Contract) -> Iterator[str]:
    """Shared definitions without users are as dead as references without definitions."""
    used: set[str] = set()
    for name, schema in contract.schemas.items():
        for reference in references(schema):
            file, _, pointer = reference.partition("#/$defs/")
            target = file.removesuffix(".json") or name
            used.add(f"{target}#{pointer}")
            if pointer not in contract.schemas.get(target, {}).get("$defs", {}):
                yield f"{name}.json refers to {reference}, which is not there"
    for name, schema in contract.schemas.items():
        for definition in schema.get("$defs", {}):
            if f"{name}#{definition}" not in used:
                yield f"{name}.json defines {definition}, which nobody uses"


def schemas_and_types_have_the_same_fields(contract: Contract) -> Iterator[str]:
    """The same names, the same ones required, the same words where a field holds one of a closed set."""
    for type_, event_class in contract.event_classes:
        schema = contract.schemas.get(type_, {}).get("properties", {}).get("data", {})
        shared = contract.schemas["common"]["$defs"]
        fields = {field.name: field for field in structs.fields(_data_class(event_class))}
        described = {**shared["data"]["properties"], **schema.get("properties", {})}
        # `comment` is described because it is accepted; it is thrown away at decode.
        yield from unlike(f"fields of {type_}", set(fields), described.keys() - {"comment"})
        required = {name for name, field in fields.items() if field.required}
        yield from unlike(f"required fields of {type_}", required, set(schema.get("required", ())))
        for name in fields.keys() & described.keys():
            yield from unlike(
                f"words of {type_} {name}", _words(fields[name].type), _enum(contract, described[name])
            )
    envelope = contract.schemas["common"]["$defs"]["envelope"]
    attributes = {field.name: field.required for field in structs.fields(event_class)} | {"type": True}
    yield from unlike("attributes", set(attributes), envelope["properties"].keys() | {"type", "data"})
    yield from unlike(
        "required attributes", {n for n, r in attributes.items() if r}, set(envelope["required"])
    )


def every_schema_has_examples_and_nothing_else_lies_about(contract: Contract) -> Iterator[str]:
    """Valid and invalid ones, and no example without its schema."""
    yield from (f"{path} belongs to nothing" for path in contract.stray)
    for name in sorted(contract.schemas.keys() - SHARED):
        mine = [example for example in contract.examples if example.name == name]
        for what, there in (
            ("valid", any(example.reason is None for example in mine)),
            ("invalid", any(example.reason is not None for example in mine)),
        ):
            if not there:
                yield f"{name} has no {what} example"
    for example in contract.examples:
        if example.name not in contract.schemas:
            yield f"{example.path} has no schema"
        if example.reason is not None and example.reason not in contract.reasons:
            yield f"{example.path} is named after no reason"


def every_reason_and_every_required_field_has_an_example(contract: Contract) -> Iterator[str]:
    """Each reason can be shown by one event; each type has an event with little in it and one with all."""
    shown = {example.reason for example in contract.examples if example.name not in SENT}
    yield from (f"no example is rejected as {reason}" for reason in contract.reasons if reason not in shown)
    paths = {example.path for example in contract.examples}
    for type_, _ in contract.event_classes:
        required = contract.schemas.get(type_, {}).get("properties", {}).get("data", {}).get("required", ())
        wanted = [f"invalid/missing_field-{name}.json" for name in required]
        # The full ones are what spoiling.py spoils.
        for path in ("valid/minimal.json", "valid/full.json", *wanted):
            if f"examples/{type_}/{path}" not in paths:
                yield f"examples/{type_}/{path} is not there"


def the_decoder_says_what_the_examples_are_named_after(contract: Contract) -> Iterator[str]:
    """Valid ones pass, invalid ones are rejected for the reason in their name."""
    for example in contract.examples:
        if example.name in SENT or not any(example.name in types for types in contract.types.values()):
            continue
        said = contract.verdict(contract.topic_of(example.name), example.content)
        if said != example.reason:
            yield f"{example.path}: the decoder says {said}"


def the_schemas_accept_what_the_examples_are_named_after(contract: Contract) -> Iterator[str]:
    """Valid ones pass, invalid ones do not, but for reasons that no schema can see: these must pass."""
    for example in contract.examples:
        content = _parsed(example)
        if example.name not in contract.schemas or (content is None and example.reason == "malformed"):
            continue
        accepted = contract.validator(example.name).is_valid(content)
        expected = example.reason is None or example.reason in UNSEEN
        if accepted != expected:
            yield f"{example.path}: the schema {'accepts' if accepted else 'refuses'} it"


def _parsed(example: Example) -> Any:
    """The content of an example; None when it is not one JSON object."""
    try:
        content = json.loads(example.content, parse_constant=_no_constant)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _no_constant(name: str) -> None:
    raise ValueError(name)


def references(node: Any) -> Iterator[str]:
    """Every `$ref` in a document."""
    if isinstance(node, dict):
        for name, content in node.items():
            if name == "$ref":
                yield content
            else:
                yield from references(content)
    elif isinstance(node, list):
        for content in node:
            yield from references(content)


def _data_class(event_class: type[Struct]) -> type[Struct]:
    found: type[Struct] = next(field.type for field in structs.fields(event_class) if field.name == "data")
    return found


def unlike(what: str, ours: set[Any], described: set[Any]) -> Iterator[str]:
    """What the code has and a document does not describe, and the other way round."""
    if ours != described:
        yield f"{what}: not described {sorted(ours - described)}, described alone {sorted(described - ours)}"


def _words(annotation: Any) -> set[Any]:
    """The strings that a type is limited to; of a list, those of its items. Empty: it is not limited."""
    if get_origin(annotation) is Literal:
        return set(get_args(annotation))
    return (
        {word for part in get_args(annotation) for word in _words(part)}
        if get_origin(annotation) is not dict
        else set()
    )


def _enum(contract: Contract, schema: Mapping[str, Any]) -> set[Any]:
    """The strings that a schema is limited to, through its references."""
    if "$ref" in schema:
        target = schema["$ref"].rpartition("/")[2]
        return (
            _enum(contract, contract.schemas["common"]["$defs"].get(target, {}))
            if target != "currency"
            else set()
        )
    parts = [*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())]
    words = set(schema.get("enum", ())).union(*(_enum(contract, part) for part in parts))
    return {word for word in words if word is not None}


CHECKS: Final[tuple[Check, ...]] = (
    every_type_has_a_schema_and_every_schema_a_type,
    every_schema_is_a_schema_of_its_type,
    every_definition_is_used_and_every_reference_leads_somewhere,
    schemas_and_types_have_the_same_fields,
    every_schema_has_examples_and_nothing_else_lies_about,
    every_reason_and_every_required_field_has_an_example,
    the_decoder_says_what_the_examples_are_named_after,
    the_schemas_accept_what_the_examples_are_named_after,
)
