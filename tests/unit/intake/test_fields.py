"""The fields of events: which are required, what they hold, and what is wrong when they do not."""

from typing import Any

import pytest

from stream.intake.decode import Decoder
from stream.intake.rejection import Rejection
from tests.support.decoding import ANSWERED, INTERACTION, PURCHASE, RETRACTED, SENT, decode, reason
from tests.support.events import event, written


@pytest.mark.parametrize("name", ["id", "source", "type", "time", "subject", "data"])
def test_attribute_that_is_missing_or_null_is_a_missing_field(name: str) -> None:
    """The JSON format of CloudEvents has null mean that an attribute is not there."""
    without = event(INTERACTION)
    del without[name]
    decoder = Decoder("interactions")
    for content in (without, {**without, name: None}):
        rejection = decoder.decode(written(content))
        assert isinstance(rejection, Rejection)
        assert ("missing_field", f"{name} is missing") == (rejection.reason, rejection.detail)


@pytest.mark.parametrize("version", [None, "", "0.3", "1.1", 1.0, 1, True, ["1.0"], {}])
def test_only_specversion_1_0_is_a_cloud_event(version: Any) -> None:
    """Whatever else is wrong with it."""
    assert reason(event(INTERACTION, specversion=version, id=5)) == "not_cloudevents"


@pytest.mark.parametrize(
    "type_", ["", "cx.interaction.v2", "cx.interaction", "CX.INTERACTION.V1", 5, True, [], {}]
)
def test_type_that_nobody_knows_is_unknown(type_: Any) -> None:
    """Also one that is no string, before any missing field."""
    content = {**event(INTERACTION), "type": type_}
    del content["id"]
    rejection = Decoder("interactions").decode(written(content))
    assert isinstance(rejection, Rejection)
    assert rejection.reason == "unknown_type"


REQUIRED = [
    (SENT, "survey_id"),
    (SENT, "invitation_id"),
    (SENT, "metrics"),
    (SENT, "level"),
    (ANSWERED, "response_id"),
    (ANSWERED, "answers"),
    (RETRACTED, "reason"),
    (RETRACTED, "response_id"),
    ("cx.survey.declined.v1", "invitation_id"),
    ("cx.survey.expired.v1", "invitation_id"),
    (INTERACTION, "interaction_id"),
    (INTERACTION, "channel"),
    ("cx.journey.started.v1", "journey_id"),
    ("cx.journey.started.v1", "name"),
    ("cx.journey.ended.v1", "journey_id"),
    ("cx.journey.ended.v1", "outcome"),
    ("cx.ticket.opened.v1", "ticket_id"),
    ("cx.ticket.opened.v1", "channel"),
    ("cx.ticket.responded.v1", "ticket_id"),
    ("cx.ticket.responded.v1", "responder"),
    ("cx.ticket.reopened.v1", "ticket_id"),
    ("cx.ticket.handed_over.v1", "ticket_id"),
    ("cx.ticket.resolved.v1", "ticket_id"),
    *((type_, name) for type_ in (PURCHASE, "cx.refund.v1") for name in ("order_id", "amount", "currency")),
    *(
        (f"cx.subscription.{what}.v1", "subscription_id")
        for what in ("started", "cancelled", "paused", "resumed")
    ),
]


@pytest.mark.parametrize(("type_", "name"), REQUIRED)
def test_required_field_is_missing_when_absent_and_ill_typed_when_null(type_: str, name: str) -> None:
    """These are the starred fields of the contract."""
    content = event(type_)
    del content["data"][name]
    assert reason(content) == "missing_field"
    assert reason(event(type_, {name: None})) == "bad_type"


OPTIONAL = {
    "test": False,
    "touchpoint": None,
    "valence": None,
    "outcome": None,
    "duration_ms": None,
    "segments": None,
    "journey_id": None,
}


@pytest.mark.parametrize("name", OPTIONAL)
def test_optional_field_that_is_null_is_absent(name: str) -> None:
    """Many publishers write null for what they do not have."""
    decoded = decode(event(INTERACTION, {name: None}))
    assert not isinstance(decoded, Rejection)
    assert OPTIONAL[name] == getattr(decoded[0].data, name)


