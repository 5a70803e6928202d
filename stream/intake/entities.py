"""What is kept of surveys, journeys, tickets and customers, as they count now. No id, no subject."""

import msgspec

from stream.intake.placement import Dims


class Response(msgspec.Struct, array_like=True, gc=False):
    """An answered survey as it counts now; with `retracted`, only the mark that keeps later answers out."""

    tenant: str
    at_ms: int
    """Event time; of a retracted one, when that was."""
    revision: int
    answers: tuple[tuple[str, int], ...]
    """(metric, value); skipped ones are not kept."""
    level: str
    channel: str | None
    touchpoint: str | None
    segments: tuple[str | None, ...]
    missing: tuple[int, ...]
    """Which of level, channel, touchpoint, segments… (0, 1, 2, 3…) the event did not say."""
    overflow: int
    invitation: bytes
    """Key of the invitation, empty without one."""
    retracted: bool = False
    nth: int = 0
    """Of the customer's responses, in the order in which they came; 0 where all answers count."""
    superseded: tuple[str, ...] = ()
    """Metrics whose answer does not count, since a later one does (`latest.py`)."""

    @property
    def counted(self) -> tuple[tuple[str, int], ...]:
        """The answers that count."""
        if not self.superseded:
            return self.answers
        return tuple(answer for answer in self.answers if answer[0] not in self.superseded)

    @property
    def dims(self) -> Dims:
        """What the answer is split by."""
        return Dims(self.tenant, self.level, self.channel, self.touchpoint, self.segments)

    def ends_ms(self, keep_ms: int) -> int:
        """When it may be forgotten."""
        return self.at_ms + keep_ms


class Invitation(msgspec.Struct, array_like=True, gc=False):
    """A survey sent."""

    tenant: str
    at_ms: int
    expires_ms: int
    level: str
    channel: str | None
    touchpoint: str | None
    segments: tuple[str | None, ...]
    overflow: int
    answered: int = 0
    """How many live responses with an unskipped answer it has."""

    @property
    def dims(self) -> Dims:
        """What the invitation is split by, as captured when it was sent."""
        return Dims(self.tenant, self.level, self.channel, self.touchpoint, self.segments)

    def ends_ms(self, keep_ms: int) -> int:
        """When it may be forgotten."""
        return max(self.at_ms + keep_ms, self.expires_ms)


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


def inherit(response: Response, invitation: Invitation | None) -> None:
    """Fill what the answer did not say from its invitation; only then its level defaults to `interaction`."""
    if invitation is not None:
        values = (invitation.level, invitation.channel, invitation.touchpoint, *invitation.segments)
        segments = list(response.segments)
        for i in response.missing:
            if i >= len(("level", "channel", "touchpoint")):
                segments[i - 3] = values[i]
            else:
                setattr(response, ("level", "channel", "touchpoint")[i], values[i])
        response.segments = tuple(segments)
    response.level = response.level or "interaction"
