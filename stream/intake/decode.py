"""Bytes of records → typed events and their times, or the reasons why not. Never raises.

    values ─▶ typed decoder ─▶ only known labels? ─▶ events
                   │ no              │ no
                   ▼                 ▼
              classify.py        checks.py ─▶ event (its labels are known from now on) | rejection

The typed decoder takes an event only when nothing is wrong with its text and its fields' types; so whatever
it takes has no reason before those of checks.py, and everything else is looked at again with care, in the
order of the contract. Each distinct label, and each combination of those of an interaction, is checked once.

Records come by the slice: what can be asked of all of them at once is not asked of each.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, Final

from stream.intake.binary import MAX_BYTES, TOO_BIG, structured
from stream.intake.checks import first_fault, incomplete, labels
from stream.intake.classify import classify, deeper_than_allowed
from stream.intake.combination import Combination
from stream.intake.events import TYPES, Event, Interaction
from stream.intake.odd import Headers
from stream.intake.placement import Dims
from stream.intake.plain import PLAIN
from stream.intake.rejection import Reason, Rejection
from stream.intake.times import is_time, parse_all, parse_ms
from stream.intake.typed import Typed

_TOMBSTONE: Final = Rejection(Reason.MALFORMED, "a tombstone: the record has no value")
# Distinct label values and combinations kept as known; beyond them all are forgotten and checked once more.
_MAX_KNOWN: Final = 100_000
_MAX_COMBINATIONS: Final = 20_000

Decoded = tuple[list[Event | Rejection], list[int], list[Combination | None]]
"""By record: the event or why not; its time in milliseconds, or 0; of an interaction, its combination.

A test has none, so that where all have one, all are interactions that may count."""


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
        self._known: set[str | None] = {None}
        self._known_tenants: set[str] = set()
        self._combinations: dict[tuple[Any, ...], Combination] = {}

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
            combinations[i] = self._intern(event) if isinstance(event, Interaction) else None
        return events, times_ms, combinations

    def _combine(self, events: Sequence[Any]) -> list[Combination | None]:
        """The combinations of those interactions whose labels are known to stand together."""
        find = self._combinations.get
        segments = map(self._split, events) if self._segment_keys else repeat((), len(events))
        try:
            return [
                None
                if (data := event.data).test
                else find((event.tenantid, data.channel, data.touchpoint, data.valence, split))
                for event, split in zip(events, segments, strict=True)
            ]
        except AttributeError:  # no other event has a valence
            return [
                find(self._key(each)) if isinstance(each, Interaction) and not each.data.test else None
                for each in events
            ]

    def _key(self, event: Interaction) -> tuple[Any, ...]:
        data = event.data
        return event.tenantid, data.channel, data.touchpoint, data.valence, self._split(event)

    def _split(self, event: Any) -> tuple[str | None, ...]:
        """What the views' segment keys say of an event."""
        given = getattr(event.data, "segments", None) or {} if event is not None else {}
        return tuple([given.get(key) for key in self._segment_keys])

    def _unsure(self, events: Sequence[Any], combinations: list[Combination | None]) -> Iterator[int]:
        """Where something needs a second look: a label, the subject, an answer; an event of a rare type."""
        if all(combinations) and self._are_plain(events):
            return
        known = self._known
        unsure = [
            i
            for i, (event, combination) in enumerate(zip(events, combinations, strict=True))
            if combination is None
            or "@" in (subject := event.subject)
            or "%" in subject
            or not ((segments := event.data.segments) is None or known.issuperset(segments.values()))
        ]
        for i in unsure:
            event = events[i]
            is_plain = None if event is None else PLAIN.get(event.type)
            if is_plain is None or event.tenantid not in self._known_tenants or not is_plain(event, known):
                yield i
            elif isinstance(event, Interaction):
                combinations[i] = self._intern(event)

    def _are_plain(self, interactions: Sequence[Any]) -> bool:
        """Whether nothing needs a second look of interactions whose combinations are known."""
        subjects = " ".join([event.subject for event in interactions])
        if "@" in subjects or "%" in subjects:
            return False
        return self._known.issuperset(
            [
                label
                for event in interactions
                if (segments := event.data.segments)
                for label in segments.values()
            ]
        )

    def _intern(self, event: Interaction) -> Combination | None:
        """The combination of an interaction whose labels were checked."""
        if event.data.test:
            return None
        key = self._key(event)
        found = self._combinations.get(key)
        if found is None:
            if len(self._combinations) >= _MAX_COMBINATIONS:
                self._combinations.clear()
            dims = Dims(event.tenantid, "interaction", event.data.channel, event.data.touchpoint, key[-1])
            found = self._combinations[key] = Combination(dims, event.data.valence)
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
