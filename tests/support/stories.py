"""Good survey events of every kind, told as messages; what goes wrong between them is up to `trouble.py`."""

import random
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from tests.support.recount.model import Record
from tests.support.recount.murmur import partition_of
from tests.support.spoiled import Event, rfc3339

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
TENANTS = ("acme", "globex", None)
CHANNELS = ("web", "phone", "store", "e-mail")
TOUCHPOINTS = ("checkout", "delivery", "support.chat")
PLANS = ("free", "pro")
SCALES = {"nps": 10, "csat": 5, "ces": 7}
TRIOS = (
    {"satisfaction": 10, "expectations": 10, "ideal": 10},
    {"needs": 5, "ease": 5, "enjoyment": 5},
)


class Message(NamedTuple):
    """What to produce; `partition` None: where murmur2 of the key puts it.

    `meant` is the rejection reason it must get, when that can be said of the message alone.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    partition: int | None = None
    meant: str | None = None


def as_stored(messages: Iterable[Message], now_ms: int, partitions: int = 4) -> list[Record]:
    """The records that a broker makes of messages, all stored at the same time."""
    ends: Counter[tuple[str, int]] = Counter()
    records = []
    for each in messages:
        partition = each.partition
        if partition is None:
            partition = partition_of((each.key or b"").decode(), partitions)
        offset = ends[each.topic, partition]
        records.append(Record(each.topic, partition, offset, now_ms, each.key, each.value, each.headers))
        ends[each.topic, partition] += 1
    return records


class Customer(NamedTuple):
    """Who, and what was sent about them so far."""

    tenant: str | None
    subject: str
    invitations: list[str]
    responses: list[tuple[str, int]]

    @property
    def key(self) -> bytes:
        """The record key."""
        return f"{self.tenant or 'default'}:{self.subject}".encode()


class Stories:
    """Makes survey messages about customers.

    Event times lie in the last 29 days before `now_ms`, some before every window, some up to a minute ahead.
    """

    def __init__(self, seed: int, now_ms: int) -> None:
        self._rng = random.Random(seed)
        self._now_ms = now_ms
        self._tag, self._number = f"s{seed}", 0
        self._planned: list[tuple[Customer, Event]] = []

    def message(self, who: Customer, event: Event, topic: str = "surveys") -> Message:
        """The event as a message, in one of the two modes of CloudEvents."""
        raise NotImplementedError

    def _id(self, prefix: str) -> str:
        self._number += 1
        return f"{prefix}-{self._tag}-{self._number}"

    def _time_ms(self) -> int:
        draw = self._rng.random()
        if draw < 0.05:
            return self._now_ms - self._rng.randrange(30 * DAY + HOUR, 31 * DAY - HOUR)
        if draw < 0.08:
            return self._now_ms + self._rng.randrange(0, MINUTE)
        return self._now_ms - self._rng.randrange(0, 29 * DAY)

    def _envelope(self, who: Customer, kind: str, data: Event) -> Event:
        event: Event = {
            "specversion": "1.0",
            "id": self._id("e"),
            "source": self._rng.choice(["/shop/checkout", "//crm.example/surveys"]),
            "type": kind,
            "time": rfc3339(self._time_ms(), self._rng),
            "subject": who.subject,
            "data": data,
        }
        if who.tenant:
            event["tenantid"] = who.tenant
        if self._rng.random() < 0.1:
            event["traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
            data["unknown"] = self._rng.choice([{"name": "Jane Doe"}, [1, 2.5, None], "ünïcode", 10**30])
        return event

    def _place(self, likely: float) -> Event:
        rng = self._rng
        place: Event = {}
        if rng.random() < likely:
            place["channel"] = rng.choice(CHANNELS)
        if rng.random() < likely:
            place["touchpoint"] = rng.choice(TOUCHPOINTS)
        if rng.random() < likely:
            choices: tuple[Event, ...] = (
                {"plan": rng.choice(PLANS)},
                {"region": "eu", "plan": "pro"},
                {"region": "us"},
                {},
            )
            place["segments"] = rng.choice(choices)
        return place

    def _answers(self) -> list[Event]:
        metrics = self._rng.sample(list(SCALES), self._rng.choice([1, 1, 1, 2, 3]))
        scales = dict(SCALES)
        if self._rng.random() < 0.4:
            trio = self._rng.choice(TRIOS)
            scales |= trio
            metrics += self._rng.sample(list(trio), self._rng.choice([1, 2, 3, 3, 3]))
        return [
            {"metric": metric, "skipped": True}
            if self._rng.random() < 0.12
            else {"metric": metric, "value": self._rng.randint(0 if metric == "nps" else 1, scales[metric])}
            for metric in metrics
        ]

    def _level(self, data: Event, likely: float) -> Event:
        if self._rng.random() < likely:
            data["level"] = self._rng.choice(["interaction", "journey", "relationship"])
        return data

    def _invitation(self, who: Customer, invitation_id: str) -> Event:
        data = {"survey_id": "post.purchase", "invitation_id": invitation_id, "metrics": ["nps", "csat"]}
        data = self._level({**data, **self._place(0.8)}, 1.0)
        if self._rng.random() < 0.2:
            data["expires_at"] = rfc3339(self._now_ms + 14 * DAY)
        return self._envelope(who, "cx.survey.sent.v1", data)

    def sent(self, who: Customer) -> Message:
        """An invitation, now and then one that was sent before."""
        known = self._rng.random() < 0.05 and who.invitations
        invitation_id = self._rng.choice(who.invitations) if known else self._id("i")
        who.invitations.append(invitation_id)
        return self.message(who, self._invitation(who, invitation_id))

    def _answered(self, who: Customer, response_id: str, revision: int, invitation_id: str | None) -> Event:
        data: Event = {"response_id": response_id, "answers": self._answers(), **self._place(0.3)}
        data = self._level(data, 0.3)
        if revision > 1 or self._rng.random() < 0.5:
            data["revision"] = revision
        if invitation_id:
            data["invitation_id"] = invitation_id
        if self._rng.random() < 0.3:
            data["comment"] = "call me at +46 70 123 45 67 — Jane"
        return self._envelope(who, "cx.survey.answered.v1", data)

    def answer(self, who: Customer) -> Message:
        """A first answer, most of them to an invitation."""
        invited = who.invitations and self._rng.random() < 0.7
        response_id = self._id("r")
        who.responses.append((response_id, 1))
        return self.message(
            who, self._answered(who, response_id, 1, self._rng.choice(who.invitations) if invited else None)
        )

    def early_answer(self, who: Customer) -> Message:
        """An answer before its invitation."""
        invitation_id, response_id = self._id("i"), self._id("r")
        who.responses.append((response_id, 1))
        self._planned.append((who, self._invitation(who, invitation_id)))
        return self.message(who, self._answered(who, response_id, 1, invitation_id))

    def planned_invitation(self, who: Customer) -> Message:
        """The invitation of an early answer."""
        if not self._planned:
            return self.sent(who)
        who, event = self._planned.pop(self._rng.randrange(len(self._planned)))
        who.invitations.append(event["data"]["invitation_id"])
        return self.message(who, event)

    def edit(self, who: Customer) -> Message:
        """A response again with a revision that is higher, the same or lower, and other contents."""
        if not who.responses:
            return self.answer(who)
        response_id, revision = who.responses[-1 - self._rng.randrange(min(3, len(who.responses)))]
        new = max(1, revision + self._rng.choice([-1, 0, 1, 1, 1, 3]))
        who.responses.append((response_id, max(new, revision)))
        invitation_id = self._rng.choice([*who.invitations, None])
        return self.message(who, self._answered(who, response_id, new, invitation_id))

    def _retract(self, who: Customer, **data: Any) -> Message:
        reason = self._rng.choice(["gdpr", "fraud", "test", "error", "consent"])
        return self.message(who, self._envelope(who, "cx.survey.retracted.v1", {**data, "reason": reason}))

    def retraction(self, who: Customer) -> Message:
        """One response taken back, known or not."""
        response_id = self._rng.choice(who.responses)[0] if who.responses else self._id("r")
        return self._retract(who, response_id=response_id)

    def retraction_first(self, who: Customer) -> Message:
        """A response taken back before it is there."""
        response_id = self._id("r")
        who.responses.append((response_id, 1))
        return self._retract(who, response_id=response_id)

    def everything_retracted(self, who: Customer) -> Message:
        """All answers of the customer taken back."""
        return self._retract(who, all_of_subject=True)

    def aside(self, who: Customer) -> Message:
        """An invitation declined or expired, known or not."""
        kind = self._rng.choice(["declined", "expired"])
        invitation_id = self._rng.choice([*who.invitations, self._id("i")])
        return self.message(
            who, self._envelope(who, f"cx.survey.{kind}.v1", {"invitation_id": invitation_id})
        )
