"""What the events of subscriptions change: who is active at a window's start, and who is lost at its end."""

from typing import Any

import pytest

from stream.intake.partition import Intake
from stream.intake.record import Source
from stream.intake.spells import CANCELLED, FOREVER_MS, PAUSED, RESUMED, STARTED, spells
from stream.scoring.merge import Merger
from stream.scoring.panes import ladders
from tests.support.folding import MINUTE_MS, NOW_MS, Stored, compacted, recovered, rules, stored
from tests.support.spoiled import rfc3339

HOUR_MS, DAY_MS = 60 * MINUTE_MS, 24 * 60 * MINUTE_MS
SOURCE = Source("relationships", 0)
WINDOWS = {"CX_WINDOWS": "1h,1d"}


class Customers:
    """An intake and the merger behind it, by the wall clock; records are stored when they happen."""

    def __init__(self) -> None:
        self.intake = Intake(SOURCE, rules(**WINDOWS))
        self.merger = Merger(ladders(self.intake.rules.windows), by_event_time=False)
        self.log: dict[bytes, bytes] = {}
        self.records: list[Stored] = []
        self._sent = self._committed = 0

    def take(self, kind: str, at_ms: int, subject: str = "c-1", **data: Any) -> str:
        """Take an event of subscription s-1, write a checkpoint and send it; the outcome."""
        self.fold(kind, at_ms, subject, **data)
        return self.write()

    def fold(self, kind: str, at_ms: int, subject: str = "c-1", **data: Any) -> None:
        """Take an event."""
        own = {"subscription_id": "s-1", **data}
        record = stored(len(self.records), f"subscription.{kind}", at_ms, subject=subject, **own)
        self.records.append(record)
        self.intake.fold([record], at_ms)

    def write(self, *, sent: bool = True) -> str:
        """Write a checkpoint; the outcome of its last record."""
        step = self.intake.checkpoint()
        compacted(self.log, step)
        if sent:
            self._send(step.position, step.rows)
        return next(iter(step.counts.outcomes))

    def _send(self, position: int, rows: Any) -> None:
        for message in self.intake.messages(position, rows):
            self.merger.fold(self._sent, message)
            self._sent += 1
        self._committed = position + 1

    def crash(self) -> None:
        """Take over from the changelog, and send what was not committed."""
        self.intake = recovered(self.log, self.records, self.intake)
        self._send(self.intake.position, self.intake.above(self._committed))

    def at(self, end_ms: int) -> dict[str, tuple[int, ...]]:
        """Active and lost by window, where the windows end there."""
        self.merger.advance(end_ms)
        return {row.window: row.tally for row in self.merger.rows()}


def test_a_customer_is_lost_once_the_window_reaches_the_cancellation() -> None:
    """And is not of the base of a window that begins after it."""
    customers = Customers()
    customers.take("started", NOW_MS)
    assert {} == customers.at(NOW_MS)
    customers.take("cancelled", NOW_MS + 2 * HOUR_MS)
    assert (1, 1) == customers.at(NOW_MS + 2 * HOUR_MS + MINUTE_MS)["1h"]
    assert (0, 0) == customers.at(NOW_MS + 4 * HOUR_MS).get("1h", (0, 0))
    assert (1, 1) == customers.at(NOW_MS + 25 * HOUR_MS)["1d"]
    assert {} == customers.at(NOW_MS + 27 * HOUR_MS)


def test_a_cancellation_to_come_needs_no_further_event() -> None:
    """It was told today, and holds in three hours."""
    customers = Customers()
    customers.take("started", NOW_MS, effective_at=rfc3339(NOW_MS - 30 * DAY_MS))
    customers.take("cancelled", NOW_MS, effective_at=rfc3339(NOW_MS + 3 * HOUR_MS))
    assert {"1h": (1, 0), "1d": (1, 0)} == customers.at(NOW_MS + 2 * HOUR_MS)
    assert {"1h": (1, 1), "1d": (1, 1)} == customers.at(NOW_MS + 3 * HOUR_MS)


def test_a_customer_with_another_subscription_stays() -> None:
    """Customers are lost, not subscriptions."""
    customers = Customers()
    customers.take("started", NOW_MS)
    customers.take("started", NOW_MS, subscription_id="s-2")
    customers.take("cancelled", NOW_MS + 2 * HOUR_MS)
    assert (1, 0) == customers.at(NOW_MS + 2 * HOUR_MS)["1h"]
    customers.take("cancelled", NOW_MS + 2 * HOUR_MS, subscription_id="s-2")
    assert (1, 1) == customers.at(NOW_MS + 2 * HOUR_MS)["1h"]


