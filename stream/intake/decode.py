"""Bytes of records → typed events and their times, or the reasons why not. Never raises.

    values ─▶ typed decoder ─▶ only known labels? ─▶ events
                   │ no              │ no
                   ▼                 ▼
              classify.py        checks.py ─▶ event (its labels are known from now on) | rejection

The typed decoder takes an event only when nothing is wrong with its text and its fields' types; so whatever
it takes has no reason before those of checks.py, and everything else is looked at again with care, in the
order of the contract. Each distinct label, and each combination of those of an event, is checked once.

Records come by the slice: what can be asked of all of them at once is not asked of each.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import compress, repeat
from typing import Any, Final

from stream.intake.binary import MAX_BYTES, TOO_BIG, structured
from stream.intake.checks import first_fault, incomplete, labels
from stream.intake.classify import classify, deeper_than_allowed
from stream.intake.combination import Combination, Key, Values
from stream.intake.events import TYPES, Event, Interaction, SurveyAnswered, SurveySent
from stream.intake.odd import Headers
from stream.intake.plain import PLAIN
from stream.intake.rejection import Reason, Rejection
from stream.intake.times import is_time, parse_all, parse_ms
from stream.intake.typed import Typed

_TOMBSTONE: Final = Rejection(Reason.MALFORMED, "a tombstone: the record has no value")
# Distinct label values and combinations kept as known; beyond them all are forgotten and checked once more.
_MAX_KNOWN: Final = 100_000
_MAX_COMBINATIONS: Final = 20_000

_FREQUENT: Final[Mapping[str, tuple[type[Event], ...]]] = {
    "interactions": (Interaction,),
    "surveys": (SurveyAnswered, SurveySent),
}
"""By topic, the types whose events have a combination."""

Decoded = tuple[list[Event | Rejection], list[int], list[Combination | None]]
"""By record: the event or why not; its time in milliseconds, or 0; its combination, if its type is frequent.

A test has none, so that where all have one, all may count."""


class Decoder:
    """Decodes the records of one source topic for `tenants` (empty: all). Not for several threads at once."""

    def __init__(
        self, topic: str, tenants: frozenset[str] = frozenset(), segment_keys: Sequence[str] = ()
    ) -> None:
        """`segment_keys`: those that tell combinations apart."""
        self._types: Mapping[str, type[Event]] = TYPES[topic]
        self._typed = Typed(self._types.values())
        self._tenants = tenants
        self._segment_keys = tuple(segment_keys)
        self._frequent = _FREQUENT.get(topic, ())
        self._known: set[str | None] = {None}
        self._known_tenants: set[str] = set()
        self._combinations: dict[Key, Combination] = {}

    def decode(self, value: bytes | None, headers: Headers = ()) -> tuple[Event, int] | Rejection:
        """The event of one record and its time in milliseconds, or the first reason to reject it."""
        (event,), (at_ms,), _ = self.decode_all([value], [headers])
        return event if isinstance(event, Rejection) else (event, at_ms)

    def decode_all(self, values: Sequence[bytes | None], headers: Sequence[Headers]) -> Decoded:
        """The events of a slice of records, or the first reasons to reject them.

        Everything up to and with `off_scale` is checked, nothing that depends on the clock or on other
        records.
        """
        events, odd = self._typed.decode(values, headers)
        times_ms = _times_ms(events)
        combinations = self._combine(events)
        for i in sorted({*odd, *self._unsure(events, combinations)}):
            event, times_ms[i] = self._take_care(values[i], headers[i], events[i])
            events[i] = event
            combinations[i] = self._intern(event)
        return events, times_ms, combinations

    def _combine(self, events: Sequence[Any]) -> list[Combination | None]:
        """The combinations of those events whose labels are known to stand together."""
        find = self._combinations.get
        if not self._frequent:
            return [None] * len(events)
        try:
            return Combination.each(find, events, self._splits(events))
        except AttributeError:  # not all of them have one
            having = [isinstance(event, self._frequent) for event in events]
            some = list(compress(events, having))
            found = iter(Combination.each(find, some, self._splits(some)))
            return [next(found) if has else None for has in having]

    def _splits(self, events: Sequence[Any]) -> Iterable[Values]:
        """What the views' segment keys say of each of these. Raises AttributeError."""
        if not self._segment_keys:
            return repeat((), len(events))
        given = [event.data.segments or {} for event in events]
        return zip(*([each.get(key) for each in given] for key in self._segment_keys), strict=True)

    def _unsure(self, events: Sequence[Any], combinations: list[Combination | None]) -> Iterator[int]:
        """Where something needs a second look: a label, the subject, an answer; an event of a rare type."""
        seen = events if all(combinations) else list(compress(events, combinations))
        plain = not seen or PLAIN[seen[0].type](seen, self._known)
        if plain and len(seen) == len(events):
            return
        for i, (event, combination) in enumerate(zip(events, combinations, strict=True)):
            if plain and combination is not None:
                continue
            if event is None or event.type not in PLAIN or not self._is_plain(event):
                yield i
            elif combination is None:
                combinations[i] = self._intern(event)

    def _is_plain(self, event: Any) -> bool:
        """Whether an event of a frequent type needs no second look."""
        data, known = event.data, self._known
        return (
            event.tenantid in self._known_tenants
            and data.channel in known
            and data.touchpoint in known
            and PLAIN[event.type]([event], known)
        )

    def _intern(self, event: Any) -> Combination | None:
        """The combination of an event whose labels were checked; None where it has none."""
        if not isinstance(event, self._frequent):
            return None
        (key,) = Combination.each(_itself, [event], self._splits([event]))
        found = None if key is None else self._combinations.get(key)
        if found is None and key is not None:
            if len(self._combinations) >= _MAX_COMBINATIONS:
                self._combinations.clear()
            found = self._combinations[key] = Combination.of(key)
        return found

    def _take_care(
        self, value: bytes | None, headers: Headers, event: Event | None
    ) -> tuple[Event | Rejection, int]:
        """Check everything; from now on the labels of an event that passes are known."""
        if headers:
            form = structured(value, headers)
            if isinstance(form, Rejection):
                return form, 0
            (decoded,), (at_ms,), _ = self.decode_all([form], [()])
            return decoded, at_ms
        if value is None or len(value) > MAX_BYTES:
            return (TOO_BIG if value else _TOMBSTONE), 0
        if event is None or incomplete(event.data) or deeper_than_allowed(value):
            result = classify(value, self._types, self._tenants)
        else:
            result = first_fault(event, self._tenants) or event
        if isinstance(result, Rejection):
            return result, 0
        if len(self._known) > _MAX_KNOWN or len(self._known_tenants) > _MAX_KNOWN:
            self._known, self._known_tenants = {None}, set()
        self._known.update(label for _, label in labels(result))
        self._known_tenants.add(result.tenantid)
        return result, parse_ms(result.time)


def _itself(key: Key) -> Key:
    return key


def _times_ms(events: list[Any]) -> list[int]:
    """The times of the events. One whose time is none becomes None, as if it could not be decoded."""
    try:
        return parse_all([event.time for event in events])
    except (AttributeError, ValueError):
        pass
    times_ms = [0] * len(events)
    for i, event in enumerate(events):
        if event is not None and is_time(event.time):
            times_ms[i] = parse_ms(event.time)
        else:
            events[i] = None
    return times_ms
