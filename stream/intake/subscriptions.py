"""What a subscription's events change: over which spells its customer is active, all subscriptions together.

    started · paused · resumed · cancelled ──▶ the customer's changes ──▶ spells() ──▶ steps of every window

With every event the customer is taken back and counted anew, so the order in which events come does not
matter. A customer is kept while a subscription lasts.
"""

from typing import Any, Final, Literal

from stream.intake.customers import DIGEST, Hasher
from stream.intake.entities import Subscriber
from stream.intake.kept import Kept
from stream.intake.registers import Registers
from stream.intake.shelf import Shelf
from stream.intake.spells import CANCELLED, FOREVER_MS, PAUSED, RESUMED, STARTED, by_subscription, spells
from stream.intake.tally import Tallies
from stream.intake.times import parse_ms

KIND: Final = b"u"
FAMILY: Final = "churn_subscription"
_KINDS: Final = {
    "cx.subscription.started.v1": STARTED,
    "cx.subscription.resumed.v1": RESUMED,
    "cx.subscription.paused.v1": PAUSED,
    "cx.subscription.cancelled.v1": CANCELLED,
}
_MOST: Final = 1_000
"""So many changes of a customer are kept that may still matter; more change nothing."""


class Subscriptions(Kept[Subscriber]):
    """Customers with subscriptions, of one source partition."""

    types = frozenset(_KINDS)

    def __init__(
        self,
        tallies: Tallies,
        registers: Registers,
        hasher: Hasher,
        shelf: Shelf[Subscriber],
        *,
        by_event_time: bool,
    ) -> None:
        """`registers`: where the steps of their spells are added up."""
        super().__init__(tallies, hasher, shelf, by_event_time=by_event_time)
        self._registers = registers

    def resolve(self, event: Any, at_ms: int, clock_ms: int) -> Literal["counted", "duplicate"]:
        """Let an accepted event take effect. `clock_ms`: the tenant's, by which things are forgotten."""
        customer = self._hasher.customer(event.tenantid, event.subject)
        key = self._hasher.entity(customer, KIND, "")
        identity = self._hasher.entity(customer, KIND, event.data.subscription_id)
        effective = event.data.effective_at
        change = (
            int.from_bytes(identity[DIGEST : DIGEST + 6], "big"),
            max(0, at_ms if effective is None else parse_ms(effective)),
            _KINDS[event.type],
        )
        subscriber = self.find(key, clock_ms) or Subscriber(event.tenantid)
        if change in subscriber.changes:
            return "duplicate"
        kept = self._pruned(subscriber, clock_ms)
        if len(kept) >= _MOST:
            return "counted"
        self._registers.add(event.tenantid, FAMILY, spells(subscriber.changes), -1)
        subscriber.changes = tuple(sorted((*kept, change)))
        subscriber.last_ms = max(subscriber.last_ms, at_ms)
        self._registers.add(event.tenantid, FAMILY, spells(subscriber.changes), 1)
        self._tallies.reach(event.tenantid, FAMILY, at_ms)
        self._shelf.put(key, subscriber)
        return "counted"

    def _pruned(self, subscriber: Subscriber, clock_ms: int) -> list[tuple[int, int, int]]:
        """The changes that may still matter: of those before every window, each subscription's last."""
        oldest_ms = self._oldest_ms(subscriber.tenant, FAMILY, clock_ms)
        kept = []
        for subscription, own in by_subscription(subscriber.changes).items():
            before = sum(at_ms < oldest_ms for at_ms, _ in own)
            kept += [(subscription, *each) for each in own[max(0, before - 1) :]]
        return kept

    def _is_over(self, subscriber: Subscriber, clock_ms: int) -> bool:
        """Whether no subscription lasts, and no window reaches back to one."""
        found = spells(subscriber.changes)
        ends_ms = [to_ms for _, to_ms in found] + [at_ms for _, at_ms, _ in subscriber.changes]
        last_ms = max(subscriber.last_ms, *ends_ms)
        return last_ms < FOREVER_MS and last_ms < self._oldest_ms(subscriber.tenant, FAMILY, clock_ms)
