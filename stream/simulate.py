"""Believable traffic, seeded: visits over a day, what customers felt, whom we asked, what they answered.

    visit ──▶ interaction (valence)
          ├─▶ invitation ──▶ declined │ answered ──▶ edited │ retracted
          │      seconds         seconds to hours later
          └─▶ ticket │ journey │ order │ subscription      (`errands.py`)

How a customer felt is one number, drawn about the level of the channel; valence, NPS, CSAT and CES are read
off it, each on its own scale, so that they move together as real ones do. Events come in the order of their
event time, and the same plan gives the same events.
"""

import bisect
import heapq
import math
import random
from collections.abc import Iterator, Mapping
from itertools import accumulate
from statistics import NormalDist
from types import MappingProxyType
from typing import Final, NamedTuple

from stream.errands import EVENTS_A_VISIT, Errands, Event, envelope, new_id

SCENARIOS: Final = ("steady", "drop", "channel-drop", "mix-shift", "silence")
DROPPED_CHANNEL: Final = "app"

_DAY_S = 86_400.0
_WEEKEND = 0.7
_CUSTOMERS = 20_000
# About 17 NPS points over everybody; about 34 where it hits one channel.
_DROP, _CHANNEL_DROP = 0.45, 0.9


class Channel(NamedTuple):
    """Where visits come from.

    `weight` in the mix of visits, `shifted` while the mix is; `level`: how customers feel; `answers`: share
    of invitations answered, half of them within `half_s` seconds.
    """

    weight: float
    shifted: float
    level: float
    answers: float
    half_s: float
    touchpoints: tuple[str, ...]


CHANNELS: Final[Mapping[str, Channel]] = MappingProxyType(
    {
        "web": Channel(0.42, 0.25, 0.0, 0.22, 20, ("search", "checkout", "returns")),
        "app": Channel(0.30, 0.15, 0.25, 0.30, 10, ("search", "checkout", "account")),
        "phone": Channel(0.12, 0.40, -0.45, 0.35, 15, ("support", "order")),
        "store": Channel(0.10, 0.05, 0.5, 0.12, 900, ("purchase", "returns")),
        "email": Channel(0.06, 0.15, -0.2, 0.18, 3_600, ("support", "delivery")),
    }
)
_INVITED, _DECLINED, _EDITED, _RETRACTED, _SKIPPED = 0.3, 0.04, 0.03, 0.004, 0.05
_PLANS = ("free", "plus", "pro")

# Shares of the values 0, 1, 2 … of a scale where customers feel 0.
_SHARES = {
    "nps": (0.010, 0.008, 0.012, 0.02, 0.03, 0.05, 0.07, 0.12, 0.18, 0.22, 0.28),
    "csat": (0.04, 0.06, 0.15, 0.40, 0.35),
    "ces": (0.03, 0.05, 0.07, 0.12, 0.20, 0.28, 0.25),
    "valence": (0.12, 0.20, 0.68),
}
_CUTS = {
    name: [NormalDist().inv_cdf(each) for each in accumulate(shares[:-1])] for name, shares in _SHARES.items()
}
_LOWEST = {"nps": 0, "csat": 1, "ces": 1}
_VALENCES = ("negative", "neutral", "positive")


class Plan(NamedTuple):
    """What to simulate: `rate` events a second, averaged over a week; trouble in `[from_ms, to_ms)`."""

    seed: int
    start_ms: int
    rate: float = 20.0
    scenario: str = "steady"
    from_ms: int = 0
    to_ms: int = 0
    tenants: tuple[str, ...] = ("acme",)

    def holds(self, at_ms: float) -> bool:
        """Whether the scenario's trouble is on."""
        return self.from_ms <= at_ms < self.to_ms


def events(plan: Plan) -> Iterator[tuple[int, Event]]:
    """Event times in milliseconds, and events, without end. Raises ValueError for an unknown scenario."""
    if plan.scenario not in SCENARIOS:
        raise ValueError(f"unknown scenario {plan.scenario}")
    traffic = _Traffic(plan)
    waiting: list[tuple[int, int, Event]] = []
    number = 0
    for visit_ms in traffic.visits():
        while waiting and waiting[0][0] <= visit_ms:
            at_ms, _, event = heapq.heappop(waiting)
            if not (plan.scenario == "silence" and plan.holds(at_ms)):
                yield at_ms, event
        for at_ms, event in traffic.visit(visit_ms):
            number += 1
            heapq.heappush(waiting, (at_ms, number, event))


