"""What one customer's orders leave standing: how often they bought, and an account by currency."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from tests.support.recount.model import Account, Counted, Event, Rules
from tests.support.recount.surveys import DAY_MS, Times

PURCHASE = "cx.purchase.v1"


@dataclass
class Orders:
    """One customer in one partition."""

    rules: Rules
    events: list[Event] = field(default_factory=list)

    def take(self, event: Event, times: Times) -> str:
        """The outcome of an event that is neither rejected, test nor a copy."""
        self._forget(times)
        if event.type == PURCHASE and event.data["order_id"] in self._bought(self.events):
            return "duplicate"
        self.events.append(event)
        return "counted"

    def _forget(self, times: Times) -> None:
        """Who has been lost for so long that no window can know of it is a new customer."""
        last_ms = [each.time_ms + self.rules.inactivity_ms * (each.type == PURCHASE) for each in self.events]
        keep_ms = 2 * (self.rules.longest_ms + self.rules.max_lateness_ms)
        if self.events and max(last_ms) + keep_ms < min(times.now_ms, times.ends_ms("churn_purchase")):
            self.events.clear()

    @staticmethod
    def _bought(events: list[Event]) -> dict[str, Event]:
        return {each.data["order_id"]: each for each in events if each.type == PURCHASE}

    def standing(self) -> Iterator[Counted]:
        """What counts, at the time of the first purchase: of all, and of those in each currency."""
        bought = list(self._bought(self.events).values())
        if not bought:
            return
        what = "once" if len(bought) == 1 else "again"
        yield self._counted("buyers", what, bought)
        for currency in {each.data["currency"] for each in bought}:
            own = [each for each in self.events if each.data["currency"] == currency]
            yield self._counted("value", self._account(currency, own), self._bought(own).values())

    def _account(self, currency: str, own: list[Event]) -> Account:
        """Currency, days after the first with a purchase, first and last day, all it brought, what later."""
        bought = self._bought(own)
        days = sorted({each.time_ms // DAY_MS for each in bought.values()})
        total = later = Fraction(0)
        for each in own:
            given = each.data.get("margin")
            money = Fraction(each.data["amount"] if given is None else given)
            money *= 1 if each.type == PURCHASE else -1
            order = bought.get(each.data["order_id"])
            total += money
            later += money if order and order.time_ms // DAY_MS > days[0] else 0
        return currency, len(days) - 1, days[0], days[-1], total, max(Fraction(0), later)

    def _counted(self, family: str, what: str | Account, bought: Iterable[Event]) -> Counted:
        first = min(bought, key=lambda each: each.time_ms)
        return Counted(family, what, first.tenant, "", "", "", (), first.time_ms)
