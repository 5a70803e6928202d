"""What simulated customers do beside visits: ask for help, pursue goals, buy, subscribe.

    ticket         opened ──▶ bot ──▶ person ──▶ resolved ──▶ reopened ──▶ person
    journey        started ──▶ ended ──▶ survey (needs, ease, enjoyment)
    order          purchase ──▶ refund │ survey (satisfaction, expectations, ideal)
    subscription   started ──▶ paused ──▶ resumed ──▶ … ──▶ cancelled

Draws of its own, so that visits and their surveys come as they would without.
"""

import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

Event = dict[str, Any]
Timed = tuple[int, Event]
Who = tuple[str, str]

# Of visits, and of what they lead to.
_TICKET, _BOT, _RESOLVED, _REOPENED = 0.02, 0.5, 0.9, 0.1
_JOURNEY, _ASKED, _ANSWERED = 0.03, 0.4, 0.5
_ORDER, _REFUND, _ASKED_BUYERS = 0.05, 0.06, 0.2
_SUBSCRIPTION, _KNOWN = 0.02, 0.3
EVENTS_A_VISIT: Final = (
    _TICKET * (2 + _BOT + _RESOLVED + 2 * _REOPENED)
    + _JOURNEY * (2 + _ASKED * (1 + _ANSWERED))
    + _ORDER * (1 + _REFUND + _ASKED_BUYERS * (1 + _ANSWERED))
    + _SUBSCRIPTION
)
"""To be expected beside a visit and its survey."""
_MINUTE_MS, _DAY_MS = 60_000, 86_400_000


class _Scale(NamedTuple):
    """Ends of a scale, where on it customers feel 0, and how far 1 is."""

    low: int
    high: int
    middle: float
    step: float


_FIVE, _TEN = _Scale(1, 5, 3.8, 0.9), _Scale(1, 10, 7.4, 1.6)
_SCALES: Final[Mapping[str, _Scale]] = MappingProxyType(
    {
        "nps": _Scale(0, 10, 7.8, 2.0),
        **dict.fromkeys(("needs", "ease", "enjoyment"), _FIVE),
        **dict.fromkeys(("satisfaction", "expectations", "ideal"), _TEN),
    }
)
_NEXT: Final = MappingProxyType(
    {
        "": ("started",),
        "started": ("paused", "cancelled", "paused"),
        "paused": ("resumed", "resumed", "cancelled"),
        "resumed": ("paused", "cancelled"),
        "cancelled": ("started",),
    }
)


