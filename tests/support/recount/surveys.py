"""What one customer's survey events leave standing: invitations, answers, retractions.

What is over is forgotten before each event, and so is as if it had never been. It is in no window then: that
is asserted here for whatever counts.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.support.recount.fields import time_ms
from tests.support.recount.model import Counted, Event, Rules
from tests.support.recount.scoring import TRIOS
from tests.support.recount.windows import holds

COUNTED_METRICS = ("nps", "csat", "ces", "needs", "ease", "enjoyment")
DAY_MS = 86_400_000
EXPIRES_MS, LONGEST_MS = 30 * DAY_MS, 366 * DAY_MS


@dataclass
class Times:
    """When things are over in one partition: the tenant's clock, and where each KPI's windows end there."""

    rules: Rules
    now_ms: int
    ends_ms: Callable[[str], int]

    def passed(self, at_ms: int, *families: str) -> bool:
        """Whether the longest window and the lateness behind a time have passed."""
        keep_ms = self.rules.longest_ms + self.rules.max_lateness_ms
        passed = at_ms + keep_ms < min([self.now_ms, *map(self.ends_ms, families)])
        if passed:
            for family in families:
                for window, size in self.rules.windows:
                    assert not holds(at_ms, size, self.rules.pane_ms(window), self.ends_ms(family))
        return passed


@dataclass
class Answered:
    """The latest revision of one response; `invitation`: what it was lent from."""

    revision: int
    event: Event
    invitation: Event | None
    superseded: frozenset[str] = frozenset()
    """Metrics of which a later answer counts."""

    @property
    def answers(self) -> list[dict[str, Any]]:
        """Those that were not skipped."""
        return [each for each in self.event.data["answers"] if not each.get("skipped")]

    @property
    def families(self) -> list[str]:
        """The KPIs it counts in by itself."""
        return [
            *(each["metric"] for each in self.answers if each["metric"] in COUNTED_METRICS),
            *self.together(self.answers),
        ]

    @property
    def counting(self) -> list[dict[str, Any]]:
        """The answers that are not superseded."""
        return [each for each in self.answers if each["metric"] not in self.superseded]

    @staticmethod
    def together(answers: list[dict[str, Any]]) -> dict[str, tuple[int | None, ...]]:
        """What answers make in threes, by KPI."""
        values = {each["metric"]: each["value"] for each in answers}
        return {
            family: tuple(values.get(metric) for metric in metrics)
            for family, metrics in TRIOS.items()
            if values.keys() & set(metrics)
        }


@dataclass
class Customer:
    """The surveys of one customer in one partition, in the order of the records."""

    corrections: Counter[str]
    invitations: dict[str, Event] = field(default_factory=dict)
    responses: dict[str, Answered] = field(default_factory=dict)
    retracted_ms: dict[str, int] = field(default_factory=dict)
    latest: bool = False
    """Whether only the latest answer of each metric and level counts."""

    def take(self, event: Event, times: Times) -> str:
        """The outcome of an event that is neither rejected, test nor a copy."""
        self._forget(times)
        steps: dict[str, Callable[[Event, int], str]] = {
            "cx.survey.sent.v1": self._sent,
            "cx.survey.answered.v1": self._answered,
            "cx.survey.retracted.v1": self._retracted,
        }
        step = steps.get(event.type)
        return step(event, times.now_ms) if step else "counted"

    def _forget(self, times: Times) -> None:
        cohorts = {
            invitation_id
            for invitation_id, event in self.invitations.items()
            if not times.passed(event.time_ms, "response")
        }
        self.responses = {
            response_id: response
            for response_id, response in self.responses.items()
            if not times.passed(response.event.time_ms, *response.families)
            or response.event.data.get("invitation_id") in cohorts
        }
        self.invitations = {
            invitation_id: event
            for invitation_id, event in self.invitations.items()
            if invitation_id in cohorts or _expires_ms(event) >= times.now_ms
        }
        self.retracted_ms = {
            response_id: at_ms for response_id, at_ms in self.retracted_ms.items() if not times.passed(at_ms)
        }

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
        lent = response.invitation.data if response.invitation else {}
        where = {"level": "interaction", **lent, **own}
        where["segments"] = {**lent.get("segments", {}), **own.get("segments", {})}
        alone = [
            _place(each["metric"], each["value"], response.event, where)
            for each in response.counting
            if each["metric"] in COUNTED_METRICS
        ]
        return alone + [
            _place(family, three, response.event, where)
            for family, three in response.together(response.counting).items()
        ]

    def _level(self, response: Answered) -> str:
        lent = response.invitation.data if response.invitation else {}
        return str({"level": "interaction", **lent, **response.event.data}["level"])

    def _supersede(self, new: str = "") -> None:
        """Only the last answer of each metric and level counts: by time, of one time that which came last."""
        if not self.latest:
            return
        last: dict[tuple[str, str], str] = {}
        for response_id, each in sorted(self.responses.items(), key=lambda item: item[1].event.time_ms):
            last |= {(answer["metric"], self._level(each)): response_id for answer in each.answers}
        for response_id, each in self.responses.items():
            level, former = self._level(each), each.superseded
            metrics = [answer["metric"] for answer in each.answers]
            each.superseded = frozenset(name for name in metrics if last[name, level] != response_id)
            self.corrections["latest_per_customer"] += each.superseded != former and response_id != new

    def _responses_to(self, invitation_id: str) -> list[Answered]:
        return [r for r in self.responses.values() if r.event.data.get("invitation_id") == invitation_id]

    def _sent(self, event: Event, _now_ms: int) -> str:
        invitation_id = event.data["invitation_id"]
        if invitation_id in self.invitations:
            return "duplicate"
        waiting = self._responses_to(invitation_id)
        before = [self.counted(each) for each in waiting]
        self.invitations[invitation_id] = event
        for each in waiting:
            each.invitation = event
        self.corrections["late_invitation"] += sum(
            self.counted(each) != former for each, former in zip(waiting, before, strict=True)
        )
        self._supersede()
        return "counted"

    def _answered(self, event: Event, _now_ms: int) -> str:
        response_id, revision = event.data["response_id"], event.data.get("revision", 1)
        if response_id in self.retracted_ms:
            return "retracted"
        former = self.responses.get(response_id)
        if former and revision <= former.revision:
            return "duplicate"
        self.corrections["revision"] += former is not None
        invitation = self.invitations.get(event.data.get("invitation_id", ""))
        self.responses.pop(response_id, None)
        self.responses[response_id] = Answered(revision, event, invitation)
        self._supersede(response_id)
        return "counted"

    def _retracted(self, event: Event, now_ms: int) -> str:
        if event.data.get("all_of_subject"):
            self.corrections["retraction"] += len(self.responses)
            self.responses.clear()
        response_id = event.data.get("response_id")
        if response_id is not None:
            self.corrections["retraction"] += self.responses.pop(response_id, None) is not None
            self.retracted_ms[response_id] = now_ms
        self._supersede()
        return "counted"


def _expires_ms(event: Event) -> int:
    """A year at most."""
    given = event.data.get("expires_at")
    expires_ms = event.time_ms + EXPIRES_MS if given is None else time_ms(given)
    return min(expires_ms, event.time_ms + LONGEST_MS)


def _place(
    family: str, what: int | str | tuple[int | None, ...], event: Event, where: dict[str, Any]
) -> Counted:
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
