"""What a purchase changes: its customer is active from it on, until nothing was bought for `inactivity`.

    purchases     │   │            │
    active        ├────────────┤   ├────────┤       each purchase and `inactivity` after it, joined

The end of a spell is known with its last purchase: no event is needed for a customer to be lost, and a later
purchase takes it back. The order in which purchases come does not matter; refunds change nothing here.
"""

from typing import Any, Final, Literal

from stream.intake.customers import Hasher
from stream.intake.entities import Buyer
from stream.intake.kept import Kept
from stream.intake.registers import Registers
from stream.intake.shelf import Shelf
from stream.intake.spells import union
from stream.intake.tally import Tallies

KIND: Final = b"b"
FAMILY: Final = "churn_purchase"


class Purchases(Kept[Buyer]):
    """Customers who bought, of one source partition."""

    types = frozenset({"cx.purchase.v1"})

    def __init__(
        self,
        tallies: Tallies,
        registers: Registers,
        hasher: Hasher,
        shelf: Shelf[Buyer],
        inactivity_ms: int,
        keep_ms: int,
        *,
        by_event_time: bool,
    ) -> None:
        """`keep_ms`: for how long a spell may still matter to a window once it has ended."""
        super().__init__(shelf)
        self._tallies = tallies
        self._registers = registers
        self._hasher = hasher
        self._inactivity_ms = inactivity_ms
        self._keep_ms = keep_ms
        self._by_event_time = by_event_time

    def resolve(self, event: Any, at_ms: int, clock_ms: int) -> Literal["counted"]:
        """Let an accepted event take effect. `clock_ms`: the tenant's, by which things are forgotten."""
        key = self._hasher.entity(self._hasher.customer(event.tenantid, event.subject), KIND, "")
        buyer = self.find(key, clock_ms) or Buyer(event.tenantid)
        oldest_ms = self._oldest_ms(event.tenantid, clock_ms)
        self._registers.add(event.tenantid, FAMILY, buyer.spells, -1)
        kept = [spell for spell in buyer.spells if spell[1] >= oldest_ms]
        buyer.spells = tuple(union([*kept, (max(0, at_ms), max(0, at_ms) + self._inactivity_ms)]))
        self._registers.add(event.tenantid, FAMILY, buyer.spells, 1)
        self._tallies.reach(event.tenantid, FAMILY, at_ms)
        self._shelf.put(key, buyer)
        return "counted"

    def _oldest_ms(self, tenant: str, clock_ms: int) -> int:
        """Before every window, those of the family by event time among them."""
        if self._by_event_time:
            clock_ms = min(clock_ms, max(0, self._tallies.high_ms(tenant, FAMILY)))
        return clock_ms - 2 * self._keep_ms

    def _is_over(self, buyer: Buyer, clock_ms: int) -> bool:
        """Whether no window reaches back to the last spell."""
        return buyer.spells[-1][1] < self._oldest_ms(buyer.tenant, clock_ms)
