"""What a purchase or a refund changes: until when its customer is active, how often they bought, their worth.

    purchases     │   │            │
    active        ├────────────┤   ├────────┤       each purchase and `inactivity` after it, joined

The end of a spell is known with its last purchase: no event is needed for a customer to be lost, and a later
purchase takes it back. What the orders come to (`orders.py`) is taken out with every event and put in anew:
the order in which they come does not matter. The first purchase of an id stands; another one is a duplicate.
"""

from typing import Any, Final, Literal

from stream.intake.customers import DIGEST, Hasher
from stream.intake.entities import Buyer
from stream.intake.kept import Kept
from stream.intake.orders import PURCHASE, REFUND, Accounts, Order
from stream.intake.registers import Registers
from stream.intake.shelf import Shelf
from stream.intake.spells import union
from stream.intake.tally import Tallies
from stream.scoring.families import BUYER_FAMILIES

KIND: Final = b"b"
FAMILY: Final = "churn_purchase"
_KINDS: Final = {"cx.purchase.v1": PURCHASE, "cx.refund.v1": REFUND}
_MOST: Final = 1_000
"""So many orders of a customer are told apart and valued; more only say that the customer is active."""


class Purchases(Kept[Buyer]):
    """Customers who bought, of one source partition."""

    types = frozenset(_KINDS)

    def __init__(
        self,
        tallies: Tallies,
        registers: Registers,
        hasher: Hasher,
        shelf: Shelf[Buyer],
        accounts: Accounts,
        inactivity_ms: int,
        *,
        by_event_time: bool,
    ) -> None:
        """`inactivity_ms`: how long after a purchase a customer is active."""
        super().__init__(tallies, hasher, shelf, by_event_time=by_event_time)
        self._registers = registers
        self._accounts = accounts
        self._inactivity_ms = inactivity_ms

    def resolve(self, event: Any, at_ms: int, clock_ms: int) -> Literal["counted", "duplicate"]:
        """Let an accepted event take effect. `clock_ms`: the tenant's, by which things are forgotten."""
        customer = self._hasher.customer(event.tenantid, event.subject)
        key = self._hasher.entity(customer, KIND, "")
        buyer = self.find(key, clock_ms) or Buyer(event.tenantid)
        order = self._order(event, customer, max(0, at_ms))
        if order[2] == PURCHASE:
            if any(known[1:3] == order[1:3] for known in buyer.orders):
                return "duplicate"
            self._prolong(buyer, order[0], clock_ms)
        if len(buyer.orders) < _MOST:
            self._accounts.add(buyer.tenant, buyer.orders, -1)
            buyer.orders = tuple(sorted((*buyer.orders, order)))
            self._accounts.add(buyer.tenant, buyer.orders, 1)
        for family in BUYER_FAMILIES:
            self._tallies.reach(event.tenantid, family, at_ms)
        self._shelf.put(key, buyer)
        return "counted"

    def _order(self, event: Any, customer: bytes, at_ms: int) -> Order:
        data = event.data
        identity = self._hasher.entity(customer, KIND, data.order_id)[DIGEST : DIGEST + 6]
        worth = data.amount if data.margin is None else data.margin
        return at_ms, int.from_bytes(identity, "big"), _KINDS[event.type], data.currency, worth

    def _prolong(self, buyer: Buyer, at_ms: int, clock_ms: int) -> None:
        """Let the customer be active from a purchase on."""
        oldest_ms = self._oldest_ms(buyer.tenant, FAMILY, clock_ms)
        self._registers.add(buyer.tenant, FAMILY, buyer.spells, -1)
        kept = [spell for spell in buyer.spells if spell[1] >= oldest_ms]
        buyer.spells = tuple(union([*kept, (at_ms, at_ms + self._inactivity_ms)]))
        self._registers.add(buyer.tenant, FAMILY, buyer.spells, 1)

    def _is_over(self, buyer: Buyer, clock_ms: int) -> bool:
        """Whether no window reaches back to the last spell, nor to the last refund."""
        return buyer.last_ms < self._oldest_ms(buyer.tenant, FAMILY, clock_ms)