class Errands:
    """What comes of visits; the same seed gives the same."""

    def __init__(self, seed: str) -> None:
        self._rng = random.Random(seed)
        self._subscribed: dict[Who, str] = {}

    def of(self, who: Who, channel: str, felt: float, at_ms: int) -> Iterator[Timed]:
        """What a customer who felt so and so does after a visit, not in order."""
        draw = self._rng.random()
        if draw < _TICKET:
            yield from self._ticket(who, channel, at_ms)
        elif draw < _TICKET + _JOURNEY:
            yield from self._journey(who, felt, at_ms)
        elif draw < _TICKET + _JOURNEY + _ORDER:
            yield from self._order(who, felt, at_ms)
        elif draw < _TICKET + _JOURNEY + _ORDER + _SUBSCRIPTION:
            yield self._subscription(who, at_ms)

    def _ticket(self, who: Who, channel: str, at_ms: int) -> Iterator[Timed]:
        rng, ticket = self._rng, {"ticket_id": new_id(self._rng)}
        yield self._event(who, "ticket.opened", at_ms, ticket | {"channel": channel})
        if rng.random() < _BOT:
            yield self._event(who, "ticket.responded", at_ms + 2_000, ticket | {"responder": "bot"})
        at_ms += self._about(20 * _MINUTE_MS)
        yield self._event(who, "ticket.responded", at_ms, ticket | {"responder": "human"})
        if rng.random() < _RESOLVED:
            at_ms += self._about(10 * _MINUTE_MS)
            yield self._event(who, "ticket.resolved", at_ms, ticket)
        if rng.random() < _REOPENED:
            at_ms += self._about(60 * _MINUTE_MS)
            yield self._event(who, "ticket.reopened", at_ms, ticket)
            at_ms += self._about(30 * _MINUTE_MS)
            yield self._event(who, "ticket.responded", at_ms, ticket | {"responder": "human"})

    def _journey(self, who: Who, felt: float, at_ms: int) -> Iterator[Timed]:
        journey = {"journey_id": new_id(self._rng)}
        name = self._rng.choice(("move-house", "first-order", "change-plan"))
        yield self._event(who, "journey.started", at_ms, journey | {"name": name})
        at_ms += self._about(25 * _MINUTE_MS)
        mood = felt + self._rng.gauss(0, 0.5)
        outcome = "achieved" if mood > -0.7 else "failed" if mood < -1.4 else "abandoned"
        yield self._event(who, "journey.ended", at_ms, journey | {"outcome": outcome})
        if self._rng.random() < _ASKED:
            yield from self._survey(who, "journey", ("nps", "needs", "ease", "enjoyment"), felt, at_ms)

    def _order(self, who: Who, felt: float, at_ms: int) -> Iterator[Timed]:
        rng = self._rng
        cents = int(rng.lognormvariate(8.3, 0.6))
        money = {"amount": _decimal(cents), "currency": "EUR", "margin": _decimal(cents * 3 // 10)}
        order = {"order_id": new_id(rng), **money}
        yield self._event(who, "purchase", at_ms, order)
        if rng.random() < _REFUND:
            yield self._event(who, "refund", at_ms + self._about(3 * 60 * _MINUTE_MS), order)
        if rng.random() < _ASKED_BUYERS:
            metrics = ("nps", "satisfaction", "expectations", "ideal")
            yield from self._survey(who, "relationship", metrics, felt, at_ms)

    def _subscription(self, who: Who, at_ms: int) -> Timed:
        """The next change of a customer's only subscription; it began up to a year before it is told."""
        if self._subscribed and self._rng.random() < _KNOWN:
            who = self._rng.choice(list(self._subscribed))
        former = self._subscribed.get(who, "")
        kind = self._subscribed[who] = self._rng.choice(_NEXT[former])
        data = {"subscription_id": "s-1"}
        if not former:
            data["effective_at"] = _time(at_ms - self._rng.randrange(365 * _DAY_MS))
        return self._event(who, f"subscription.{kind}", at_ms, data)

    def _survey(
        self, who: Who, level: str, metrics: tuple[str, ...], felt: float, at_ms: int
    ) -> Iterator[Timed]:
        rng, ids = self._rng, {"survey_id": f"after-{level}", "invitation_id": new_id(self._rng)}
        at_ms += _MINUTE_MS
        yield self._event(who, "survey.sent", at_ms, {**ids, "metrics": [*metrics], "level": level})
        if rng.random() < _ANSWERED:
            answers = [{"metric": metric, "value": self._read_off(metric, felt)} for metric in metrics]
            data = {**ids, "response_id": new_id(rng), "answers": answers}
            yield self._event(who, "survey.answered", at_ms + self._about(2 * _MINUTE_MS), data)

    def _read_off(self, metric: str, felt: float) -> int:
        low, high, middle, step = _SCALES[metric]
        return min(high, max(low, round(middle + step * (felt + self._rng.gauss(0, 0.4)))))

    def _about(self, median_ms: int) -> int:
        return int(median_ms * self._rng.lognormvariate(0, 0.8))

    def _event(self, who: Who, kind: str, at_ms: int, data: Event) -> Timed:
        return envelope(new_id(self._rng), who, f"cx.{kind}.v1", at_ms, data)


def new_id(rng: random.Random) -> str:
    """Sixteen hexadecimal digits."""
    return f"{rng.getrandbits(64):016x}"


def envelope(id_: str, who: Who, kind: str, at_ms: int, data: Event) -> Timed:
    """The time, and an event of a tenant's customer."""
    attributes = {
        "specversion": "1.0",
        "id": id_,
        "source": "/cx/simulate",
        "type": kind,
        "time": _time(at_ms),
    }
    return at_ms, {**attributes, "tenantid": who[0], "subject": who[1], "data": data}


def _time(at_ms: int) -> str:
    spelled = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return spelled.replace("+00:00", "Z")


def _decimal(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"
