"""A record becomes an event or a reason: of all its faults the first in the contract's order."""

import json
from collections.abc import Mapping
from typing import Any

from tests.support.recount.fields import Check, boolean, time_ms
from tests.support.recount.model import REASONS, Event, Record, Rules
from tests.support.recount.types import ENVELOPE, TYPES

LARGEST = 64 * 1024
DEEPEST = 16
DIGITS_THAT_MATTER = 30


class MalformedError(Exception):
    """Not one JSON object."""


def judge(record: Record, rules: Rules) -> Event | str:
    """The event of a record, or why it is rejected (all but `future` and `too_late`)."""
    if record.value is not None and len(record.value) > LARGEST:
        return "too_big"
    try:
        given = _structured(record)
    except MalformedError:
        return "malformed"
    if given.get("specversion") != "1.0":
        return "not_cloudevents"
    known = TYPES[record.topic]
    kind = given.get("type")
    if kind is not None and not (isinstance(kind, str) and kind in known):
        return "unknown_type"
    found = _faults(given, ENVELOPE)
    if kind is None or "data" not in given:
        found.add("missing_field")
    else:
        found |= _data_faults(given["data"], kind, known)
    tenant = given.get("tenantid", "default")
    if rules.tenants and isinstance(tenant, str) and tenant not in rules.tenants:
        found.add("unknown_tenant")
    return min(found, key=REASONS.index) if found else _event(given)


def _event(given: dict[str, Any]) -> Event:
    return Event(
        given["id"],
        given["source"],
        given["type"],
        time_ms(given["time"]),
        given["subject"],
        given.get("tenantid", "default"),
        _without_nulls(given["data"]),
    )


def _faults(given: Mapping[str, Any], checks: Mapping[str, Check]) -> set[str]:
    found: set[str] = set()
    for marked, check in checks.items():
        value = given.get(marked.lstrip("*"))
        if value is not None:
            found |= check(value)
        elif marked.startswith("*"):
            found.add("missing_field")
    return found


def _data_faults(data: Any, kind: str, known: Mapping[str, Mapping[str, Check]]) -> set[str]:
    if not isinstance(data, dict):
        return {"bad_type"}
    found: set[str] = set()
    for marked, check in {"test": boolean, **known[kind]}.items():
        name, required = marked.lstrip("*"), marked.startswith("*")
        if name not in data:
            found |= {"missing_field"} if required else set()
        elif data[name] is not None or required:
            found |= check(data[name])
    if kind == "cx.survey.retracted.v1" and data.get("all_of_subject") is not True:
        found |= check_given(data, "response_id")
    return found


def check_given(data: Mapping[str, Any], name: str) -> set[str]:
    """A field that is needed here though it is optional elsewhere."""
    if name not in data:
        return {"missing_field"}
    return {"bad_type"} if data[name] is None else set()


def _structured(record: Record) -> dict[str, Any]:
    """The event as one object, whichever mode it came in."""
    headers = dict(record.headers)
    structured = headers.get("content-type", b"").startswith(b"application/cloudevents")
    attributes = {name[3:]: value for name, value in headers.items() if name.startswith("ce_")}
    given = _parse(record.value)
    if attributes and not structured:
        try:
            given = {**{name: value.decode() for name, value in attributes.items()}, "data": given}
        except UnicodeDecodeError as error:
            raise MalformedError from error
    _look_through(given, 1)
    return _without_nulls(given)


def _parse(value: bytes | None) -> dict[str, Any]:
    try:
        parsed = json.loads((value or b"").decode(), parse_int=_integer, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise MalformedError from error
    if not isinstance(parsed, dict):
        raise MalformedError
    return parsed


def _integer(digits: str) -> int:
    """Python refuses to read integers of more than 4300 digits; one of 30 is off every scale as well."""
    return int(digits[:DIGITS_THAT_MATTER])


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _look_through(value: Any, depth: int) -> None:
    """Raise for what JSON parsers let pass: too deep, or text that is no Unicode."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise MalformedError from error
    elif isinstance(value, dict | list):
        if depth > DEEPEST:
            raise MalformedError
        for each in [*value, *value.values()] if isinstance(value, dict) else value:
            _look_through(each, depth + 1)


def _without_nulls(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}
