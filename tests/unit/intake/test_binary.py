"""CloudEvents in binary mode: attributes in `ce_` headers, data in the value."""

import json
from typing import Any

import pytest

from stream.intake.decode import Decoder
from stream.intake.events import TOPIC_OF
from stream.intake.rejection import Rejection
from tests.support.events import DATA, event, written

ANSWERED = "cx.survey.answered.v1"
Headers = list[tuple[str, Any]]


def headers(content: dict[str, Any], **others: Any) -> Headers:
    """The attributes of an event as headers, others put over them; `...` takes one away."""
    attributes = {name: text for name, text in content.items() if name != "data"} | others
    texts = {name: text.encode() if isinstance(text, str) else text for name, text in attributes.items()}
    return [(f"ce_{name}", text) for name, text in texts.items() if text is not ...]


def reason(value: bytes | None, given: Headers) -> str | None:
    """Why a record on the topic of surveys is rejected; None: it is not."""
    found = Decoder("surveys").decode(value, given)
    return str(found.reason) if isinstance(found, Rejection) else None


@pytest.mark.parametrize("type_", DATA)
def test_binary_mode_gives_the_same_event_as_structured_mode(type_: str) -> None:
    """Whatever other headers there are."""
    content = event(type_, {"test": True})
    decoder = Decoder(TOPIC_OF[type_])
    structured = decoder.decode(written(content))
    assert not isinstance(structured, Rejection)
    given = [
        ("traceparent", b"\xff"),
        *headers(content),
        ("content-type", b"application/json"),
        ("ce_x", b"\xff"),
    ]
    assert structured == decoder.decode(written(content["data"]), given)


@pytest.mark.parametrize(
    "given",
    [
        [("content-type", b"application/cloudevents+json; charset=utf-8")],
        [("content-type", b"Application/CloudEvents+JSON"), ("ce_specversion", b"1.0"), ("ce_id", b"other")],
        [("ce_id", b"other"), ("ce_type", b"other")],
        [("traceparent", b"00-1")],
        [("ce_specversion", None)],
    ],
)
def test_structured_mode_stays_structured(given: Headers) -> None:
    """`ce_` headers beside a whole CloudEvent are for routing; the value counts."""
    content = written(event(ANSWERED))
    assert Decoder("surveys").decode(content) == Decoder("surveys").decode(content, given)


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"null",
        b"5",
        b"[]",
        b'"x"',
        b"{}{}",
        b"{},",
        b'{}, "subject": "c-2"',
        b'{"response_id": "r-1"}, "data": {}',
        b"{}}",
        b"{",
        b"\xff",
        b"\xef\xbb\xbf{}",
        b'{"extra": "\xff"}',
        b'{"extra": "\\ud800"}',
        b'{"extra": NaN}',
        b'{"extra": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    ],
)
def test_data_that_is_not_one_json_object_is_malformed(value: bytes | None) -> None:
    """Nor can data add to the attributes, or end the event early."""
    assert reason(value, headers(event(ANSWERED))) == "malformed"


def test_depth_is_that_of_the_structured_event() -> None:
    """Data is one level down."""
    content = event(ANSWERED)
    deep, deeper = (
        json.dumps(content["data"])[:-1].encode() + b', "x": ' + b"[" * n + b"]" * n + b"}" for n in (14, 15)
    )
    assert reason(deep, headers(content)) is None
    assert reason(deeper, headers(content)) == "malformed"


@pytest.mark.parametrize(
    ("expected", "others"),
    [
        ("not_cloudevents", {"specversion": "0.3"}),
        ("not_cloudevents", {"specversion": ""}),
        ("unknown_type", {"type": "cx.survey.answered.v9"}),
        ("missing_field", {"type": ...}),
        ("missing_field", {"id": ...}),
        ("missing_field", {"id": None}),
        ("missing_field", {"time": ...}),
        ("bad_type", {"id": ""}),
        ("bad_type", {"time": "now"}),
        ("bad_label", {"tenantid": "ACME"}),
        ("bad_label", {"tenantid": 'acme","subject":"c-2'}),
        ("personal_data", {"subject": "jane@example.com"}),
        ("malformed", {"subject": b"\xff"}),
        ("malformed", {"subject": b"\xed\xa0\x80"}),
        (None, {"tenantid": ...}),
        (None, {"subject": 'c"\\\n\x00\x1f'}),
        (None, {"subject": "zoë"}),
    ],
)
def test_headers_follow_the_rules_of_attributes(expected: str | None, others: dict[str, Any]) -> None:
    """Their text is data: no quote, backslash or control character in it gets anywhere else."""
    content = event(ANSWERED)
    assert expected == reason(written(content["data"]), headers(content, **others))


def test_data_is_never_taken_from_a_header() -> None:
    """`data` is no attribute, so there is no such header."""
    content = event(ANSWERED)
    given = [*headers(content), ("ce_data", b'{"response_id": "r-1", "answers": []}')]
    assert reason(b"{}", given) == "missing_field"


def test_last_of_two_equal_headers_counts() -> None:
    """As of two equal members."""
    content = event(ANSWERED)
    given = [("ce_subject", b"first"), *headers(content)]
    assert Decoder("surveys").decode(written(content)) == Decoder("surveys").decode(
        written(content["data"]), given
    )


def test_integers_stay_as_long_as_they_are() -> None:
    """The way over JSON rounds nothing."""
    content = event(ANSWERED)
    value = b'{"response_id": "r-1", "answers": [{"metric": "nps", "value": ' + b"9" * 5_000 + b"}]}"
    assert reason(value, headers(content)) == "off_scale"


@pytest.mark.parametrize("where", ["value", "header"])
def test_event_over_64_kib_is_too_big_wherever_its_bytes_are(where: str) -> None:
    """Told before parsing; other headers do not count."""
    content = event(ANSWERED)
    value, given = written(content["data"]), headers(content)
    assert reason(value, [*given, ("ce_extension", b"x" * 100_000), ("other", b"x" * 100_000)]) is None
    if where == "value":
        value = b"\xff" * 65_500
    else:
        given.append(("ce_source", b"\xff" * 65_536))
    assert reason(value, given) == "too_big"
