"""The event types of the contract."""

import msgspec
import pytest

from stream.intake.decode import Decoder
from stream.intake.events import TOPIC_OF, TYPES, Envelope
from stream.intake.rejection import Rejection
from tests.support.events import DATA, TIME_MS, event, written

_TYPES = [(topic, type_) for topic, types in TYPES.items() for type_ in types]


def test_every_event_class_belongs_to_one_topic() -> None:
    """A class that is in no topic would never be decoded."""
    listed = [event_class for types in TYPES.values() for event_class in types.values()]
    assert sorted(map(repr, Envelope.__subclasses__())) == sorted(map(repr, listed))
    assert len(set(listed)) == len(listed) == len(TOPIC_OF)


def test_every_type_has_a_good_event_in_the_tests() -> None:
    """And the tests invent none."""
    assert set(TOPIC_OF) == set(DATA)


@pytest.mark.parametrize(("topic", "type_"), _TYPES)
def test_event_with_required_fields_alone_is_decoded(topic: str, type_: str) -> None:
    """What is optional is None then; the tenant is `default`; nobody has to say that it is no test."""
    good = event(type_)
    del good["tenantid"]
    decoded = Decoder(topic).decode(written(good))
    assert not isinstance(decoded, Rejection)
    found, at_ms = decoded
    assert type_ == found.type
    assert isinstance(found, TYPES[topic][type_])
    assert ("default", TIME_MS, False) == (found.tenantid, at_ms, found.data.test)
    given = msgspec.to_builtins(found.data)
    optional = {name: content for name, content in given.items() if name not in DATA[type_]}
    assert all(content in (None, False, 1) for content in optional.values())


@pytest.mark.parametrize(("topic", "type_"), _TYPES)
def test_unknown_fields_do_not_survive(topic: str, type_: str) -> None:
    """Extension attributes of CloudEvents are allowed, and dropped like every field that nobody knows."""
    extended = event(
        type_, {"comment": "sekret", "extra": ["sekret"]}, traceparent="sekret", unknown={"a": "sekret"}
    )
    decoded = Decoder(topic).decode(written(extended))
    assert not isinstance(decoded, Rejection)
    assert "sekret" not in repr(decoded)


@pytest.mark.parametrize(("topic", "type_"), _TYPES)
def test_type_on_another_topic_is_unknown_there(topic: str, type_: str) -> None:
    """Told with the topic where it belongs."""
    for other in TYPES.keys() - {topic}:
        rejection = Decoder(other).decode(written(event(type_)))
        assert isinstance(rejection, Rejection)
        assert ("unknown_type", f"type belongs on the topic of {topic}") == (
            rejection.reason,
            rejection.detail,
        )
