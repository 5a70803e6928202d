"""The events of the contract: CloudEvents 1.0 envelopes, one class for each event type.

    topic          types
    surveys        cx.survey.*
    interactions   cx.interaction, cx.journey.*, cx.ticket.*
    relationships  cx.purchase, cx.refund, cx.subscription.*

Only the attributes that stand here survive decoding; CloudEvents' extension attributes are allowed and
dropped.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal, get_args

from msgspec import Meta, Struct

from stream.intake import payloads
from stream.intake.payloads import Id

Source = Annotated[str, Meta(min_length=1, max_length=255)]


class Envelope(Struct, frozen=True, kw_only=True, gc=False, tag_field="type"):
    """The attributes of CloudEvents that are used. `time` is RFC 3339, as it was written."""

    type: ClassVar[str]
    """The event type, such as `cx.survey.sent.v1`."""

    specversion: Literal["1.0"]
    id: Id
    source: Source
    time: str
    subject: Id
    tenantid: str = "default"


class SurveySent(Envelope, frozen=True, kw_only=True, gc=False, tag="cx.survey.sent.v1"):
    """A customer was invited to answer."""

    data: payloads.SurveySentData


class SurveyAnswered(Envelope, frozen=True, kw_only=True, gc=False, tag="cx.survey.answered.v1"):
    """A customer answered, or edited an answer (`revision`)."""

    data: payloads.SurveyAnsweredData


class SurveyRetracted(Envelope, frozen=True, kw_only=True, gc=False, tag="cx.survey.retracted.v1"):
    """Answers leave every window."""

    data: payloads.SurveyRetractedData


class SurveyDeclined(Envelope, frozen=True, kw_only=True, gc=False, tag="cx.survey.declined.v1"):
    """A customer declined an invitation."""

    data: payloads.InvitationData


class SurveyExpired(Envelope, frozen=True, kw_only=True, gc=False, tag="cx.survey.expired.v1"):
    """An invitation ran out."""

    data: payloads.InvitationData


class Interaction(Envelope, frozen=True, kw_only=True, gc=False, tag="cx.interaction.v1"):
    """A customer and the company met on a channel."""

    data: payloads.InteractionData


class JourneyStarted(Envelope, frozen=True, kw_only=True, gc=False, tag="cx.journey.started.v1"):
    """A customer set out on a journey."""

    data: payloads.JourneyStartedData


class JourneyEnded(Envelope, frozen=True, kw_only=True, gc=False, tag="cx.journey.ended.v1"):
    """A journey came to its end."""

    data: payloads.JourneyEndedData


class TicketOpened(Envelope, frozen=True, kw_only=True, gc=False, tag="cx.ticket.opened.v1"):
    """A customer asked for support."""

    data: payloads.TicketOpenedData


class TicketResponded(Envelope, frozen=True, kw_only=True, gc=False, tag="cx.ticket.responded.v1"):
    """Somebody, or something, responded to a ticket."""

    data: payloads.TicketRespondedData


class TicketReopened(Envelope, frozen=True, kw_only=True, gc=False, tag="cx.ticket.reopened.v1"):
    """A ticket was opened again."""

    data: payloads.TicketData


class TicketHandedOver(Envelope, frozen=True, kw_only=True, gc=False, tag="cx.ticket.handed_over.v1"):
    """A ticket went to somebody else."""

    data: payloads.TicketData


class TicketResolved(Envelope, frozen=True, kw_only=True, gc=False, tag="cx.ticket.resolved.v1"):
    """A ticket was resolved."""

    data: payloads.TicketData


class Purchase(Envelope, frozen=True, kw_only=True, gc=False, tag="cx.purchase.v1"):
    """A customer bought."""

    data: payloads.OrderData


class Refund(Envelope, frozen=True, kw_only=True, gc=False, tag="cx.refund.v1"):
    """A customer was paid back."""

    data: payloads.OrderData


class SubscriptionStarted(Envelope, frozen=True, kw_only=True, gc=False, tag="cx.subscription.started.v1"):
    """A subscription began."""

    data: payloads.SubscriptionData


class SubscriptionCancelled(
    Envelope, frozen=True, kw_only=True, gc=False, tag="cx.subscription.cancelled.v1"
):
    """A subscription was cancelled."""

    data: payloads.SubscriptionData


class SubscriptionPaused(Envelope, frozen=True, kw_only=True, gc=False, tag="cx.subscription.paused.v1"):
    """A subscription was paused."""

    data: payloads.SubscriptionData


class SubscriptionResumed(Envelope, frozen=True, kw_only=True, gc=False, tag="cx.subscription.resumed.v1"):
    """A paused subscription went on."""

    data: payloads.SubscriptionData


SurveyEvent = SurveySent | SurveyAnswered | SurveyRetracted | SurveyDeclined | SurveyExpired
InteractionEvent = (
    Interaction
    | JourneyStarted
    | JourneyEnded
    | TicketOpened
    | TicketResponded
    | TicketReopened
    | TicketHandedOver
    | TicketResolved
)
RelationshipEvent = (
    Purchase | Refund | SubscriptionStarted | SubscriptionCancelled | SubscriptionPaused | SubscriptionResumed
)
Event = SurveyEvent | InteractionEvent | RelationshipEvent


def _by_type(events: object) -> Mapping[str, type[Event]]:
    """The classes of a union by event type."""
    classes: dict[str, type[Event]] = {}
    for event_class in get_args(events):
        event_class.type = str(event_class.__struct_config__.tag)
        classes[event_class.type] = event_class
    return MappingProxyType(classes)


TYPES: Mapping[str, Mapping[str, type[Event]]] = MappingProxyType(
    {
        "surveys": _by_type(SurveyEvent),
        "interactions": _by_type(InteractionEvent),
        "relationships": _by_type(RelationshipEvent),
    }
)
"""Topic without prefix → event type → class."""

TOPIC_OF: Mapping[str, str] = MappingProxyType(
    {type_: topic for topic, types in TYPES.items() for type_ in types}
)
"""Event type → topic without prefix."""
