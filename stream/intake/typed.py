"""Bytes → typed events, by the slice: the strict way as far as it goes, the lenient way for the rest.

    values ─▶ strict: interactions alone ─▶ strict: every type ─▶ lenient, after a look at what is left
              │ events                     │ events              │ events, None where there is none

A decoder does not look into what it drops: an unknown attribute may hold text that is no UTF-8, or brackets
deeper than the contract allows. The strict decoders drop nothing. What they take was read to its last byte,
and is no deeper than the types are; so nothing has to be looked at before.
"""

import contextlib
import functools
import operator
from collections.abc import Callable, Iterable, Sequence
from types import GenericAlias
from typing import Any, Final, Literal, get_args, get_origin

import msgspec
from msgspec import Struct, structs

from stream.intake.binary import MAX_BYTES
from stream.intake.events import Event, Interaction
from stream.intake.odd import Headers, odd_ones

_COMMON: Final = {Interaction}
"""Types of which a slice may hold nothing else; to know that saves looking for each record's type first."""

Decode = Callable[[Any], Any]


class Typed:
    """The typed decoders of one topic."""

    def __init__(self, types: Iterable[type[Event]]) -> None:
        classes = list(types)
        alone = [_decoder([strict(each, alone=True)]) for each in classes if each in _COMMON]
        self._strict: list[Decode] = [*alone, _decoder([strict(each) for each in classes])]
        self._lenient = _decoder(classes)

    def decode(self, values: Sequence[Any], headers: Sequence[Headers]) -> tuple[list[Any], list[int]]:
        """The events, None where there is none; and which records need care whatever their event says."""
        events = self._strictly(values, headers)
        begin = len(events)
        if begin == len(values):
            return events, []
        odd = [begin + i for i in odd_ones(values[begin:], headers[begin:])]
        rest = [*values]
        for i in odd:
            rest[i] = None
        return events + self._leniently(rest[begin:]), odd

    def _strictly(self, values: Sequence[Any], headers: Sequence[Headers]) -> list[Any]:
        """The events up to the first that is not one of known attributes alone, as each decoder sees it."""
        events: list[Any] = []
        try:
            if any(headers) or max(map(len, values), default=0) > MAX_BYTES:
                return events
        except TypeError:  # a tombstone
            return events
        for decode in self._strict:
            with contextlib.suppress(Exception):  # whatever stopped it, the next way says why
                events.extend(map(decode, values[len(events) :]))
                break
        return events

    def _leniently(self, values: Sequence[Any]) -> list[Any]:
        """The typed events; None where there is none."""
        events: list[Any] = []
        source = iter(values)
        while True:
            try:
                events.extend(map(self._lenient, source))
            except Exception:  # noqa: BLE001  as above (RecursionError too)
                events.append(None)
            else:
                return events


def _decoder(classes: Sequence[Any]) -> Decode:
    return msgspec.json.Decoder(functools.reduce(operator.or_, classes)).decode


@functools.cache
def strict(struct: type[Struct], *, alone: bool = False) -> Any:
    """The same type, and equal to it, but that no attribute may be unknown, at any level.

    `alone`: it is decoded without others, so that no decoder asks for its tag: it asks for its type itself.
    """
    tag = struct.__struct_config__.tag
    fields = [(field.name, _strict_type(field.type)) for field in structs.fields(struct)]
    changed = [(name, type_) for name, type_ in fields if type_ is not None]
    return msgspec.defstruct(
        struct.__name__,
        [*changed, ("type", Literal[tag])] if alone else changed,
        bases=(struct,),
        namespace={"__eq__": _is_equal, "__hash__": struct.__hash__},
        tag=False if alone else tag,
        frozen=True,
        kw_only=True,
        gc=False,
        forbid_unknown_fields=True,
    )


def _strict_type(type_: Any) -> Any:
    """What stands for a field's type; None: the type itself."""
    if isinstance(type_, type) and issubclass(type_, Struct):
        return strict(type_)
    item = _strict_type(get_args(type_)[0]) if get_origin(type_) is list else None
    return None if item is None else GenericAlias(list, (item,))


def _is_equal(one: Struct, other: object) -> bool:
    return isinstance(other, Struct) and msgspec.to_builtins(one) == msgspec.to_builtins(other)
