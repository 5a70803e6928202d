"""Good events of every type, for tests to spoil: plain dictionaries, as a publisher would write them."""

import copy
import json
from typing import Any

TIME = "2026-05-04T10:15:30.123Z"
TIME_MS = 1_777_889_730_123

DATA: dict[str, dict[str, Any]] = {
    "cx.survey.sent.v1": {
        "survey_id": "post-purchase",
        "invitation_id": "inv-1",
        "metrics": ["nps"],
        "level": "interaction",
    },
    "cx.survey.answered.v1": {"response_id": "r-1", "answers": [{"metric": "nps", "value": 9}]},
    "cx.survey.retracted.v1": {"response_id": "r-1", "reason": "gdpr"},
    "cx.survey.declined.v1": {"invitation_id": "inv-1"},
    "cx.survey.expired.v1": {"invitation_id": "inv-1"},
    "cx.interaction.v1": {"interaction_id": "i-1", "channel": "web"},
    "cx.journey.started.v1": {"journey_id": "j-1", "name": "move house"},
    "cx.journey.ended.v1": {"journey_id": "j-1", "outcome": "achieved"},
    "cx.ticket.opened.v1": {"ticket_id": "t-1", "channel": "phone"},
    "cx.ticket.responded.v1": {"ticket_id": "t-1", "responder": "human"},
    "cx.ticket.reopened.v1": {"ticket_id": "t-1"},
    "cx.ticket.handed_over.v1": {"ticket_id": "t-1"},
    "cx.ticket.resolved.v1": {"ticket_id": "t-1"},
    "cx.purchase.v1": {"order_id": "o-1", "amount": "19.90", "currency": "EUR"},
    "cx.refund.v1": {"order_id": "o-1", "amount": "19.90", "currency": "EUR"},
    "cx.subscription.started.v1": {"subscription_id": "s-1"},
    "cx.subscription.cancelled.v1": {"subscription_id": "s-1"},
    "cx.subscription.paused.v1": {"subscription_id": "s-1"},
    "cx.subscription.resumed.v1": {"subscription_id": "s-1"},
}
"""Event type → `data` with the required fields alone."""


def event(type_: str, /, data: dict[str, Any] | None = None, **attributes: Any) -> dict[str, Any]:
    """A good event with these fields added to its `data`, or put over them, and these attributes."""
    return {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/tests",
        "type": type_,
        "time": TIME,
        "subject": "c-81723",
        "tenantid": "acme",
        "data": {**copy.deepcopy(DATA[type_]), **(data or {})},
        **attributes,
    }


def written(content: Any) -> bytes:
    """JSON as most publishers write it."""
    return json.dumps(content, ensure_ascii=False).encode()
