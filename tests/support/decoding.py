"""What a decoder says of an event, in one word."""

from typing import Any

from stream.intake.decode import Decoder
from stream.intake.events import TOPIC_OF, Event
from stream.intake.rejection import Rejection
from tests.support.events import event, written

SENT = "cx.survey.sent.v1"
ANSWERED = "cx.survey.answered.v1"
RETRACTED = "cx.survey.retracted.v1"
INTERACTION = "cx.interaction.v1"
PURCHASE = "cx.purchase.v1"


def decode(content: Any, tenants: frozenset[str] = frozenset()) -> tuple[Event, int] | Rejection:
    """Decode an event on the topic of its type."""
    return Decoder(TOPIC_OF[content["type"]], tenants).decode(written(content))


def reason(content: Any, tenants: frozenset[str] = frozenset()) -> str | None:
    """The reason to reject an event; None: it is accepted. A decoder that has seen much says the same."""
    fresh, used = Decoder(TOPIC_OF[content["type"]], tenants), Decoder(TOPIC_OF[content["type"]], tenants)
    for type_, topic in TOPIC_OF.items():
        if topic == TOPIC_OF[content["type"]]:
            used.decode(written(event(type_, {"channel": "web", "segments": {"plan": "pro"}})))
    first, second = fresh.decode(written(content)), used.decode(written(content))
    assert first == second
    return first.reason if isinstance(first, Rejection) else None


def answered(*answers: Any, **attributes: Any) -> dict[str, Any]:
    """A response with these answers."""
    return event(ANSWERED, {"answers": list(answers)}, **attributes)
