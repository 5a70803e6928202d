"""What purchases change: who has bought lately, and who has not for too long."""

from stream.intake.partition import Intake
from stream.intake.record import Source
from stream.scoring.merge import Merger
from stream.scoring.panes import ladders
from tests.support.folding import MINUTE_MS, NOW_MS, folded, rules, stored

HOUR_MS, DAY_MS = 60 * MINUTE_MS, 24 * 60 * MINUTE_MS


class Buyers:
    """An intake by the wall clock, with an inactivity of two days, and the merger behind it."""

    def __init__(self, lateness: str = "10m") -> None:
        own = rules(CX_WINDOWS="1h,1d", CX_MAX_LATENESS=lateness)._replace(inactivity_ms=2 * DAY_MS)
        self.intake = Intake(Source("relationships", 0), own)
        self.merger = Merger(ladders(own.windows), by_event_time=False)
        self._offset = 0

    def buy(self, at_ms: int, subject: str = "c-1", kind: str = "purchase", stored_ms: int = NOW_MS) -> None:
        """Take an order, and send on what it changes."""
        self._offset += 1
        record = stored(
            self._offset, kind, at_ms, subject=subject, order_id=f"o-{at_ms}", amount="9.90", currency="SEK"
        )
        step = folded([record._replace(timestamp=max(at_ms, stored_ms))], self.intake)
        for message in self.intake.messages(step.position, step.rows):
            self.merger.fold(self.merger.position + 1, message)

    def at(self, end_ms: int) -> dict[str, tuple[int, ...]]:
        """Active and lost by window, where the windows end there."""
        self.merger.advance(end_ms)
        return {row.window: row.tally for row in self.merger.rows()}


def test_a_customer_is_lost_without_another_event() -> None:
    """Two days after the last purchase, and not a pane before."""
    buyers = Buyers()
    buyers.buy(NOW_MS)
    assert {"1h": (1, 0), "1d": (1, 0)} == buyers.at(NOW_MS + 2 * DAY_MS - 30 * MINUTE_MS)
    assert {"1h": (1, 1), "1d": (1, 1)} == buyers.at(NOW_MS + 2 * DAY_MS)
    assert (0, 0) == buyers.at(NOW_MS + 2 * DAY_MS + 2 * HOUR_MS)["1h"]
    assert {} == buyers.at(NOW_MS + 4 * DAY_MS)


def test_a_late_purchase_takes_the_loss_back() -> None:
    """It was made before, and comes after the customer was counted as lost."""
    buyers = Buyers()
    buyers.buy(NOW_MS)
    end_ms = NOW_MS + 2 * DAY_MS + 10 * MINUTE_MS
    assert (1, 1) == buyers.at(end_ms)["1h"]
    buyers.buy(end_ms - 5 * HOUR_MS, stored_ms=end_ms)
    assert (1, 0) == buyers.at(end_ms)["1h"]


def test_a_refund_is_no_purchase() -> None:
    """Nobody becomes active by it."""
    buyers = Buyers()
    buyers.buy(NOW_MS, kind="refund")
    assert {} == buyers.at(NOW_MS + DAY_MS)


def test_the_order_of_purchases_does_not_matter() -> None:
    """And only gaps of more than the inactivity are kept."""
    found = []
    for order in ((0, 1, 2, 6), (6, 2, 0, 1)):
        buyers = Buyers("30d")
        for day in order:
            buyers.buy(NOW_MS + day * DAY_MS, stored_ms=NOW_MS + 6 * DAY_MS)
        found.append(
            (
                buyers.at(NOW_MS + 6 * DAY_MS + HOUR_MS),
                list(buyers.intake._cases._cases[b"b"]._shelf.packed.values()),
            )
        )
    assert found[0] == found[1]
    assert len(found[0][1]) < 50


def test_buyers_are_forgotten() -> None:
    """When no window reaches back to the end of their last spell."""
    buyers = Buyers()
    for day in (0, 30, 60):
        buyers.buy(NOW_MS + day * DAY_MS, subject=f"c-{day}", stored_ms=NOW_MS + day * DAY_MS)
    assert 1 == len(buyers.intake._cases._cases[b"b"]._shelf.packed)
