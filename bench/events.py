"""The events, seeded: the same in every run but for their dates, which end ten minutes before they are made.

`interactions` are CloudEvents of 334 bytes: 2 000 customers of two tenants, 5 channels, 8 touchpoints, one
event a millisecond. `answers` are survey traffic: of 20 records 5 invitations, 14 responses (5 of them to
those invitations, from which they take channel and touchpoint) and 1 edit of a former response.
"""

import random
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from bench.truth import Kind, Truth

CUSTOMERS = 2_000
TENANTS = ("acme", "globex")
CHANNELS = ("web", "app", "mail", "phone", "store")
TOUCHPOINTS = ("home", "search", "product", "cart", "checkout", "delivery", "returns", "support")
PLANS = ("free", "pro", "team")
VALENCES = ("positive", "neutral", "negative")
SEED = 20_260_504
AGE_MS = 600_000

_KINDS = [Kind("cx_interactions", (("valence", valence),)) for valence in VALENCES]
_SENT = Kind("cx_surveys_sent", ())
_SCALES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}
# Categories from the lowest value of the scale up.
_CATEGORIES = {
    "nps": ["detractor"] * 7 + ["passive"] * 2 + ["promoter"] * 2,
    "csat": ["dissatisfied"] * 2 + ["neutral"] + ["satisfied"] * 2,
    "ces": ["difficult"] * 3 + ["neutral"] + ["easy"] * 3,
}

Keyed = tuple[str, bytes]
"""Record key and value."""


class Customer(NamedTuple):
    """Who an event is about."""

    tenant: str
    subject: str

    @property
    def key(self) -> str:
        """The record key."""
        return f"{self.tenant}:{self.subject}"


_PEOPLE = [Customer(TENANTS[i % len(TENANTS)], f"c-{i}") for i in range(CUSTOMERS)]


class Ticker:
    """Event times a millisecond apart, as RFC 3339 text and as milliseconds."""

    def __init__(self, start_ms: int) -> None:
        self.at_ms = start_ms - 1
        self._second = -1
        self._text = ""

    def next(self) -> str:
        """The next time."""
        self.at_ms += 1
        second, ms = divmod(self.at_ms, 1000)
        if second != self._second:
            self._second = second
            self._text = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{self._text}.{ms:03d}Z"


def interactions(count: int, start_ms: int, truth: Truth) -> Iterator[Keyed]:
    """`count` interactions from `start_ms` on."""
    rng, times = random.Random(SEED), Ticker(start_ms)
    for _ in range(count):
        bits = rng.getrandbits(256)
        who = _PEOPLE[bits % CUSTOMERS]
        channel = CHANNELS[(bits >> 16) % 5]
        touchpoint = TOUCHPOINTS[bits >> 24 & 7]
        valence = (bits >> 32) % 3
        plan = PLANS[(bits >> 56) % 3]
        data = {
            "interaction_id": f"{bits >> 192:016x}",
            "channel": channel,
            "touchpoint": touchpoint,
            "valence": VALENCES[valence],
            "duration_ms": 1000 + (bits >> 40) % 9_000,
            "segments": {"plan": plan},
        }
        event = _event(
            bits >> 64 & (1 << 128) - 1, f"/shop/{touchpoint}", "cx.interaction.v1", times.next(), who, data
        )
        truth.add((who.tenant, "positive", channel, touchpoint, plan, _KINDS[valence]), times.at_ms)
        yield who.key, orjson.dumps(event)


def answers(count: int, start_ms: int, truth: Truth) -> Iterator[Keyed]:
    """`count` records of survey traffic from `start_ms` on."""
    survey = _Surveys(random.Random(SEED), Ticker(start_ms), truth)
    for i in range(count):
        step = i % 20
        if step in (0, 4, 8, 12, 16):
            yield survey.invite()
        elif step in (3, 7, 11, 15, 19):
            yield survey.answer_invited()
        elif step == 18:
            yield survey.edit()
        else:
            yield survey.answer()


class _Response(NamedTuple):
    who: Customer
    response_id: str
    channel: str
    touchpoint: str
    invitation_id: str | None
    metric: str
    value: int
    at_ms: int


class _Surveys:
    def __init__(self, rng: random.Random, times: Ticker, truth: Truth) -> None:
        self._rng, self._times, self._truth = rng, times, truth
        self._invited: deque[_Response] = deque()
        self._former: deque[_Response] = deque(maxlen=1_000)

    def invite(self) -> Keyed:
        response = self._response()._replace(invitation_id=f"{self._rng.getrandbits(64):016x}")
        self._invited.append(response)
        data = {
            "survey_id": "after-visit",
            "invitation_id": response.invitation_id,
            "metrics": ["nps", "csat", "ces"],
            "level": "interaction",
            **_place(response),
        }
        keyed = self._keyed(response.who, "cx.survey.sent.v1", data)
        sent = response.who.tenant, "response", response.channel, response.touchpoint, "", _SENT
        self._truth.add(sent, self._times.at_ms)
        return keyed

    def answer(self) -> Keyed:
        return self._answered(self._response(), 1)

    def answer_invited(self) -> Keyed:
        return self._answered(self._invited.popleft(), 1)

    def edit(self) -> Keyed:
        former = self._former.popleft()
        self._count(former, -1)
        return self._answered(former._replace(value=self._value(former.metric)), 2)

    def _answered(self, response: _Response, revision: int) -> Keyed:
        data: dict[str, Any] = {
            "response_id": response.response_id,
            "answers": [{"metric": response.metric, "value": response.value}],
        }
        if revision > 1:
            data["revision"] = revision
        if response.invitation_id is not None:
            data["invitation_id"] = response.invitation_id
        else:
            data |= {"survey_id": "after-visit", **_place(response)}
        keyed = self._keyed(response.who, "cx.survey.answered.v1", data)
        response = response._replace(at_ms=self._times.at_ms)
        self._count(response, 1)
        if revision == 1:
            self._former.append(response)
        return keyed

    def _count(self, response: _Response, delta: int) -> None:
        metric = response.metric
        category = _CATEGORIES[metric][response.value - _SCALES[metric][0]]
        kind = Kind("cx_survey_responses", (("metric", metric), ("category", category)))
        event = response.who.tenant, metric, response.channel, response.touchpoint, "", kind
        self._truth.add(event, response.at_ms, delta)

    def _response(self) -> _Response:
        bits = self._rng.getrandbits(128)
        metric = ("nps", "csat", "ces")[(bits >> 8) % 3]
        return _Response(
            _PEOPLE[(bits >> 16) % CUSTOMERS],
            f"{bits >> 64:016x}",
            CHANNELS[(bits >> 40) % 5],
            TOUCHPOINTS[bits >> 48 & 7],
            None,
            metric,
            self._value(metric),
            0,
        )

    def _value(self, metric: str) -> int:
        lowest, highest = _SCALES[metric]
        return self._rng.randint(lowest, highest)

    def _keyed(self, who: Customer, kind: str, data: dict[str, Any]) -> Keyed:
        event = _event(self._rng.getrandbits(128), "/survey", kind, self._times.next(), who, data)
        return who.key, orjson.dumps(event)


def _place(response: _Response) -> dict[str, str]:
    return {"channel": response.channel, "touchpoint": response.touchpoint}


def _event(
    number: int, source: str, kind: str, time: str, who: Customer, data: dict[str, Any]
) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"{number:032x}",
        "source": source,
        "type": kind,
        "time": time,
        "subject": who.subject,
        "tenantid": who.tenant,
        "data": data,
    }
