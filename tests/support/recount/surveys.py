"""What one customer's survey events leave standing: invitations, answers, retractions."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.support.recount.model import Counted, Event

COUNTED_METRICS = ("nps", "csat", "ces")


@dataclass
class Answered:
    """The latest revision of one response."""

    revision: int
    event: Event

    @property
    def answers(self) -> list[dict[str, Any]]:
        """Those that were not skipped."""
        return [each for each in self.event.data["answers"] if not each.get("skipped")]


@dataclass
class Customer:
    """The surveys of one customer in one partition, in the order of the records."""

    corrections: Counter[str]
    keep_ms: int
    invitations: dict[str, Event] = field(default_factory=dict)
    responses: dict[str, Answered] = field(default_factory=dict)
    retracted_ms: dict[str, int] = field(default_factory=dict)

    def take(self, event: Event, now_ms: int) -> str:
        """The outcome of an event that is neither rejected, test nor a copy."""
        steps: dict[str, Callable[[Event, int], str]] = {
            "cx.survey.sent.v1": self._sent,
            "cx.survey.answered.v1": self._answered,
            "cx.survey.retracted.v1": self._retracted,
        }
        step = steps.get(event.type)
        return step(event, now_ms) if step else "counted"

    def standing(self) -> Iterator[Counted]:
        """Everything that counts."""
        for response in self.responses.values():
            yield from self.counted(response)
        for invitation_id, event in self.invitations.items():
            yield _place("response", "sent", event, event.data)
            if any(r.answers for r in self._responses_to(invitation_id)):
                yield _place("response", "responded", event, event.data)

    def counted(self, response: Answered) -> list[Counted]:
        """The answers of a response, each where it counts: what it leaves out comes from its invitation."""
        own = response.event.data
        invitation = self.invitations.get(own.get("invitation_id", ""))
        lent = invitation.data if invitation else {}
        where = {"level": "interaction", **lent, **own}
        where["segments"] = {**lent.get("segments", {}), **own.get("segments", {})}
        return [
            _place(each["metric"], each["value"], response.event, where)
            for each in response.answers
            if each["metric"] in COUNTED_METRICS
        ]

    def _responses_to(self, invitation_id: str) -> list[Answered]:
        return [r for r in self.responses.values() if r.event.data.get("invitation_id") == invitation_id]

    def _sent(self, event: Event, _now_ms: int) -> str:
        invitation_id = event.data["invitation_id"]
        if invitation_id in self.invitations:
            return "duplicate"
        waiting = self._responses_to(invitation_id)
        before = [self.counted(each) for each in waiting]
        self.invitations[invitation_id] = event
        self.corrections["late_invitation"] += sum(
            self.counted(each) != former for each, former in zip(waiting, before, strict=True)
        )
        return "counted"

    def _answered(self, event: Event, now_ms: int) -> str:
        response_id, revision = event.data["response_id"], event.data.get("revision", 1)
        if response_id in self.retracted_ms and now_ms <= self.retracted_ms[response_id] + self.keep_ms:
            return "retracted"
        former = self.responses.get(response_id)
        if former and revision <= former.revision:
            return "duplicate"
        self.corrections["revision"] += former is not None
        self.responses[response_id] = Answered(revision, event)
        return "counted"

    def _retracted(self, event: Event, now_ms: int) -> str:
        if event.data.get("all_of_subject"):
            self.corrections["retraction"] += len(self.responses)
            self.responses.clear()
        response_id = event.data.get("response_id")
        if response_id is not None:
            self.corrections["retraction"] += self.responses.pop(response_id, None) is not None
            self.retracted_ms[response_id] = now_ms
        return "counted"


def _place(family: str, what: int | str, event: Event, where: dict[str, Any]) -> Counted:
    return Counted(
        family,
        what,
        event.tenant,
        where["level"],
        where.get("channel", ""),
        where.get("touchpoint", ""),
        tuple(sorted(where.get("segments", {}).items())),
        event.time_ms,
    )
