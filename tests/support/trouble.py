"""A seeded stream with every kind of trouble, as messages for the three source topics.

A message says which rejection it must get when that can be said of it alone, so that the oracle itself is
tested by it. What counts in the end is left to the oracle.
"""

import copy
import json
from collections.abc import Callable, Mapping

from tests.support.recount.murmur import partition_of
from tests.support.spoiled import SPOILERS, Event, encode, raw_malformed, raw_too_big, rfc3339, spoil
from tests.support.stories import CHANNELS, DAY, HOUR, MINUTE, TENANTS, Customer, Message, Stories

RAW = ("too_big", "malformed")
IN_TIME = ("future", "too_late")
REJECTIONS = (*RAW, *SPOILERS, *IN_TIME)
SKEW = 5 * MINUTE
OLDEST = 31 * DAY
"""What the worker under test must be told: windows up to 30 d, a lateness of one day."""

KNOWN_TENANTS = "acme,globex,default"
MAKERS: dict[str, int] = {
    "sent": 12,
    "answer": 24,
    "early_answer": 4,
    "planned_invitation": 4,
    "edit": 7,
    "retraction": 3,
    "retraction_first": 1,
    "everything_retracted": 1,
    "aside": 2,
    "interaction": 18,
    "other": 24,
    "copy": 8,
    "test": 2,
    "rejected": 8,
}
"""How often each kind of message comes, in parts of their sum."""


