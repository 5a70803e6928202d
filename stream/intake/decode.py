"""Bytes of a record → a typed event and its time, or the reason why not. Never raises.

    value ─▶ typed decoder ─▶ only known labels? ─▶ event
                  │ no              │ no
                  ▼                 ▼
             classify.py        checks.py ─▶ event (its labels are known from now on) | rejection

The typed decoder takes an event only when nothing is wrong with its text and its fields' types; so whatever
it takes has no reason before those of checks.py, and everything else is looked at again with care, in the
order of the contract. Each distinct label is checked once.
"""

import functools
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from stream.intake.binary import MAX_BYTES, TOO_BIG, structured
from stream.intake.checks import SCALES, first_fault, incomplete, labels
from stream.intake.classify import MAX_DEPTH, classify, deeper_than_allowed
from stream.intake.events import TYPES, Event, Interaction, SurveyAnswered
from stream.intake.rejection import Reason, Rejection
from stream.intake.times import parse_ms

_TOMBSTONE: Final = Rejection(Reason.MALFORMED, "a tombstone: the record has no value")
_ARRAY: Final = ord("[")
# Distinct label values kept as known; beyond them all are forgotten and checked once more.
_MAX_KNOWN: Final = 100_000

_PLAIN_ANSWERS: Final = frozenset(
    [(metric, value, False) for metric, scale in SCALES.items() for value in scale]
    + [(metric, None, True) for metric in SCALES]
)


class Decoder:
    """Decodes the records of one source topic for `tenants` (empty: all). Not for several threads at once."""

    def __init__(self, topic: str, tenants: frozenset[str] = frozenset()) -> None:
        self._types: Mapping[str, type[Event]] = TYPES[topic]
        self._tenants = tenants
        self._typed: Callable[[bytes], Any] = msgspec.json.Decoder(_union(self._types.values())).decode
        self._known: set[str | None] = {None}
        self._known_tenants: set[str] = set()

    def decode(
        self, value: bytes | None, headers: Sequence[tuple[str, bytes | None]] = ()
    ) -> tuple[Event, int] | Rejection:
        """The event and its time in milliseconds, or the first reason to reject the record.

        Everything up to and with `off_scale` is checked, nothing that depends on the clock or on other
        records.
        """
        if headers:
            form = structured(value, headers)
            return form if isinstance(form, Rejection) else self.decode(form)
        if value is None or len(value) > MAX_BYTES:
            return TOO_BIG if value else _TOMBSTONE
        try:
            event = self._typed(value)
            at_ms = parse_ms(event.time)
            if not value.isascii():
                # The typed decoder does not read the strings that it drops.
                value.decode()
        except Exception:  # noqa: BLE001  whatever stopped it (RecursionError too), the careful way says why
            return self._take_care(value)
        openers = value.count(b"{") + (value.count(b"[") if _ARRAY in value else 0)
        if openers <= MAX_DEPTH and event.tenantid in self._known_tenants:
            is_plain = _PLAIN.get(event.__class__)
            if is_plain is not None and is_plain(event, self._known):
                return event, at_ms
        return self._take_care(value, event)

    def _take_care(self, value: bytes, event: Event | None = None) -> tuple[Event, int] | Rejection:
        """Check everything; from now on the labels of an event that passes are known."""
        if event is None or incomplete(event.data) or deeper_than_allowed(value):
            result = classify(value, self._types, self._tenants)
        else:
            result = first_fault(event, self._tenants) or event
        if isinstance(result, Rejection):
            return result
        if len(self._known) > _MAX_KNOWN or len(self._known_tenants) > _MAX_KNOWN:
            self._known, self._known_tenants = {None}, set()
        self._known.update(label for _, label in labels(result))
        self._known_tenants.add(result.tenantid)
        return result, parse_ms(result.time)


def _union(event_classes: Iterable[type[Event]]) -> Any:
    return functools.reduce(operator.or_, event_classes)


def _is_plain_interaction(event: Interaction, known: set[str | None]) -> bool:
    """Whether nothing needs a second look: known labels, no trace of an e-mail address."""
    data, subject = event.data, event.subject
    return (
        data.channel in known
        and data.touchpoint in known
        and (data.segments is None or known.issuperset(data.segments.values()))
        and "@" not in subject
        and "%" not in subject
    )


def _is_plain_answered(event: SurveyAnswered, known: set[str | None]) -> bool:
    """The same for a response, whose answers are also on their scales and of different metrics."""
    data, subject = event.data, event.subject
    answers = data.answers
    return (
        data.channel in known
        and data.touchpoint in known
        and data.survey_id in known
        and (data.segments is None or known.issuperset(data.segments.values()))
        and _PLAIN_ANSWERS.issuperset([(answer.metric, answer.value, answer.skipped) for answer in answers])
        and (len(answers) < 2 or len({answer.metric for answer in answers}) == len(answers))
        and "@" not in subject
        and "%" not in subject
    )


_PLAIN: Final[Mapping[type[Event], Callable[[Any, set[str | None]], bool]]] = {
    Interaction: _is_plain_interaction,
    SurveyAnswered: _is_plain_answered,
}
"""The event types that come in numbers; others have checks.py look at each event."""
