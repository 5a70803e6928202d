"""What a ticket's events change: its first responses, and whether its customer waits.

    opened · responded · reopened · handed over · resolved
        └──▶ the ticket's events ──▶ waits() ──▶ first response    at the time of the response
                                                 waiting           since the time it began

With every event all that the ticket counted is taken back and counted anew, so the order in which events come
does not matter. What was counted is kept with the ticket: a schedule that is changed later takes back nothing
else.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, Literal

from stream.intake.customers import Hasher
from stream.intake.entities import Ticket
from stream.intake.kept import Kept
from stream.intake.placement import Dims, Placement, Placer
from stream.intake.schedule import DEFAULT, Schedule
from stream.intake.shelf import Shelf
from stream.intake.tally import Tallies
from stream.intake.waits import RESOLVED, RESPONSE, START, waits
from stream.scoring.families import TICKET_FAMILIES
from stream.scoring.sketch import bucket

KIND: Final = b"k"
_KINDS: Final = {
    "cx.ticket.opened.v1": START,
    "cx.ticket.reopened.v1": START,
    "cx.ticket.handed_over.v1": START,
    "cx.ticket.responded.v1": RESPONSE,
    "cx.ticket.resolved.v1": RESOLVED,
}
_MOST: Final = 400
"""So many events of a ticket are kept; more change nothing."""


class Tickets(Kept[Ticket]):
    """Tickets of one source partition."""

    types = frozenset(_KINDS)

    def __init__(
        self,
        tallies: Tallies,
        placer: Placer,
        hasher: Hasher,
        segments: int,
        shelf: Shelf[Ticket],
        schedules: Mapping[str, Schedule],
        *,
        by_event_time: bool,
    ) -> None:
        """`segments`: how many segment keys views use; a ticket has none of them."""
        super().__init__(tallies, hasher, shelf, by_event_time=by_event_time)
        self._placer = placer
        self._segments = (None,) * segments
        self._schedules = schedules
        self.overflowed: Counter[str] = Counter()
        """By label, since they were last taken."""

    def resolve(self, event: Any, at_ms: int, clock_ms: int) -> Literal["counted", "duplicate"]:
        """Let an accepted event take effect. `clock_ms`: the tenant's, by which things are forgotten."""
        kind = _KINDS[event.type]
        if kind == RESPONSE and event.data.responder != "human":
            return "counted"
        customer = self._hasher.customer(event.tenantid, event.subject)
        key = self._hasher.entity(customer, KIND, event.data.ticket_id)
        ticket = self.find(key, clock_ms) or Ticket(event.tenantid)
        opened = event.type == "cx.ticket.opened.v1"
        if (opened and ticket.channel is not None) or (not opened and (at_ms, kind) in ticket.moments):
            return "duplicate"
        if len(ticket.moments) >= _MOST:
            return "counted"
        self._uncount(ticket)
        if opened:
            ticket.channel = event.data.channel
        if (at_ms, kind) not in ticket.moments:
            ticket.moments = tuple(sorted((*ticket.moments, (at_ms, kind))))
        self._measure(ticket)
        self._count(ticket)
        for family in TICKET_FAMILIES:
            self._tallies.reach(ticket.tenant, family, at_ms)
        self._shelf.put(key, ticket)
        return "counted"

    def _measure(self, ticket: Ticket) -> None:
        """Say what the ticket counts now."""
        found = waits(ticket.moments)
        schedule = self._schedules.get(ticket.channel or "", self._schedules.get(DEFAULT))
        ticket.waits_ms = found.since_ms
        ticket.answered = tuple(
            (
                response_ms,
                bucket(response_ms - start_ms),
                -1 if schedule is None else bucket(schedule.open_ms(start_ms, response_ms)),
            )
            for start_ms, response_ms in found.answered
        )

    def _count(self, ticket: Ticket) -> None:
        """Count a ticket anew, all of it in the series of its last time."""
        times = ticket.times
        if times:
            placement = self._placer.place(self._dims(ticket), max(times))
            ticket.overflow = placement.overflow
            self.overflowed.update(placement.overflowed)
            self._add(ticket, placement, 1)

    def _uncount(self, ticket: Ticket) -> None:
        if ticket.times:
            self._add(ticket, self._placer.replace(self._dims(ticket), ticket.overflow), -1)

    def _dims(self, ticket: Ticket) -> Dims:
        return Dims(ticket.tenant, "", ticket.channel, None, self._segments)

    def _add(self, ticket: Ticket, placement: Placement, sign: int) -> None:
        for at_ms, wall, business in ticket.answered:
            self._tallies.add(placement, "first_response", wall, at_ms, sign)
            if business >= 0:
                self._tallies.add(placement, "first_response_business", business, at_ms, sign)
        if ticket.waits_ms is not None:
            self._tallies.add(placement, "waiting", ticket.waits_ms, ticket.waits_ms, sign)

    def _is_over(self, ticket: Ticket, clock_ms: int) -> bool:
        """Whether no window holds anything of the ticket any more, and no event of its time can come."""
        ends_ms = self._shelf.ends_ms(ticket)
        return ends_ms < clock_ms and not (
            self._by_event_time and ends_ms >= self._tallies.high_ms(ticket.tenant, TICKET_FAMILIES[0])
        )
