"""What one customer's tickets leave standing: first responses by both clocks, and who waits."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.support.recount.model import Counted, Event, Recount
from tests.support.recount.surveys import Times

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTE_MS, DAY_MS = 60_000, 86_400_000
STARTS = {"cx.ticket.opened.v1", "cx.ticket.reopened.v1", "cx.ticket.handed_over.v1"}
MOST = 400


def schedules_of(path: str | None) -> dict[str, "Hours"]:
    """The schedules of a cx.toml."""
    if path is None:
        return {}
    tables = tomllib.loads(Path(path).read_text(encoding="utf-8")).get("schedules", {})
    return {channel: Hours(table) for channel, table in tables.items()}


class Hours:
    """Business hours, looked up minute by minute."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self._zone = ZoneInfo(table["timezone"])
        self._hours, self._holidays = table["hours"], set(table.get("holidays", ()))
        self._open_minutes = cache(self._find_open_minutes)

    def _find_open_minutes(self, day: int) -> list[int]:
        """Of a day of UTC, how many minutes before each of its minutes are open."""
        counts = [0]
        for minute in range(24 * 60):
            at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day, minutes=minute)
            counts.append(counts[-1] + self._is_open(at.astimezone(self._zone)))
        return counts

    def _is_open(self, local: datetime) -> bool:
        if local.date().isoformat() in self._holidays:
            return False
        shown = f"{local:%H:%M}"
        return any(span[:5] <= shown < span[6:] for span in self._hours.get(WEEK[local.weekday()], ()))

    def open_before_ms(self, at_ms: int) -> tuple[int, int]:
        """The day of UTC, and how much of it before a time is open."""
        day, minute = at_ms // DAY_MS, at_ms % DAY_MS // MINUTE_MS
        before = self._open_minutes(day)
        rest = at_ms % MINUTE_MS if before[minute + 1] > before[minute] else 0
        return day, before[minute] * MINUTE_MS + rest

    def between_ms(self, start_ms: int, end_ms: int) -> int:
        """How much of this time is open."""
        (first, skipped), (last, rest) = self.open_before_ms(start_ms), self.open_before_ms(end_ms)
        return sum(self._open_minutes(day)[-1] for day in range(first, last)) * MINUTE_MS + rest - skipped


@dataclass
class Ticket:
    """The events of one ticket by what they mean."""

    channel: str = ""
    starts: set[int] = field(default_factory=set)
    responses: set[int] = field(default_factory=set)
    resolved: set[int] = field(default_factory=set)

    @property
    def times(self) -> list[int]:
        """All times, each once for each meaning."""
        return [*self.starts, *self.responses, *self.resolved]


@dataclass
class Tickets:
    """The tickets of one customer in one partition."""

    tenant: str
    found: Recount
    schedules: Mapping[str, Hours]
    tickets: dict[str, Ticket] = field(default_factory=dict)
    reached_ms: int | None = None
    """The time of the last event, if it was about a wait."""

    def take(self, event: Event, times: Times) -> str:
        """The outcome of an event that is neither rejected, test nor a copy."""
        self.reached_ms = None
        self.tickets = {
            ticket_id: ticket
            for ticket_id, ticket in self.tickets.items()
            if not times.passed(max(ticket.times), "first_response")
        }
        if event.type == "cx.ticket.responded.v1" and event.data["responder"] != "human":
            return "counted"
        ticket = self.tickets.get(event.data["ticket_id"], Ticket())
        into = (
            ticket.starts
            if event.type in STARTS
            else ticket.resolved
            if event.type == "cx.ticket.resolved.v1"
            else ticket.responses
        )
        if event.type == "cx.ticket.opened.v1":
            if ticket.channel:
                return "duplicate"
            ticket.channel = event.data["channel"]
        elif event.time_ms in into:
            return "duplicate"
        assert len(ticket.times) < MOST
        into.add(event.time_ms)
        self.tickets[event.data["ticket_id"]] = ticket
        self.reached_ms = event.time_ms
        return "counted"

    def standing(self) -> Iterator[Counted]:
        """Everything that counts."""
        for ticket in self.tickets.values():
            starts = sorted(ticket.starts)
            for start, following in zip_longest(starts, starts[1:]):
                answers = [
                    each
                    for each in ticket.responses
                    if start <= each and (following is None or each < following)
                ]
                if answers:
                    yield from self._answered(ticket, start, min(answers))
                elif following is None and not any(each >= start for each in ticket.resolved):
                    yield self._counted("waiting", start, ticket, start)

    def _answered(self, ticket: Ticket, start: int, answer: int) -> Iterator[Counted]:
        yield self._counted("first_response", answer - start, ticket, answer)
        hours = self.schedules.get(ticket.channel, self.schedules.get("default"))
        if hours is not None:
            open_ms = hours.between_ms(start, answer)
            yield self._counted("first_response_business", open_ms, ticket, answer)

    def _counted(self, family: str, what: int, ticket: Ticket, at_ms: int) -> Counted:
        return Counted(family, what, self.tenant, "", ticket.channel, "", (), at_ms)