def test_who_comes_back_within_the_window_is_not_lost() -> None:
    """A pause is an end, and resuming or starting again takes it back."""
    customers = Customers()
    customers.take("started", NOW_MS)
    customers.take("paused", NOW_MS + 2 * HOUR_MS)
    assert (1, 1) == customers.at(NOW_MS + 2 * HOUR_MS)["1h"]
    customers.take("resumed", NOW_MS + 2 * HOUR_MS + 10 * MINUTE_MS)
    assert (1, 0) == customers.at(NOW_MS + 2 * HOUR_MS + 10 * MINUTE_MS)["1h"]


def test_the_same_change_again_is_a_duplicate() -> None:
    """Under another id of the event."""
    customers = Customers()
    assert "counted" == customers.take("started", NOW_MS)
    assert "duplicate" == customers.take("started", NOW_MS)
    assert "counted" == customers.take("started", NOW_MS + 1)


@pytest.mark.parametrize("sent", [False, True])
def test_steps_that_are_added_up_are_not_counted_twice_after_a_crash(sent: bool) -> None:
    """What a checkpoint emptied is told of again by whoever takes over before it was sent."""
    customers = Customers()
    for number in range(5):
        customers.take("started", NOW_MS + number * MINUTE_MS, subject=f"c-{number}")
    customers.fold("started", NOW_MS + 5 * HOUR_MS, subject="c-9")
    customers.write(sent=sent)
    customers.crash()
    assert (5, 0) == customers.at(NOW_MS + 5 * HOUR_MS)["1h"]
    customers.take("cancelled", NOW_MS + 9 * HOUR_MS, subject="c-0")
    customers.crash()
    assert (6, 1) == customers.at(NOW_MS + 9 * HOUR_MS)["1h"]


def test_steps_do_not_pile_up() -> None:
    """What every window has reached is one cell, in the changelog and behind it."""
    customers = Customers()
    for day in range(60):
        customers.take("started", NOW_MS + day * DAY_MS, subject=f"c-{day}")
    assert (60, 0) == customers.at(NOW_MS + 59 * DAY_MS + HOUR_MS)["1h"]
    assert len([key for key in customers.log if key[:1] == b"h"]) <= 12
    customers.merger.advance(NOW_MS + 59 * DAY_MS + HOUR_MS)
    assert sum(len(panes) for panes in customers.merger.groups["acme", "churn_subscription"].cells) <= 12


def test_a_customer_is_kept_while_a_subscription_lasts_and_forgotten_after_it() -> None:
    """However long ago it began; old changes of it are not kept."""
    customers = Customers()
    customers.take("started", NOW_MS)
    for day in range(1, 200, 2):
        customers.take("paused", NOW_MS + day * DAY_MS)
        customers.take("resumed", NOW_MS + day * DAY_MS + HOUR_MS)
    (packed,) = customers.intake._cases._cases[b"u"]._shelf.packed.values()
    assert len(packed) < 300
    noon_ms = NOW_MS + 200 * DAY_MS + 12 * HOUR_MS
    assert (1, 0) == customers.at(noon_ms)["1d"]
    customers.take("cancelled", noon_ms)
    assert (1, 1) == customers.at(noon_ms)["1d"]
    for day in (230, 260):
        customers.take("started", NOW_MS + day * DAY_MS, subject="c-2")
    assert 1 == len(customers.intake._cases._cases[b"u"]._shelf.packed)
    assert (1, 0) == customers.at(NOW_MS + 260 * DAY_MS)["1h"]


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        ([], []),
        ([(5, FOREVER_MS)], [(1, 5, STARTED)]),
        ([(5, 9)], [(1, 5, STARTED), (1, 9, CANCELLED)]),
        ([(5, 7), (8, 9)], [(1, 5, STARTED), (1, 7, PAUSED), (1, 8, RESUMED), (1, 9, CANCELLED)]),
        ([(5, 12)], [(1, 5, STARTED), (1, 9, CANCELLED), (2, 8, STARTED), (2, 12, CANCELLED)]),
        ([], [(1, 5, STARTED), (1, 5, CANCELLED)]),
        ([], [(1, 5, CANCELLED)]),
        ([(5, FOREVER_MS)], [(1, 5, STARTED), (1, 7, STARTED)]),
        ([(5, 6), (7, FOREVER_MS)], [(1, 7, STARTED), (1, 6, CANCELLED), (1, 5, STARTED)]),
    ],
)
def test_spells(expected: list[tuple[int, int]], changes: list[tuple[int, int, int]]) -> None:
    """In the order of times, over all subscriptions."""
    assert expected == spells(changes)
