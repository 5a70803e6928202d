"""Business hours: how much of a stretch of time lies within a weekly schedule. Pure.

    Mon 09:00-17:00      UTC ├────────┤░░░░ open ░░░░├──────────┤      clocks go forward or back in between:
                                                                       what counts is when the local clock
    holidays             closed all day                                shows a time within the hours

Hours are local: on the day a clock goes forward, what it leaves out is not open; on the day it goes back, an
hour that it shows twice is open twice.

A bad table raises ValueError; its message says what would have been right, and where.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from stream.scoring.parameters import check_keys

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DEFAULT: Final = "default"
"""The schedule of channels that have none of their own."""
_HOURS: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-(?:([01][0-9]|2[0-3]):([0-5][0-9])|24:00)")
_LABEL: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_MINUTE_MS: Final = 60_000
_DAY_MS: Final = 86_400_000
_EPOCH: Final = date(1970, 1, 1)

Span = tuple[int, int]
"""From, to: half-open."""


class Schedule(NamedTuple):
    """Weekly hours by day from Monday, in minutes of the local day, and days on which nobody works."""

    timezone: str
    hours: tuple[tuple[Span, ...], ...]
    holidays: frozenset[date] = frozenset()

    def open_ms(self, start_ms: int, end_ms: int) -> int:
        """How much of the time from `start_ms` to `end_ms` is within business hours, in milliseconds."""
        total = 0
        # A local day begins at most a day before or after that of UTC.
        for day in range(start_ms // _DAY_MS - 1, end_ms // _DAY_MS + 2):
            for opens, closes in _open(self, day):
                total += max(0, min(end_ms, closes) - max(start_ms, opens))
        return total


@lru_cache(maxsize=10_000)
def _open(schedule: Schedule, day: int) -> tuple[Span, ...]:
    """The spans of a local day (days since the epoch) that are open, in milliseconds of UTC."""
    local = _EPOCH + timedelta(days=day)
    hours = schedule.hours[local.weekday()]
    if not hours or local in schedule.holidays:
        return ()
    found = []
    for from_ms, to_ms, offset_ms in _offsets(ZoneInfo(schedule.timezone), day * _DAY_MS):
        for opens, closes in hours:
            start_ms, end_ms = (day * _DAY_MS + minute * _MINUTE_MS - offset_ms for minute in (opens, closes))
            if max(from_ms, start_ms) < min(to_ms, end_ms):
                found.append((max(from_ms, start_ms), min(to_ms, end_ms)))
    return tuple(found)


def _offsets(zone: ZoneInfo, day_ms: int) -> Iterator[tuple[int, int, int]]:
    """Yield from, to, and the offset from UTC in between, over all that can be one local day.

    Clocks are never set twice within three days, so a change is found by halving.
    """
    low_ms, high_ms = day_ms - _DAY_MS, day_ms + 2 * _DAY_MS
    before, after = _offset_ms(zone, low_ms), _offset_ms(zone, high_ms)
    if before == after:
        yield low_ms, high_ms, before
        return
    same_ms, changed_ms = low_ms, high_ms
    while changed_ms - same_ms > 1_000:
        middle_ms = (same_ms + changed_ms) // 2_000 * 1_000
        if _offset_ms(zone, middle_ms) == before:
            same_ms = middle_ms
        else:
            changed_ms = middle_ms
    yield low_ms, changed_ms, before
    yield changed_ms, high_ms, after


def _offset_ms(zone: ZoneInfo, at_ms: int) -> int:
    offset = datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(zone).utcoffset()
    return int((offset or timedelta()) / timedelta(milliseconds=1))


def schedules(table: Any) -> dict[str, Schedule]:
    """Read the table `schedules`: by channel, or `default`."""
    if not isinstance(table, Mapping):
        raise ValueError("tables such as [schedules.support]")  # noqa: TRY004 - told to a person
    found = {}
    for channel, entry in table.items():
        where = f"[schedules.{channel}]"
        if not _LABEL.fullmatch(channel):
            raise ValueError(f"a channel, or {DEFAULT}, as the name of {where}")
        check_keys(entry, ("timezone", "hours", "holidays"), where)
        hours = entry.get("hours", {})
        check_keys(hours, DAYS, f"hours of {where}")
        found[channel] = Schedule(
            _zone(entry.get("timezone"), where),
            tuple(_day(hours.get(day, []), day, where) for day in DAYS),
            frozenset(
                _holiday(each, where) for each in _listed(entry.get("holidays", []), "holidays", where)
            ),
        )
    return found


def _zone(name: Any, where: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, TypeError, OSError, LookupError):  # as it fails for names, paths, and none
        raise ValueError(f"a time zone such as Europe/Stockholm as `timezone` in {where}") from None
    return str(name)


def _day(given: Any, day: str, where: str) -> tuple[Span, ...]:
    spans = sorted(_span(each, day, where) for each in _listed(given, f"hours of {day}", where))
    if any(earlier[1] > later[0] for earlier, later in pairwise(spans)):
        raise ValueError(f"hours that do not overlap for {day} in {where}")
    return tuple(spans)


def _span(text: Any, day: str, where: str) -> Span:
    found = _HOURS.fullmatch(text) if isinstance(text, str) else None
    if found is not None:
        opens = 60 * int(found[1]) + int(found[2])
        closes = 24 * 60 if found[3] is None else 60 * int(found[3]) + int(found[4])
        if opens < closes:
            return opens, closes
    raise ValueError(
        f'hours such as "09:00-17:00" (to "24:00" at the latest) for {day} in {where}, not {text!r}'
    )


def _holiday(given: Any, where: str) -> date:
    try:
        return given if type(given) is date else date.fromisoformat(given)
    except (TypeError, ValueError):
        raise ValueError(f'days such as "2026-12-25" as `holidays` in {where}, not {given!r}') from None


def _listed(given: Any, what: str, where: str) -> list[Any]:
    if not isinstance(given, list):
        raise ValueError(f"a list as {what} in {where}")  # noqa: TRY004 - told to a person
    return given