def test_null_tenant_is_the_default_tenant() -> None:
    """As for one that is not there."""
    decoded = decode(event(INTERACTION, tenantid=None))
    assert not isinstance(decoded, Rejection)
    assert decoded[0].tenantid == "default"


_NO_MONEY = [
    19.9,
    19,
    "",
    "1e3",
    "1,5",
    ".5",
    "5.",
    "+5",
    "5\n",
    " 5",
    "\u0665",
    "NaN",
    "9" * 19,
    "0." + "1" * 19,
]
ILL_TYPED: list[tuple[str, str, list[Any]]] = [
    (ANSWERED, "revision", [0, -1, 2**63, 10**30, True, 1.0, "1"]),
    (ANSWERED, "level", ["galaxy", "Journey", "", 1]),
    (ANSWERED, "response_id", [5, "", "r" * 129, ["r"]]),
    (ANSWERED, "segments", ["pro", ["pro"], {"plan": 1}, {"plan": None}, {"plan": {}}]),
    (ANSWERED, "channel", [5, True, ["web"], {"web": 1}]),
    (ANSWERED, "test", [1, "true", 0]),
    (SENT, "metrics", ["nps", ["happiness"], [1], {}, [None]]),
    (SENT, "expires_at", ["tomorrow", 1_777_889_730, "2026-05-04", "", "2026-05-04T10:15:30"]),
    (RETRACTED, "reason", ["because", "", 1]),
    (INTERACTION, "valence", ["happy", "Positive", 1, ""]),
    (INTERACTION, "outcome", ["won", ""]),
    (INTERACTION, "duration_ms", [-1, 1.5, "5", 2**63, True]),
    ("cx.journey.started.v1", "name", ["", "n" * 129]),
    ("cx.journey.ended.v1", "outcome", ["success"]),
    ("cx.ticket.responded.v1", "responder", ["cat"]),
    (PURCHASE, "amount", [*_NO_MONEY, "-5.00"]),
    (PURCHASE, "margin", _NO_MONEY),
    (PURCHASE, "currency", ["EURO", "eur", "EUR\n", "ZZZ", "XXX", "", 978]),
    ("cx.subscription.paused.v1", "effective_at", ["soon"]),
]


@pytest.mark.parametrize(
    ("type_", "name", "bad"),
    [(type_, name, bad) for type_, name, every in ILL_TYPED for bad in every],
    ids=lambda content: repr(content)[:40],
)
def test_field_of_another_kind_is_a_bad_type(type_: str, name: str, bad: Any) -> None:
    """Ids, closed sets of words, counters, times and money have their bounds."""
    assert reason(event(type_, {name: bad})) == "bad_type"


@pytest.mark.parametrize(
    ("type_", "data"),
    [
        (ANSWERED, {"revision": 2**63 - 1}),
        (ANSWERED, {"response_id": "ü" * 128}),
        (ANSWERED, {"segments": {}}),
        (ANSWERED, {"comment": {"any": ["thing"]}}),
        (SENT, {"metrics": []}),
        (SENT, {"expires_at": "2026-06-04T10:15:30+02:00"}),
        (INTERACTION, {"duration_ms": 0}),
        (PURCHASE, {"amount": "0", "margin": "-0.000000000000000001"}),
        (PURCHASE, {"amount": "9" * 18 + "." + "9" * 18}),
    ],
)
def test_field_at_its_bound_is_accepted(type_: str, data: dict[str, Any]) -> None:
    """The bounds themselves are within."""
    assert reason(event(type_, data)) is None


@pytest.mark.parametrize("name", ["id", "source", "subject", "tenantid", "time"])
def test_attribute_that_is_no_string_is_a_bad_type(name: str) -> None:
    """Numbers are not ids."""
    for bad in (5, True, ["x"], {"x": 1}):
        assert reason({**event(INTERACTION), name: bad}) == "bad_type"


@pytest.mark.parametrize(("name", "longest"), [("id", 128), ("source", 255), ("subject", 128)])
def test_attributes_have_a_length(name: str, longest: int) -> None:
    """In characters, not bytes."""
    assert reason({**event(INTERACTION), name: "ü" * longest}) is None
    assert reason({**event(INTERACTION), name: "x" * (longest + 1)}) == "bad_type"
    assert reason({**event(INTERACTION), name: ""}) == "bad_type"
