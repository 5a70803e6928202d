"""The careful way: why a record is no event, reason by reason. Taken only when the typed decoder refused it.

    bytes ─ text ─ JSON object ─ CloudEvents 1.0 ─ known type ─ fields present ─ typed ─ checks.py
          malformed              not_cloudevents  unknown_type  missing_field   bad_type

It can also find nothing wrong: null stands for an absent optional field (as CloudEvents' JSON format has it
for attributes), and of a field given twice the last one counts, which the typed decoder may have refused.
"""

import functools
import json
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec
from msgspec import Struct, structs

from stream.intake import payloads
from stream.intake.checks import first_fault
from stream.intake.events import TOPIC_OF, Event
from stream.intake.rejection import Reason, Rejection

MAX_DEPTH: Final = 16

_strings = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_innermost = re.compile(rb"\[\]|\{\}")
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_place = re.compile(r" - at (?:`key` in )?`\$\.?(?P<path>[^`]*)`$")
_one_document = msgspec.json.Decoder(msgspec.Raw).decode

# Beyond every scale and limit, and short: how many digits a number has costs nothing.
_HUGE: Final = 10**30
_LONGEST_INTEGER: Final = 20

_ONE_OF: Mapping[type[Struct], tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        payloads.Answer: (("value", "skipped"),),
        payloads.SurveyRetractedData: (("response_id", "all_of_subject"),),
    }
)
"""The first field is required unless the second is true."""


_fields = functools.cache(structs.fields)


def deeper_than_allowed(document: bytes) -> bool:
    """Whether a JSON document nests objects and arrays deeper than MAX_DEPTH; strings do not count."""
    if document.count(b"[") + document.count(b"{") <= MAX_DEPTH:
        return False
    brackets = _strings.sub(b"", document).translate(None, _NO_BRACKETS)
    for _ in range(MAX_DEPTH):
        brackets = _innermost.sub(b"", brackets)
    return bool(brackets)


def classify(value: bytes, types: Mapping[str, type[Event]], tenants: frozenset[str]) -> Event | Rejection:
    """The first reason to reject a record's value, or the event when there is none. Never raises."""
    fields = _parse(value)
    if isinstance(fields, str):
        return Rejection(Reason.MALFORMED, fields)
    fields = {name: content for name, content in fields.items() if content is not None}
    if fields.get("specversion") != "1.0":
        return Rejection(Reason.NOT_CLOUDEVENTS, 'specversion is not "1.0"')
    if "type" not in fields:
        return Rejection(Reason.MISSING_FIELD, "type is missing")
    event_class = types.get(fields["type"]) if isinstance(fields["type"], str) else None
    if event_class is None:
        return _unknown(fields["type"])
    return _typed(fields, event_class, tenants)


def _typed(fields: dict[str, Any], event_class: type[Event], tenants: frozenset[str]) -> Event | Rejection:
    for path in _missing(fields, event_class):
        return Rejection(Reason.MISSING_FIELD, f"{path} is missing")
    _drop_nulls(fields, event_class)
    try:
        event = msgspec.convert(fields, event_class)
    except msgspec.ValidationError as error:
        return Rejection(Reason.BAD_TYPE, _in_names(str(error)))
    return first_fault(event, tenants) or event


def _parse(value: bytes) -> dict[str, Any] | str:
    """The fields of one JSON object, or what is wrong with the text."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return "not UTF-8"
    try:
        _one_document(value)
    except (msgspec.DecodeError, RecursionError):
        return "not one JSON document"
    if deeper_than_allowed(value):
        return f"deeper than {MAX_DEPTH}"
    fields = json.loads(text, parse_int=_integer)
    return fields if isinstance(fields, dict) else "not a JSON object"


def _integer(digits: str) -> int:
    if len(digits) <= _LONGEST_INTEGER:
        return int(digits)
    return -_HUGE if digits[0] == "-" else _HUGE


def _unknown(type_: object) -> Rejection:
    topic = TOPIC_OF.get(type_) if isinstance(type_, str) else None
    detail = "type is not known" if topic is None else f"type belongs on the topic of {topic}"
    return Rejection(Reason.UNKNOWN_TYPE, detail)


def _missing(fields: Mapping[str, Any], struct: type[Struct], path: str = "") -> Iterator[str]:
    """The names of required fields that are not there; what is no object has no fields to miss."""
    for field in _fields(struct):
        if field.required and field.name not in fields:
            yield path + field.name
    for needed, unless in _ONE_OF.get(struct, ()):
        if needed not in fields and fields.get(unless) is not True:
            yield f"{path}{needed} (or {unless}: true)"
    for name, part, part_struct in _parts(fields, struct):
        yield from _missing(part, part_struct, f"{path}{name}.")


def _parts(
    fields: Mapping[str, Any], struct: type[Struct]
) -> Iterator[tuple[str, dict[str, Any], type[Struct]]]:
    """Objects within an object, as far as they have a type of their own: `data`, each of `answers`."""
    for field in _fields(struct):
        content = fields.get(field.name)
        if isinstance(field.type, type) and issubclass(field.type, Struct) and isinstance(content, dict):
            yield field.name, content, field.type
        elif field.type == list[payloads.Answer] and isinstance(content, list):
            for index, item in enumerate(content):
                if isinstance(item, dict):
                    yield f"{field.name}[{index}]", item, payloads.Answer


def _drop_nulls(fields: dict[str, Any], struct: type[Struct]) -> None:
    """Remove optional fields that are null, here and in the parts."""
    for field in _fields(struct):
        if not field.required and fields.get(field.name, ...) is None:
            del fields[field.name]
    for _, part, part_struct in _parts(fields, struct):
        _drop_nulls(part, part_struct)


def _in_names(message: str) -> str:
    """What the typed decoder says, without the values that it may quote."""
    place = _place.search(message)
    path = place["path"] if place else "event"
    if message.startswith("Expected"):
        return f"{path}: {message[: place.start()] if place else message}"
    return f"{path}: not one of the allowed values"
