"""Which topic an event belongs to, by its type, and whether that topic would take it."""

from typing import Final, NamedTuple

import msgspec

from stream.intake.decode import Decoder
from stream.intake.events import TYPES, Event
from stream.intake.rejection import Rejection


class Routed(NamedTuple):
    """An event that its topic takes: `topic` without prefix, the record's key, the event time."""

    topic: str
    key: bytes
    event: Event
    at_ms: int


class _Typed(msgspec.Struct):
    type: str


_TOPIC_OF: Final = {name: topic for topic, types in TYPES.items() for name in types}
_ANY_TOPIC: Final = "surveys"


class Router:
    """Decodes events of any type, each as its own topic's worker will. Not for several threads at once."""

    def __init__(self, tenants: frozenset[str] = frozenset()) -> None:
        self._decoders = {topic: Decoder(topic, tenants) for topic in TYPES}
        self._typed = msgspec.json.Decoder(_Typed)

    def route(self, value: bytes) -> Routed | Rejection:
        """Find topic and key of a structured CloudEvent; a Rejection tells why no topic would take it.

        What depends on the clock or on other records (`future`, `too_late`, duplicates) is not looked at.
        """
        topic = self._topic(value)
        decoded = self._decoders[topic].decode(value)
        if isinstance(decoded, Rejection):
            return decoded
        event, at_ms = decoded
        return Routed(topic, f"{event.tenantid}:{event.subject}".encode(), event, at_ms)

    def _topic(self, value: bytes) -> str:
        """Topic of the event's type; any topic can say what is wrong with a record that has none."""
        try:
            return _TOPIC_OF.get(self._typed.decode(value).type, _ANY_TOPIC)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return _ANY_TOPIC
