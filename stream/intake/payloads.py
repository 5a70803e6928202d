"""What an event carries in `data`, one type for each shape.

Only the fields that stand here survive decoding. What a type alone cannot say (labels, times, scales,
fields that need one another) is in `checks.py`. An optional field that is absent or null is None.
"""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

Id = Annotated[str, Meta(min_length=1, max_length=128)]
# Counters end where the number no longer fits a signed 64-bit integer.
Revision = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Milliseconds = Annotated[int, Meta(ge=0, le=2**63 - 1)]
# Exact in 38 decimal digits. `\Z`, because `$` also accepts a line feed at the end.
Amount = Annotated[str, Meta(pattern=r"^[0-9]{1,18}(\.[0-9]{1,18})?\Z")]
SignedAmount = Annotated[str, Meta(pattern=r"^-?[0-9]{1,18}(\.[0-9]{1,18})?\Z")]

Level = Literal["interaction", "journey", "relationship"]
Metric = Literal["nps", "csat", "ces", "satisfaction", "expectations", "ideal", "needs", "ease", "enjoyment"]
Segments = dict[str, str]


class Data(Struct, frozen=True, kw_only=True, gc=False):
    """What every event may carry in `data`. `test`: counted apart, in no score."""

    test: bool = False


class Answer(Struct, frozen=True, kw_only=True, gc=False):
    """One answer of a response: a value on the metric's own scale, or skipped."""

    metric: Metric
    value: int | None = None
    skipped: bool = False


class SurveySentData(Data, frozen=True, kw_only=True, gc=False):
    """An invitation. `expires_at` is RFC 3339; None: 30 days after it was sent."""

    survey_id: str
    invitation_id: Id
    metrics: list[Metric]
    level: Level
    channel: str | None = None
    touchpoint: str | None = None
    segments: Segments | None = None
    journey_id: Id | None = None
    expires_at: str | None = None
    valence: ClassVar[None] = None
    """None: what comes often is looked at together, as are its answers and its end."""
    answers: ClassVar[tuple[()]] = ()


class SurveyAnsweredData(Data, frozen=True, kw_only=True, gc=False):
    """A response; what it leaves out comes from its invitation."""

    response_id: Id
    answers: list[Answer]
    revision: Revision = 1
    invitation_id: Id | None = None
    survey_id: str | None = None
    journey_id: Id | None = None
    level: Level | None = None
    channel: str | None = None
    touchpoint: str | None = None
    segments: Segments | None = None
    valence: ClassVar[None] = None
    expires_at: ClassVar[None] = None


class SurveyRetractedData(Data, frozen=True, kw_only=True, gc=False):
    """Takes one response back, or all of the customer's that stand before it: one of the two is given."""

    reason: Literal["gdpr", "fraud", "test", "error", "consent"]
    response_id: Id | None = None
    all_of_subject: bool = False


class InvitationData(Data, frozen=True, kw_only=True, gc=False):
    """An invitation that was declined or ran out."""

    invitation_id: Id


class InteractionData(Data, frozen=True, kw_only=True, gc=False):
    """One exchange between customer and company."""

    interaction_id: Id
    channel: str
    touchpoint: str | None = None
    valence: Literal["positive", "neutral", "negative"] | None = None
    level: ClassVar[str] = "interaction"
    outcome: Literal["success", "failure", "abandoned", "unknown"] | None = None
    duration_ms: Milliseconds | None = None
    segments: Segments | None = None
    journey_id: Id | None = None


class JourneyStartedData(Data, frozen=True, kw_only=True, gc=False):
    """A goal the customer began to pursue."""

    journey_id: Id
    name: Id


class JourneyEndedData(Data, frozen=True, kw_only=True, gc=False):
    """How the pursuit ended."""

    journey_id: Id
    outcome: Literal["achieved", "failed", "abandoned"]


class TicketOpenedData(Data, frozen=True, kw_only=True, gc=False):
    """A request for support."""

    ticket_id: Id
    channel: str


class TicketRespondedData(Data, frozen=True, kw_only=True, gc=False):
    """A response to a ticket; only `human` ends the wait."""

    ticket_id: Id
    responder: Literal["human", "bot", "auto", "internal"]


class TicketData(Data, frozen=True, kw_only=True, gc=False):
    """A ticket that was reopened, handed over or resolved."""

    ticket_id: Id


class OrderData(Data, frozen=True, kw_only=True, gc=False):
    """Money paid or paid back, in units of `currency` (ISO 4217). `margin` may be negative."""

    order_id: Id
    amount: Amount
    currency: str
    margin: SignedAmount | None = None


class SubscriptionData(Data, frozen=True, kw_only=True, gc=False):
    """A change of a subscription. `effective_at` is RFC 3339; None: the event's own time."""

    subscription_id: Id
    effective_at: str | None = None
