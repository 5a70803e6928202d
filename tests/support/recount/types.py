"""Which fields each event type has: a `*` in front of a name means that it is required."""

from tests.support.recount import fields as f

_PLACE: dict[str, f.Check] = {
    "channel": f.label,
    "touchpoint": f.label,
    "segments": f.segments,
    "journey_id": f.identifier,
}
_TICKET: dict[str, f.Check] = {"*ticket_id": f.identifier}
_ORDER: dict[str, f.Check] = {
    "*order_id": f.identifier,
    "*amount": f.matching(f.AMOUNT),
    "*currency": f.matching(f.CURRENCY),
    "margin": f.matching(f.MARGIN),
}
_SUBSCRIPTION: dict[str, f.Check] = {"*subscription_id": f.identifier, "effective_at": f.moment}
_SURVEYS: dict[str, dict[str, f.Check]] = {
    "cx.survey.sent.v1": {
        "*survey_id": f.label,
        "*invitation_id": f.identifier,
        "*metrics": f.metrics,
        "*level": f.one_of(*f.LEVELS),
        "expires_at": f.moment,
        **_PLACE,
    },
    "cx.survey.answered.v1": {
        "*response_id": f.identifier,
        "*answers": f.answers,
        "revision": f.revision,
        "invitation_id": f.identifier,
        "survey_id": f.label,
        "level": f.one_of(*f.LEVELS),
        **_PLACE,
    },
    "cx.survey.retracted.v1": {
        "*reason": f.one_of("gdpr", "fraud", "test", "error", "consent"),
        "response_id": f.identifier,
        "all_of_subject": f.boolean,
    },
    "cx.survey.declined.v1": {"*invitation_id": f.identifier},
    "cx.survey.expired.v1": {"*invitation_id": f.identifier},
}
_INTERACTIONS: dict[str, dict[str, f.Check]] = {
    "cx.interaction.v1": {
        "*interaction_id": f.identifier,
        "*channel": f.label,
        "valence": f.one_of("positive", "neutral", "negative"),
        "outcome": f.one_of("success", "failure", "abandoned", "unknown"),
        "duration_ms": f.milliseconds,
        **{name: check for name, check in _PLACE.items() if name != "channel"},
    },
    "cx.journey.started.v1": {"*journey_id": f.identifier, "*name": f.identifier},
    "cx.journey.ended.v1": {
        "*journey_id": f.identifier,
        "*outcome": f.one_of("achieved", "failed", "abandoned"),
    },
    "cx.ticket.opened.v1": {"*channel": f.label, **_TICKET},
    "cx.ticket.responded.v1": {"*responder": f.one_of("human", "bot", "auto", "internal"), **_TICKET},
    "cx.ticket.reopened.v1": _TICKET,
    "cx.ticket.handed_over.v1": _TICKET,
    "cx.ticket.resolved.v1": _TICKET,
}
_RELATIONSHIPS: dict[str, dict[str, f.Check]] = {
    "cx.purchase.v1": _ORDER,
    "cx.refund.v1": _ORDER,
    **{f"cx.subscription.{what}.v1": _SUBSCRIPTION for what in ("started", "cancelled", "paused", "resumed")},
}
TYPES = {"surveys": _SURVEYS, "interactions": _INTERACTIONS, "relationships": _RELATIONSHIPS}
ENVELOPE: dict[str, f.Check] = {
    "*id": f.between(1, 128),
    "*source": f.between(1, 255),
    "*time": f.moment,
    "*subject": f.subject,
    "tenantid": f.tenant,
}
