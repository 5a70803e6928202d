"""Labels, tenants and subjects: what may end in a metric, and what must not."""

import pytest

from stream.intake.decode import Decoder
from stream.intake.rejection import Rejection
from tests.support.decoding import ANSWERED, INTERACTION, PURCHASE, SENT, decode, reason
from tests.support.events import event, written

BAD_LABELS = ["", "a b", "web\n", "\nweb", "x" * 65, "wéb", "a/b", "a,b", "a+b", "a\x00b", "\uff57eb"]
LABELS = [
    (ANSWERED, "channel"),
    (ANSWERED, "touchpoint"),
    (ANSWERED, "survey_id"),
    (ANSWERED, "segments"),
    (SENT, "channel"),
    (SENT, "touchpoint"),
    (SENT, "survey_id"),
    (SENT, "segments"),
    (INTERACTION, "channel"),
    (INTERACTION, "touchpoint"),
    (INTERACTION, "segments"),
    ("cx.ticket.opened.v1", "channel"),
]


@pytest.mark.parametrize(("type_", "name"), LABELS)
def test_label_is_checked_as_a_whole(type_: str, name: str) -> None:
    """Also by a decoder that has seen good ones; a line feed at the end does not slip through."""
    for bad in BAD_LABELS:
        assert reason(event(type_, {name: {"unused": bad} if name == "segments" else bad})) == "bad_label"
    for good in ("a", "Z9_.:-", "x" * 64):
        assert reason(event(type_, {name: {"unused": good} if name == "segments" else good})) is None


@pytest.mark.parametrize("tenant", ["", "ACME", "a.b", "a:b", "acme\n", "a" * 65, "å"])
def test_bad_tenant_is_a_bad_label(tenant: str) -> None:
    """Also when it is good as another label, and known as such."""
    decoder = Decoder("interactions")
    known = {"channel": "a.b", "touchpoint": "ACME", "segments": {"plan": "a:b"}}
    assert not isinstance(decoder.decode(written(event(INTERACTION, known))), Rejection)
    rejection = decoder.decode(written(event(INTERACTION, known, tenantid=tenant)))
    assert isinstance(rejection, Rejection)
    assert rejection.reason == "bad_label"


@pytest.mark.parametrize(
    "subject",
    [
        "jane.doe@example.com",
        "mailto:jane@example.com",
        "Jane Doe <jane@example.com>",
        "jane%40example.com",
        "jané@exämple.com",
        "id-7 jane@mail.example.org",
    ],
)
def test_subject_that_looks_like_an_email_address_is_personal_data(subject: str) -> None:
    """Anywhere in it; the reason's detail does not repeat it."""
    for type_ in (ANSWERED, INTERACTION, PURCHASE):
        assert reason(event(type_, subject=subject)) == "personal_data"
        assert "jan" not in repr(decode(event(type_, subject=subject)))


@pytest.mark.parametrize(
    "subject", ["c-81723", "user@7", "@handle", "50%", "a@b@c", "twice@ example.com", "v1.2@."]
)
def test_subject_that_is_no_email_address_is_opaque(subject: str) -> None:
    """An `@` alone is no address."""
    assert reason(event(INTERACTION, subject=subject)) is None


def test_only_the_tenants_named_are_served() -> None:
    """With none named, all are."""
    served = frozenset({"acme", "default"})
    assert reason(event(INTERACTION, tenantid="acme"), served) is None
    assert reason(event(INTERACTION, tenantid="initech"), served) == "unknown_tenant"
    assert reason(event(INTERACTION, tenantid="initech")) is None
    assert reason(event(INTERACTION, tenantid=None), served) is None
    assert reason(event(INTERACTION, tenantid=None), frozenset({"acme"})) == "unknown_tenant"


def test_room_for_known_labels_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of new values neither grows the memory nor changes what is accepted."""
    monkeypatch.setattr("stream.intake.decode._MAX_KNOWN", 50)
    decoder = Decoder("interactions")
    for number in range(500):
        content = event(INTERACTION, {"channel": f"c{number}"}, tenantid=f"t{number}")
        assert not isinstance(decoder.decode(written(content)), Rejection)
        assert len(decoder._known) <= 55
        assert len(decoder._known_tenants) <= 55
    assert isinstance(decoder.decode(written(event(INTERACTION, {"channel": "a b"}))), Rejection)
