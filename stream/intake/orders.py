"""What a customer's orders come to: whether they bought again, and an account in each currency.

    purchases and refunds, in the order of their times ──▶ once or again     at the time of the first purchase
                                                      └──▶ account by currency      at that of the first in it

A refund belongs to the day of its order; one of an order that is not known is taken off the total alone.
Refunds in a currency in which nothing was bought come to nothing.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from stream.intake.placement import Dims, Placer
from stream.intake.tally import Tallies
from stream.scoring.families import cell_of
from stream.scoring.worth import Account, counts_of, exact

PURCHASE: Final = 0
REFUND: Final = 1
_DAY_MS: Final = 86_400_000

Order = tuple[int, int, int, str, str]
"""Time in milliseconds, id (hashed), kind, currency, what it brought in or cost (a decimal)."""


class Accounts:
    """Counts what customers' orders come to."""

    def __init__(self, tallies: Tallies, placer: Placer, segments: int) -> None:
        """`segments`: how many segment keys views use; an order has none of them."""
        self._tallies = tallies
        self._placer = placer
        self._segments = (None,) * segments

    def add(self, tenant: str, orders: Sequence[Order], sign: int) -> None:
        """Count what a customer's orders come to, or no longer."""
        dims = Dims(tenant, "", None, None, self._segments)
        for family, cell, at_ms, count in contributions(orders):
            self._tallies.add(self._placer.place(dims, at_ms), family, cell, at_ms, sign * count)


def contributions(orders: Sequence[Order]) -> Iterator[tuple[str, int, int, int]]:
    """Yield what a customer adds: family, cell or key, the time at which it counts (ms), how much."""
    bought = [order for order in orders if order[2] == PURCHASE]
    if not bought:
        return
    often = "again" if len(bought) > 1 else "once"
    yield "buyers", cell_of("buyers", often), min(bought)[0], 1
    for currency in sorted({order[3] for order in bought}):
        own = [order for order in orders if order[3] == currency]
        first_ms = min(order[0] for order in own if order[2] == PURCHASE)
        for key, count in counts_of(_account(currency, own)):
            if count:
                yield "value", key, first_ms, count


def _account(currency: str, own: Sequence[Order]) -> Account:
    day_of = {order: at_ms // _DAY_MS for at_ms, order, kind, _, _ in own if kind == PURCHASE}
    first, days = min(day_of.values()), set(day_of.values())
    total = later = 0
    for _, order, kind, _, value in own:
        money = exact(value) if kind == PURCHASE else -exact(value)
        total += money
        if day_of.get(order, first) > first:
            later += money
    return Account(currency, first, max(days), len(days) - 1, total, max(0, later))
