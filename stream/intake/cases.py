"""What is resolved beside surveys, as one: journeys, tickets, subscriptions and purchases of a partition.

event ──type──▶ case ──▶ entity on its shelf, counts in tallies, steps in registers
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from stream.intake.customers import Hasher
from stream.intake.entities import Buyer, Journey, Subscriber, Ticket
from stream.intake.journeys import KIND as JOURNEY
from stream.intake.journeys import Journeys
from stream.intake.orders import Accounts
from stream.intake.pack import CellRow
from stream.intake.placement import Placer
from stream.intake.purchases import KIND as BUYER
from stream.intake.purchases import Purchases
from stream.intake.registers import KIND as STEPS
from stream.intake.registers import Registers
from stream.intake.rules import Rules
from stream.intake.shelf import Shelf
from stream.intake.store import Store
from stream.intake.subscriptions import KIND as SUBSCRIBER
from stream.intake.subscriptions import Subscriptions
from stream.intake.tally import Change, Tallies
from stream.intake.tickets import KIND as TICKET
from stream.intake.tickets import Tickets
from stream.scoring.panes import ladders


class Cases:
    """The cases of one source partition."""

    def __init__(
        self,
        rules: Rules,
        tallies: Tallies,
        placer: Placer,
        hasher: Hasher,
        store: Store,
        end_of: Callable[[str, str], int],
    ) -> None:
        """`end_of` a tenant and family: no window will end before that, in ms."""
        keep_ms, by = rules.keep_ms, rules.by_event_time
        place = (tallies, placer, hasher, len(rules.segment_keys))
        self._registers = Registers(ladders(rules.windows), end_of)
        journeys = Journeys(*place, Shelf(JOURNEY, Journey, keep_ms, store), by_event_time=by)
        tickets = Tickets(*place, Shelf(TICKET, Ticket, keep_ms, store), rules.schedules, by_event_time=by)
        subscribers = Shelf(SUBSCRIBER, Subscriber, keep_ms, store)
        subscriptions = Subscriptions(tallies, self._registers, hasher, subscribers, by_event_time=by)
        purchases = Purchases(
            *(tallies, self._registers, hasher, Shelf(BUYER, Buyer, keep_ms, store)),
            Accounts(tallies, placer, len(rules.segment_keys)),
            rules.inactivity_ms,
            by_event_time=by,
        )
        self._cases: dict[bytes, Journeys | Tickets | Subscriptions | Purchases] = {
            JOURNEY: journeys,
            TICKET: tickets,
            SUBSCRIBER: subscriptions,
            BUYER: purchases,
        }
        self.resolvers: Mapping[str, Callable[[Any, int, int], str]] = {
            kind: case.resolve for case in self._cases.values() for kind in case.types
        }
        """By type, what lets an event take effect: at its time, by the tenant's clock."""
        self.overflowed: Counter[str] = tickets.overflowed
        """By label, since they were last taken; only tickets have labels."""

    @property
    def pending(self) -> int:
        """At most how much the next checkpoint is to write of them, in records."""
        return self._registers.pending + sum(case.pending for case in self._cases.values())

    def settle(self, clock_of: Callable[[str], int], position: int) -> None:
        """Free what is over, and let the steps stand as of a position. `clock_of` tells a tenant's clock."""
        for case in self._cases.values():
            case.expire(clock_of)
        self._registers.settle(position)

    def changes(self) -> tuple[list[Change], dict[tuple[str, str], list[CellRow]]]:
        """What changed since the last call: changelog records; by tenant and family what to send on."""
        records, rows = self._registers.changes()
        for case in self._cases.values():
            records += case.changes()
        return records, rows

    def above(self, offset: int) -> dict[tuple[str, str], list[CellRow]]:
        """The steps stamped at or above a source offset, by tenant and family."""
        return self._registers.above(offset)

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take back a changelog record; of another kind than theirs, nothing happens."""
        if key[:1] == STEPS:
            self._registers.load(key, value)
        elif key[:1] in self._cases:
            self._cases[key[:1]].load(key, value)
