"""What is kept of surveys, journeys, tickets and customers, as they count now. No id, no subject."""

from typing import Final

import msgspec

EXPIRES_MS: Final = 30 * 86_400_000
"""After its time, where an invitation does not say when."""


class Response(msgspec.Struct, array_like=True, gc=False):
    """An answered survey as it counts now; with `retracted`, only the mark that keeps later answers out."""

    tenant: str
    at_ms: int
    """Event time; of a retracted one, when that was."""
    revision: int
    answers: bytes
    """A byte each (`stream/scoring/answers.py`); skipped ones are not kept."""
    split: str
    """What it is split by, packed (`splits.py`); of a retracted one, empty."""
    overflow: int
    asked: bytes
    """Its invitation: what its key has beyond the customer's hash; empty without one."""
    retracted: bool = False
    nth: int = 0
    """Of the customer's responses, in the order in which they came; 0 where all answers count."""
    superseded: bytes = b""
    """Answers that do not count, since later ones do (`latest.py`)."""

    def ends_ms(self, keep_ms: int) -> int:
        """When it may be forgotten."""
        return self.at_ms + keep_ms


class Invitation(msgspec.Struct, array_like=True, gc=False):
    """A survey sent."""

    tenant: str
    at_ms: int
    later_ms: int
    """So long after `EXPIRES_MS` it expires, before it where negative: a byte where nothing was said."""
    split: str
    """What it is split by, as captured when it was sent, packed (`splits.py`)."""
    overflow: int
    answered: int = 0
    """How many live responses with an unskipped answer it has."""

    @property
    def expires_ms(self) -> int:
        """Until then, answers to come inherit from it."""
        return self.at_ms + EXPIRES_MS + self.later_ms

    def ends_ms(self, keep_ms: int) -> int:
        """When it may be forgotten."""
        over_ms, expires_ms = self.at_ms + keep_ms, self.expires_ms
        return over_ms if over_ms > expires_ms else expires_ms  # noqa: FURB136 - `max` is a call


class Journey(msgspec.Struct, array_like=True, gc=False):
    """A goal that a customer pursued, as far as events have told."""

    tenant: str
    started_ms: int | None = None
    ended_ms: int | None = None
    outcome: str = ""

    @property
    def duration_ms(self) -> int | None:
        """From its start to its end; None where one is not known, or the end lies before the start."""
        if self.started_ms is None or self.ended_ms is None or self.ended_ms < self.started_ms:
            return None
        return self.ended_ms - self.started_ms

    def ends_ms(self, keep_ms: int) -> int:
        """When it may be forgotten."""
        return max(each for each in (self.started_ms, self.ended_ms, 0) if each is not None) + keep_ms


class Ticket(msgspec.Struct, array_like=True, gc=False):
    """A request for support: what happened when, and what of it counts now."""

    tenant: str
    channel: str | None = None
    """None until it is known how the ticket was opened."""
    moments: tuple[tuple[int, int], ...] = ()
    """Time and kind (`waits.py`), in order."""
    answered: tuple[tuple[int, int, int], ...] = ()
    """First responses: time, bucket of the wait by the wall, by business hours (-1: without a schedule)."""
    waits_ms: int | None = None
    """Since when its customer waits."""
    overflow: int = 0

    @property
    def times(self) -> list[int]:
        """When what it counts now counts."""
        waits = () if self.waits_ms is None else (self.waits_ms,)
        return [*(at_ms for at_ms, _, _ in self.answered), *waits]

    def ends_ms(self, keep_ms: int) -> int:
        """When it may be forgotten."""
        return self.moments[-1][0] + keep_ms


class Subscriber(msgspec.Struct, array_like=True, gc=False):
    """A customer with subscriptions."""

    tenant: str
    changes: tuple[tuple[int, int, int], ...] = ()
    """Subscription, time and kind (`spells.py`), in order."""
    last_ms: int = 0
    """The highest time of its events."""

    def ends_ms(self, keep_ms: int) -> int:
        """When it may be forgotten, at the earliest."""
        return self.last_ms + 2 * keep_ms


class Buyer(msgspec.Struct, array_like=True, gc=False):
    """A customer who bought."""

    tenant: str
    spells: tuple[tuple[int, int], ...] = ()
    """From a purchase to `inactivity` after the last one that follows it within that; in order, apart."""
    orders: tuple[tuple[int, int, int, str, str], ...] = ()
    """Purchases and refunds (`orders.py`), in order."""

    @property
    def last_ms(self) -> int:
        """The end of the last spell, or a later refund."""
        return max([to_ms for _, to_ms in self.spells[-1:]] + [order[0] for order in self.orders[-1:]])

    def ends_ms(self, keep_ms: int) -> int:
        """When it may be forgotten, at the earliest."""
        return self.last_ms + 2 * keep_ms
