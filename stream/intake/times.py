"""RFC 3339 date-times as integer milliseconds since 1970-01-01T00:00:00Z.

    2026-05-04T10:15:30 | .123456+02:00
    seconds             | tail: fraction, cut below 1 ms, less the offset

Events arrive nearly in time order and from few time zones, so both halves repeat: each is looked up in a
cache of limited size before it is parsed.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from operator import add, itemgetter
from typing import Final

_seconds_pattern = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}").fullmatch
_tail_pattern = re.compile(
    r"(?:\.(?P<fraction>[0-9]+))?(?:[Zz]|(?P<sign>[+-])(?P<hours>[01][0-9]|2[0-3]):(?P<minutes>[0-5][0-9]))"
).fullmatch

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)

# A day of seconds; a thousand milliseconds in a few zones. Tails with more digits would only push those out.
_MAX_SECONDS = 100_000
_MAX_TAILS = 20_000
_SECONDS = 19
_head, _tail = itemgetter(slice(_SECONDS)), itemgetter(slice(_SECONDS, None))


class _Kept(dict[str, int]):
    """Milliseconds of texts, looked up before they are parsed; no more than `room`."""

    def __init__(self, parse: Callable[[str], int], room: int, longest: int) -> None:
        super().__init__()
        self._parse = parse
        self._room = room
        self._longest = longest

    def __missing__(self, text: str) -> int:
        ms = self._parse(text)
        if len(text) <= self._longest:
            if len(self) >= self._room:
                self.clear()
            self[text] = ms
        return ms


def parse_ms(text: str) -> int:
    """Milliseconds since the epoch of an RFC 3339 date-time with offset; digits below 1 ms are cut.

    Lower-case `t` and `z` are taken; there is no leap second (`:60`), no hour 24, no year 0. Raises
    ValueError.
    """
    return _seconds_ms[text[:19]] + _tails_ms[text[19:]]


def is_time(text: str) -> bool:
    """Whether `parse_ms` takes it."""
    try:
        parse_ms(text)
    except ValueError:
        return False
    return True


def parse_all(texts: Iterable[str]) -> list[int]:
    """The same of several; raises ValueError when one of them is none."""
    known_as = list(texts)
    seconds_ms = map(_seconds_ms.__getitem__, map(_head, known_as))
    return list(map(add, seconds_ms, map(_tails_ms.__getitem__, map(_tail, known_as))))


def _parse_seconds(text: str) -> int:
    """Milliseconds of the date and time of day, read as UTC."""
    if _seconds_pattern(text) is None:
        raise ValueError("not an RFC 3339 date-time")
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return (moment - _EPOCH) // _SECOND * 1000


def _parse_tail(text: str) -> int:
    """Milliseconds to add for the fraction and the offset: `.5+01:00` is 500 - 3 600 000."""
    match = _tail_pattern(text)
    if match is None:
        raise ValueError("not an RFC 3339 fraction and offset")
    fraction, sign, hours, minutes = match.groups()
    ms = int((fraction or "")[:3].ljust(3, "0"))
    if sign is not None:
        offset = (int(hours) * 60 + int(minutes)) * 60_000
        ms += offset if sign == "-" else -offset
    return ms


_seconds_ms: Final = _Kept(_parse_seconds, _MAX_SECONDS, _SECONDS)
_tails_ms: Final = _Kept(_parse_tail, _MAX_TAILS, len(".123+02:00"))
