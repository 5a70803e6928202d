"""Events find the topic of their type, and get the reason that a worker would give."""

from typing import Any

import orjson
import pytest

from stream.intake.events import TYPES
from stream.intake.rejection import Reason, Rejection
from stream.routing import Routed, Router
from tests.support.events import event


def _route(found: dict[str, Any], tenants: frozenset[str] = frozenset()) -> Routed | Rejection:
    return Router(tenants).route(orjson.dumps(found))


@pytest.mark.parametrize(
    ("topic", "kind"), [(topic, kind) for topic, kinds in TYPES.items() for kind in kinds]
)
def test_the_type_decides_the_topic(topic: str, kind: str) -> None:
    """Nobody has to know which topic an event belongs to."""
    routed = _route(event(kind))

    assert isinstance(routed, Routed)
    assert (topic, b"acme:c-81723") == (routed.topic, routed.key)


def test_the_key_of_an_event_without_tenant_names_the_default_one() -> None:
    """As the worker reads it."""
    untold = {name: value for name, value in event("cx.interaction.v1").items() if name != "tenantid"}
    routed = _route(untold)

    assert isinstance(routed, Routed)
    assert routed.key == b"default:c-81723"


@pytest.mark.parametrize(
    ("reason", "value"),
    [
        (Reason.MALFORMED, b"nonsense"),
        (Reason.MALFORMED, b"[" * 10_000),
        (Reason.MALFORMED, b"\xff"),
        (Reason.TOO_BIG, b" " * 70_000),
        (Reason.NOT_CLOUDEVENTS, b"{}"),
        (Reason.UNKNOWN_TYPE, orjson.dumps(event("cx.interaction.v1", type="cx.unheard.of"))),
        (Reason.BAD_LABEL, orjson.dumps(event("cx.interaction.v1", {"channel": "a b"}))),
    ],
)
def test_what_no_topic_would_take_has_its_reason(reason: Reason, value: bytes) -> None:
    """Whatever the bytes are."""
    found = Router().route(value)

    assert isinstance(found, Rejection)
    assert reason is found.reason


def test_a_tenant_that_is_not_known_is_told_before_sending() -> None:
    """With CX_TENANTS set where the publisher runs."""
    found = _route(event("cx.interaction.v1"), frozenset({"other"}))

    assert isinstance(found, Rejection)
    assert found.reason is Reason.UNKNOWN_TENANT
