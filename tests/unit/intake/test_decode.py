"""Bytes become a typed event, or the first reason in the contract's order why they are none."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from stream.intake.decode import Decoder
from stream.intake.events import SurveyAnswered
from stream.intake.rejection import Reason, Rejection
from tests.support.decoding import ANSWERED, INTERACTION, PURCHASE, decode
from tests.support.events import TIME_MS, event, written

Spoil = Callable[[dict[str, Any]], None]


def test_response_is_decoded_with_all_its_fields() -> None:
    """The comment alone is thrown away."""
    data = {
        "answers": [{"metric": "nps", "value": 10}, {"metric": "csat", "skipped": True}],
        "revision": 2,
        "invitation_id": "inv-1",
        "survey_id": "post",
        "journey_id": "j-1",
        "level": "journey",
        "channel": "web",
        "touchpoint": "check.out:1",
        "segments": {"plan": "pro"},
        "comment": "lovely",
        "test": True,
    }
    decoded = decode(event(ANSWERED, data))
    assert not isinstance(decoded, Rejection)
    found, at_ms = decoded
    assert isinstance(found, SurveyAnswered)
    assert (TIME_MS, "e-1", "/tests", "c-81723", "acme") == (
        at_ms,
        found.id,
        found.source,
        found.subject,
        found.tenantid,
    )
    assert [("nps", 10, False), ("csat", None, True)] == [
        (answer.metric, answer.value, answer.skipped) for answer in found.data.answers
    ]
    for name in ("revision", "invitation_id", "survey_id", "journey_id", "level", "channel", "touchpoint"):
        assert data[name] == getattr(found.data, name)
    assert found.data.test
    assert {"plan": "pro"} == found.data.segments
    assert "lovely" not in repr(found)


def _no_version(content: dict[str, Any]) -> None:
    content["specversion"] = "0.3"


def _other_type(content: dict[str, Any]) -> None:
    content["type"] = "cx.survey.answered.v9"


def _no_id(content: dict[str, Any]) -> None:
    del content["id"]


def _bad_time(content: dict[str, Any]) -> None:
    content["time"] = "now"


def _bad_channel(content: dict[str, Any]) -> None:
    content["data"]["channel"] = "a b"


def _email(content: dict[str, Any]) -> None:
    content["subject"] = "jane@example.com"


def _stranger(content: dict[str, Any]) -> None:
    content["tenantid"] = "initech"


def _off(content: dict[str, Any]) -> None:
    content["data"]["answers"][0]["value"] = 11


SPOILERS: list[tuple[Reason, Spoil]] = [
    (Reason.NOT_CLOUDEVENTS, _no_version),
    (Reason.UNKNOWN_TYPE, _other_type),
    (Reason.MISSING_FIELD, _no_id),
    (Reason.BAD_TYPE, _bad_time),
    (Reason.BAD_LABEL, _bad_channel),
    (Reason.PERSONAL_DATA, _email),
    (Reason.UNKNOWN_TENANT, _stranger),
    (Reason.OFF_SCALE, _off),
]


@pytest.mark.parametrize("first", range(len(SPOILERS)))
def test_first_reason_in_the_order_of_the_contract_is_the_one(first: int) -> None:
    """With every later fault in the same event too, alone and together."""
    earliest, spoil_first = SPOILERS[first]
    content = event(ANSWERED)
    spoil_first(content)
    decoder = Decoder("surveys", frozenset({"acme"}))
    decoder.decode(written(event(ANSWERED)))
    for later in [SPOILERS[first + 1 :], *([spoiler] for spoiler in SPOILERS[first + 1 :]), []]:
        spoilt = copy.deepcopy(content)
        for _, spoil in later:
            spoil(spoilt)
        rejection = decoder.decode(written(spoilt))
        assert isinstance(rejection, Rejection)
        assert earliest == rejection.reason


def test_details_name_fields_and_never_what_is_in_them() -> None:
    """They end in headers and logs."""
    canary = "s3kret"
    spoilt = [
        event(INTERACTION, {"valence": canary}),
        event(INTERACTION, {"channel": f"{canary} !"}),
        event(INTERACTION, {"segments": {canary: 5}}),
        event(INTERACTION, {"segments": {canary: "a b"}}),
        event(INTERACTION, {"duration_ms": canary}),
        event(INTERACTION, subject=f"{canary}@example.com"),
        event(INTERACTION, time=canary),
        event(INTERACTION, tenantid=canary.upper()),
        event(ANSWERED, {"answers": [{"metric": canary, "value": 1}]}),
        event(PURCHASE, {"amount": canary, "currency": canary}),
        event(PURCHASE, {"currency": canary}),
        {**event(INTERACTION), canary: {canary: canary}, "id": 5},
    ]
    for content in spoilt:
        rejection = decode(content)
        assert isinstance(rejection, Rejection)
        assert canary not in rejection.detail.lower()
        assert rejection.detail
