"""Strict decoders see what lenient ones do; what they cannot see through is left to those."""

import json
from typing import Any

import msgspec
import pytest

from stream.intake.events import TYPES, Interaction
from stream.intake.typed import Typed, strict
from tests.support.decoding import ANSWERED, INTERACTION
from tests.support.events import event, written


def compact(content: dict[str, Any]) -> bytes:
    """JSON without a space, to be spoilt byte by byte."""
    return json.dumps(content, separators=(",", ":")).encode()


GOOD = compact(event(INTERACTION, {"channel": "web", "valence": "neutral", "segments": {"plan": "pro"}}))
TICKET = written(event("cx.ticket.opened.v1"))
MARKED = GOOD[:-1] + b',"traceparent":"00-ab"}'
DEEP = GOOD[:-1] + b',"deep":' + b"[" * 16 + b"]" * 16 + b"}"
OUR_OWN = (GOOD, TICKET, written(event("cx.journey.started.v1")), GOOD + b" \n")
NO_EVENTS = (
    None,
    b"",
    b"1],[1",
    b"{}{}",
    b",",
    GOOD + b"," + GOOD,
    GOOD.replace(b'"acme"', b'"\xff"'),
    GOOD.replace(b'"pro"', b'"\xff"'),
    GOOD.replace(b'"plan"', b'"\xff"'),
    GOOD.replace(b'"1.0"', b'"\xff"'),
    GOOD.replace(b'"data":', b'"data":{"channel":"\xff"},"data":'),
    GOOD.replace(b'"id":"e-1"', b'"id":"\\ud800"'),
    GOOD.replace(b'"type":"cx.interaction.v1",', b""),
    b" " * 65_536 + GOOD,
)


def lenient(values: list[Any]) -> list[Any]:
    """What the lenient decoder alone makes of each."""
    typed = Typed(TYPES["interactions"].values())
    return [event for value in values for event in typed._leniently([value])]


@pytest.mark.parametrize("other", [*OUR_OWN, MARKED], ids=range(len(OUR_OWN) + 1))
@pytest.mark.parametrize("place", [0, 1, 2])
def test_events_are_the_same_in_any_company(other: bytes, place: int) -> None:
    """Interactions alone, with others, with attributes that are nobody's."""
    values = [GOOD, GOOD]
    values.insert(place, other)
    events, odd = Typed(TYPES["interactions"].values()).decode(values, [()] * 3)
    assert not odd
    assert lenient(values) == events
    assert events == lenient(values)
    assert [each.type for each in lenient(values)] == [each.type for each in events]


@pytest.mark.parametrize("bad", [*NO_EVENTS, DEEP], ids=range(len(NO_EVENTS) + 1))
@pytest.mark.parametrize("place", [0, 1, 2])
def test_no_decoder_takes_what_is_no_event(bad: bytes | None, place: int) -> None:
    """And those beside it are taken."""
    values: list[Any] = [GOOD, TICKET]
    values.insert(place, bad)
    events, odd = Typed(TYPES["interactions"].values()).decode(values, [()] * 3)
    assert events[place] is None or place in odd
    assert lenient([GOOD, TICKET]) == events[:place] + events[place + 1 :]


@pytest.mark.parametrize("place", [b"{", b'"data":{', b'"answers":[{'])
def test_what_nobody_knows_is_looked_at_wherever_it_stands(place: bytes) -> None:
    """Text that is no UTF-8, dropped unread, would make an event of what is malformed."""
    value = compact(event(ANSWERED, {"answers": [{"metric": "nps", "value": 9}]}))
    typed = Typed(TYPES["surveys"].values())
    assert place in value
    deep = b'"x":' + b"[" * 17 + b"]" * 17 + b","
    for unknown in (b'"x":"\xff",', b'"\xff":1,', b'"x":{"y":["\xff"]},', deep):
        events, odd = typed.decode([value, value.replace(place, place + unknown, 1)], [()] * 2)
        assert [1] == odd
        assert events[1] is None


def test_strict_types_take_known_attributes_alone() -> None:
    """Alone they ask for the type, which no tag does for them."""
    decode = msgspec.json.Decoder(strict(Interaction, alone=True)).decode
    assert isinstance(decode(GOOD), Interaction)
    no_type, two_ids = GOOD.replace(b'"type"', b'"kind"'), GOOD.replace(b'"type"', b'"id"')
    for spoilt in (MARKED, DEEP, TICKET, no_type, two_ids):
        with pytest.raises(msgspec.ValidationError):
            decode(spoilt)