class Trouble(Stories):
    """Makes messages; the same seed, time and numbers give the same ones."""

    def __init__(
        self,
        seed: int,
        now_ms: int,
        customers: int = 600,
        partitions: int = 4,
        makers: Mapping[str, int] = MAKERS,
    ) -> None:
        """`makers`: how often each kind of message comes; those left out never do."""
        super().__init__(seed, now_ms)
        self._partitions, self._kinds = partitions, dict(makers)
        self._customers = [Customer(TENANTS[i % 3], f"c-{i // 2}", [], []) for i in range(customers)]
        self._sent_events: list[tuple[Customer, Event, str]] = []

    def messages(self, count: int) -> list[Message]:
        """So many messages, in the order to send them."""
        kinds = self._rng.choices(list(self._kinds), weights=list(self._kinds.values()), k=count)
        return [self._make(kind) for kind in kinds]

    def pass_time(self, ms: int) -> None:
        """The next messages are of later (or earlier), about the same customers and the same ids."""
        self._now_ms += ms

    def _make(self, kind: str) -> Message:
        makers: dict[str, Callable[[Customer], Message]] = {
            "sent": self.sent,
            "answer": self.answer,
            "early_answer": self.early_answer,
            "planned_invitation": self.planned_invitation,
            "edit": self.edit,
            "retraction": self.retraction,
            "retraction_first": self.retraction_first,
            "everything_retracted": self.everything_retracted,
            "aside": self.aside,
            "interaction": self.interaction,
            "other": self.other,
            "copy": self.copy,
            "test": self.test,
            "rejected": self.rejected,
        }
        return makers[kind](self._rng.choice(self._customers))

    def message(self, who: Customer, event: Event, topic: str = "surveys") -> Message:
        """The event in one of the two modes of CloudEvents, now and then in a wrong partition."""
        self._sent_events.append((who, event, topic))
        partition = None
        if self._rng.random() < 0.01:
            partition = (partition_of(who.key.decode(), self._partitions) + 1) % self._partitions
        if self._rng.random() < 0.15:
            return Message(topic, who.key, *self._binary(event), partition)
        return Message(topic, who.key, self._padded(encode(event)), self._content_type(), partition)

    def _binary(self, event: Event) -> tuple[bytes, tuple[tuple[str, bytes], ...]]:
        attributes = [(f"ce_{name}", str(value).encode()) for name, value in event.items() if name != "data"]
        self._rng.shuffle(attributes)
        return json.dumps(event["data"]).encode(), (("content-type", b"application/json"), *attributes)

    def _content_type(self) -> tuple[tuple[str, bytes], ...]:
        if self._rng.random() < 0.5:
            return ()
        return (("content-type", b"application/cloudevents+json; charset=UTF-8"), ("trace", b"\xff\x00"))

    def _padded(self, value: bytes) -> bytes:
        """Now and then exactly as long as a record may be, as deep, or with space around it."""
        draw = self._rng.random()
        if draw < 0.002:
            return value + b" " * (64 * 1024 - len(value))
        if draw < 0.004:
            return value[:-1] + b',"deep":' + b"[" * 15 + b"]" * 15 + b"}"
        return b" \n" + value + b"\t\r\n" if draw < 0.01 else value

    def interaction(self, who: Customer) -> Message:
        """An interaction, with or without a valence."""
        rng = self._rng
        data: Event = {"interaction_id": self._id("x"), **self._place(0.7)}
        data["channel"] = rng.choice(CHANNELS)
        if rng.random() < 0.85:
            data["valence"] = rng.choice(["positive", "positive", "neutral", "negative"])
        if rng.random() < 0.5:
            data |= {"duration_ms": rng.randrange(100_000), "outcome": rng.choice(["success", "unknown"])}
        return self.message(who, self._envelope(who, "cx.interaction.v1", data), "interactions")

    def other(self, who: Customer) -> Message:
        """An event that is neither of a survey nor an interaction."""
        order = self._order()
        ticket, bot = f"t-{self._rng.randrange(3)}", self._rng.choice(["bot", "auto", "internal"])
        subscription = {"subscription_id": f"s-{self._rng.randrange(2)}"}
        if self._rng.random() < 0.4:
            days = self._rng.uniform(-45, 20)
            subscription["effective_at"] = rfc3339(self._now_ms + int(days * DAY))
        journey = f"j-{self._rng.randrange(4)}"
        outcome = self._rng.choice(["achieved", "achieved", "failed", "abandoned"])
        types: tuple[tuple[str, str, Event], ...] = (
            ("interactions", "journey.started", {"journey_id": journey, "name": "move house"}),
            ("interactions", "journey.ended", {"journey_id": journey, "outcome": outcome}),
            ("interactions", "journey.started", {"journey_id": journey, "name": "move house"}),
            ("interactions", "journey.ended", {"journey_id": journey, "outcome": outcome}),
            ("interactions", "ticket.opened", {"ticket_id": ticket, "channel": self._rng.choice(CHANNELS)}),
            ("interactions", "ticket.opened", {"ticket_id": ticket, "channel": self._rng.choice(CHANNELS)}),
            ("interactions", "ticket.responded", {"ticket_id": ticket, "responder": "human"}),
            ("interactions", "ticket.responded", {"ticket_id": ticket, "responder": "human"}),
            ("interactions", "ticket.responded", {"ticket_id": ticket, "responder": bot}),
            ("interactions", "ticket.reopened", {"ticket_id": ticket}),
            ("interactions", "ticket.handed_over", {"ticket_id": ticket}),
            ("interactions", "ticket.resolved", {"ticket_id": ticket}),
            ("relationships", "purchase", order),
            ("relationships", "purchase", order),
            ("relationships", "refund", order),
            ("relationships", "subscription.started", dict(subscription)),
            ("relationships", "subscription.started", dict(subscription)),
            ("relationships", "subscription.paused", dict(subscription)),
            ("relationships", "subscription.resumed", dict(subscription)),
            ("relationships", "subscription.cancelled", dict(subscription)),
        )
        topic, kind, data = self._rng.choice(types)
        return self.message(who, self._envelope(who, f"cx.{kind}.v1", data), topic)

    def _order(self) -> Event:
        """Of few ids, so that some are told twice and some are refunded; in two currencies."""
        rng = self._rng
        amount = f"{rng.randrange(500)}.{rng.choice(['9', '05', '123456789012345678'])}"
        order: Event = {"order_id": f"o-{rng.randrange(8)}", "amount": amount}
        order["currency"] = rng.choice(["SEK", "SEK", "EUR"])
        if rng.random() < 0.5:
            order["margin"] = rng.choice(["4.05", "-1.1", "0", "250"])
        return order

    def copy(self, who: Customer) -> Message:
        """An event again: soon or much later, as it was, changed, or only looking like a copy."""
        if not self._sent_events:
            return self.answer(who)
        back = self._rng.choice([10, 300, len(self._sent_events)])
        who, event, topic = self._sent_events[-1 - self._rng.randrange(min(back, len(self._sent_events)))]
        event = copy.deepcopy(event)
        draw = self._rng.random()
        if draw < 0.15:
            event["time"] = rfc3339(self._time_ms())
        elif draw < 0.3:
            event["source"] = "/another"
        elif draw < 0.4:
            event["id"] = self._id("again")
        return self.message(who, event, topic)

    def test(self, who: Customer) -> Message:
        """An event that is marked as a test, and is the original of copies to come."""
        self._make(self._rng.choice(["answer", "interaction", "sent", "retraction"]))
        who, event, topic = self._sent_events.pop()
        marked = copy.deepcopy(event)
        marked["data"]["test"] = True
        message = self.message(who, marked, topic)
        self._sent_events[-1] = (who, event, topic)
        return message

    def rejected(self, who: Customer) -> Message:
        """A record that gets one reason of the closed set, each as often as the others."""
        reason = self._rng.choice(REJECTIONS)
        good = self._answered(who, self._id("r"), 2, None)
        good["data"]["answers"] = [{"metric": each, "value": 7} for each in ("satisfaction", "expectations")]
        if reason in RAW:
            raw = raw_too_big if reason == "too_big" else raw_malformed
            return Message("surveys", who.key, raw(good, self._rng), meant=reason)
        event = self._in_no_time(good, reason) if reason in IN_TIME else spoil(good, self._rng, reason)
        topic = "interactions" if reason == "unknown_type" and self._rng.random() < 0.3 else "surveys"
        value, headers = encode(event), self._content_type()
        texts = all(isinstance(each, str) for name, each in event.items() if name != "data")
        if texts and isinstance(event.get("data"), dict) and self._rng.random() < 0.2:
            value, headers = self._binary(event)
        return Message(topic, who.key, value, headers, meant=reason)

    def _in_no_time(self, event: Event, reason: str) -> Event:
        beyond = self._rng.randrange(2 * HOUR, 400 * DAY)
        event["time"] = rfc3339(
            self._now_ms + SKEW + beyond if reason == "future" else self._now_ms - OLDEST - beyond
        )
        return event
