"""The rules that types alone cannot say, over a decoded event, in the order of the contract.

    bad_type → bad_label → personal_data → unknown_tenant → off_scale

Details name fields and rules, never what stands in the fields.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from stream.intake import payloads
from stream.intake.currencies import CURRENCIES
from stream.intake.events import Event
from stream.intake.payloads import Answer, Metric
from stream.intake.rejection import Reason, Rejection
from stream.intake.times import is_time

SCALES: Mapping[Metric, range] = MappingProxyType(
    {
        "nps": range(11),
        "csat": range(1, 6),
        "ces": range(1, 8),
        "satisfaction": range(1, 11),
        "expectations": range(1, 11),
        "ideal": range(1, 11),
        "needs": range(1, 6),
        "ease": range(1, 6),
        "enjoyment": range(1, 6),
    }
)
"""The values that each metric can have."""

_is_label = re.compile(r"[A-Za-z0-9_.:-]{1,64}").fullmatch
_is_tenant = re.compile(r"[a-z0-9_-]{1,64}").fullmatch
# `@` (also percent-encoded) after something and before a domain with a dot in it, anywhere in the text.
_holds_email = re.compile(r"[^ \t\r\n@](?:@|%40)[^ \t\r\n@]+\.[^ \t\r\n@.]").search

LABEL_FIELDS = ("channel", "touchpoint", "survey_id")
_TIME_FIELDS = ("expires_at", "effective_at")


def incomplete(data: payloads.Data) -> bool:
    """Whether neither of two fields is given of which one has to be."""
    if isinstance(data, payloads.SurveyAnsweredData):
        return any(answer.value is None and not answer.skipped for answer in data.answers)
    return (
        isinstance(data, payloads.SurveyRetractedData)
        and data.response_id is None
        and not data.all_of_subject
    )


def first_fault(event: Event, tenants: frozenset[str]) -> Rejection | None:
    """The first reason to reject an event whose fields have the right types; None: there is none.

    `tenants`: those served; empty: all.
    """
    if detail := _ill_typed(event):
        return Rejection(Reason.BAD_TYPE, detail)
    if detail := _bad_label(event):
        return Rejection(Reason.BAD_LABEL, detail)
    if _holds_email(event.subject):
        return Rejection(Reason.PERSONAL_DATA, "subject looks like an e-mail address")
    if tenants and event.tenantid not in tenants:
        return Rejection(Reason.UNKNOWN_TENANT, "tenantid is not among the tenants of CX_TENANTS")
    if detail := _off_scale(event):
        return Rejection(Reason.OFF_SCALE, detail)
    return None


def labels(event: Event) -> Iterator[tuple[str, str]]:
    """Name and value of every label value that the event gives."""
    for name in LABEL_FIELDS:
        value = getattr(event.data, name, None)
        if value is not None:
            yield name, value
    for value in (getattr(event.data, "segments", None) or {}).values():
        yield "segments", value


def _ill_typed(event: Event) -> str | None:
    if not is_time(event.time):
        return "time is not an RFC 3339 date-time with offset"
    for name in _TIME_FIELDS:
        text = getattr(event.data, name, None)
        if text is not None and not is_time(text):
            return f"data.{name} is not an RFC 3339 date-time with offset"
    if incomplete(event.data):
        return "a field of which one of two is required is null"
    currency = getattr(event.data, "currency", None)
    if currency is not None and currency not in CURRENCIES:
        return "data.currency is not a code of ISO 4217"
    return _ill_answered(getattr(event.data, "answers", ()))


def _ill_answered(answers: list[Answer] | tuple[()]) -> str | None:
    for index, answer in enumerate(answers):
        if answer.skipped and answer.value is not None:
            return f"data.answers[{index}] has a value and is skipped"
    if len({answer.metric for answer in answers}) != len(answers):
        return "data.answers has a metric twice"
    return None


def _bad_label(event: Event) -> str | None:
    if _is_tenant(event.tenantid) is None:
        return "tenantid is not 1 to 64 of a-z 0-9 _ -"
    for name, value in labels(event):
        if _is_label(value) is None:
            return f"data.{name} is not 1 to 64 of A-Z a-z 0-9 _ . : -"
    return None


def _off_scale(event: Event) -> str | None:
    for index, answer in enumerate(getattr(event.data, "answers", ())):
        scale = SCALES[answer.metric]
        if answer.value is not None and answer.value not in scale:
            return (
                f"data.answers[{index}].value is not {scale[0]} to {scale[-1]}, the scale of {answer.metric}"
            )
    return None