def busy(at_ms: float) -> float:
    """How busy the time of day and of week is (UTC), 1 on average over a week.

    1.6 ┤                    ▁▁▂▃▄▄▃▁
    1.0 ┤                ▃▅▇▇████████▇▄
    0.2 ┤▅▂▁▁▂▄▆█████████████████████████▇
        └0────────6────────12────────18────────24 h
    """
    hour = at_ms / 1000 % _DAY_S / 3600
    curve = 1 - 0.62 * math.cos((hour - 3) / 12 * math.pi) - 0.2 * math.cos((hour - 2) / 6 * math.pi)
    weekday = (at_ms // (_DAY_S * 1000) + 3) % 7
    return curve * (_WEEKEND if weekday >= 5 else 1) * 7 / (5 + 2 * _WEEKEND)


_BUSIEST = max(busy(4 * _DAY_S * 1000 + minute * 60_000) for minute in range(1440)) * 1.001


def _events_a_visit() -> float:
    """Expected events of one visit, so that a rate of events can be asked for."""
    answered = sum(each.weight * each.answers for each in CHANNELS.values())
    return 1 + EVENTS_A_VISIT + _INVITED * (1 + _DECLINED + answered * (1 + _EDITED + _RETRACTED))


class _Traffic:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._rng = random.Random(f"{plan.seed} {plan.start_ms}")
        self._errands = Errands(f"{plan.seed} {plan.start_ms} errands")

    def visits(self) -> Iterator[int]:
        """Times of visits: a Poisson process as busy as the day."""
        rng, at_s = self._rng, self._plan.start_ms / 1000
        highest = self._plan.rate / _events_a_visit() * _BUSIEST
        while True:
            at_s += rng.expovariate(highest)
            if rng.random() * _BUSIEST < busy(at_s * 1000):
                yield int(at_s * 1000)

    def visit(self, at_ms: int) -> Iterator[tuple[int, Event]]:
        """One customer's visit and what comes of it, not in order."""
        rng, troubled = self._rng, self._plan.holds(at_ms)
        shifted = troubled and self._plan.scenario == "mix-shift"
        weights = [each.shifted if shifted else each.weight for each in CHANNELS.values()]
        name = rng.choices(tuple(CHANNELS), weights)[0]
        channel, number = CHANNELS[name], rng.randrange(_CUSTOMERS)
        tenant = self._plan.tenants[number % len(self._plan.tenants)]
        place = {
            "channel": name,
            "touchpoint": rng.choice(channel.touchpoints),
            "segments": {"plan": _PLANS[number % 7 % 3]},
        }
        felt = channel.level + rng.gauss() - self._drop(name, at_ms)
        who = (tenant, f"c-{number:05d}")
        valence = _VALENCES[bisect.bisect(_CUTS["valence"], felt)]
        data = {
            "interaction_id": self._id(),
            **place,
            "valence": valence,
            "duration_ms": int(rng.lognormvariate(11, 0.8)),
        }
        yield self._event(who, "cx.interaction.v1", at_ms, data)
        if rng.random() < _INVITED:
            yield from self._survey(who, place, channel, felt, at_ms + 1000 + rng.randrange(5000))
        yield from self._errands.of(who, name, felt, at_ms)

    def _drop(self, channel: str, at_ms: int) -> float:
        scenario = self._plan.scenario if self._plan.holds(at_ms) else ""
        if scenario == "channel-drop" and channel == DROPPED_CHANNEL:
            return _CHANNEL_DROP
        return _DROP if scenario == "drop" else 0.0

    def _survey(
        self, who: tuple[str, str], place: Event, channel: Channel, felt: float, at_ms: int
    ) -> Iterator[tuple[int, Event]]:
        rng, invitation = self._rng, self._id()
        sent = {"survey_id": "after-visit", "invitation_id": invitation, "metrics": ["nps", "csat", "ces"]}
        yield self._event(who, "cx.survey.sent.v1", at_ms, {**sent, "level": "interaction", **place})
        draw = rng.random()
        later_ms = at_ms + int(1000 * channel.half_s * rng.lognormvariate(0, 1))
        if draw < channel.answers:
            yield from self._answers(who, invitation, felt, later_ms)
        elif draw > 1 - _DECLINED:
            yield self._event(who, "cx.survey.declined.v1", later_ms, {"invitation_id": invitation})

    def _answers(
        self, who: tuple[str, str], invitation: str, felt: float, at_ms: int
    ) -> Iterator[tuple[int, Event]]:
        rng, response = self._rng, self._id()
        data = {"response_id": response, "invitation_id": invitation, "answers": self._read_off(felt)}
        yield self._event(who, "cx.survey.answered.v1", at_ms, data)
        draw = rng.random()
        if draw < _EDITED:
            again = {**data, "revision": 2, "answers": self._read_off(felt + rng.gauss(0, 0.5))}
            yield self._event(who, "cx.survey.answered.v1", at_ms + rng.randrange(5_000, 60_000), again)
        elif draw > 1 - _RETRACTED:
            gone = {"response_id": response, "reason": rng.choice(("gdpr", "fraud"))}
            yield self._event(who, "cx.survey.retracted.v1", at_ms + rng.randrange(60_000, 3_600_000), gone)

    def _read_off(self, felt: float) -> list[Event]:
        """How the customer felt on each scale, some of them skipped."""
        return [
            {"metric": metric, "skipped": True}
            if self._rng.random() < _SKIPPED
            else {
                "metric": metric,
                "value": lowest + bisect.bisect(_CUTS[metric], felt + self._rng.gauss(0, 0.3)),
            }
            for metric, lowest in _LOWEST.items()
        ]

    def _id(self) -> str:
        return new_id(self._rng)

    def _event(self, who: tuple[str, str], kind: str, at_ms: int, data: Event) -> tuple[int, Event]:
        return envelope(self._id(), who, kind, at_ms, data)
