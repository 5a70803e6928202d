"""What a survey event changes: the response's former contribution out, its new one in.

    sent ──▶ invitation ◀──link── response ◀── answered (revision 1, 2, …)
               │  dims captured       │  own dims, the missing ones from the invitation
               ▼                      ▼
           response rate          nps, csat, ces, pyramid, index

Either may come first: when an invitation arrives, the answers that name it move.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal

from stream.intake.checks import SCALES
from stream.intake.combination import Combination
from stream.intake.contributions import Contributions
from stream.intake.customers import DIGEST, Hasher
from stream.intake.effects import SENT
from stream.intake.entities import EXPIRES_MS, Invitation, Response
from stream.intake.memory import Memory
from stream.intake.placement import Placer
from stream.intake.splits import Split
from stream.intake.tally import Tallies
from stream.intake.times import parse_ms
from stream.scoring.answers import code

Outcome = Literal["counted", "duplicate", "retracted"]
_LONGEST_MS = 366 * 86_400_000
_CODES: Final[Mapping[str, Mapping[int | None, bytes]]] = {
    metric: {None: b""} | {value: bytes([code(metric, value)]) for value in scale}
    for metric, scale in SCALES.items()
}
"""By metric and value; skipped answers have no value."""


class Surveys:
    """Responses and invitations of one source partition."""

    def __init__(
        self,
        tallies: Tallies,
        placer: Placer,
        hasher: Hasher,
        segment_keys: Sequence[str],
        memory: Memory,
        *,
        latest: bool = False,
    ) -> None:
        """`latest`: only a customer's latest answer of each metric and level counts."""
        self.contributions = Contributions(tallies, placer, segment_keys, memory, latest=latest)
        self._splits, self._effects = self.contributions.splits, self.contributions.effects
        self._latest = self.contributions.latest
        self._hasher = hasher
        self.memory = memory
        self.saying: Mapping[str, Callable[[Any, Combination, int, int], Outcome]] = {
            "cx.survey.sent.v1": self._sent,
            "cx.survey.answered.v1": self._answered,
        }
        """By type, what lets an accepted event that can be split take effect: at its time, by the clock."""
        self.resolvers: Mapping[str, Callable[[Any, int, int], Outcome]] = {
            "cx.survey.retracted.v1": self._retracted,
            "cx.survey.declined.v1": _nothing,
            "cx.survey.expired.v1": _nothing,
        }
        """The same of other types."""

    def tell(self) -> None:
        """Call before the tallies are asked how much is pending."""
        self.contributions.effects.tell()

    def settle(self) -> None:
        """Call before the tallies settle: forget where to count, and the subjects that came since."""
        self.contributions.effects.settle()
        self._hasher.forget()

    def _answered(self, event: Any, said: Combination, at_ms: int, clock_ms: int) -> Outcome:
        data, tenant, memory = event.data, said.dims.tenant, self.memory
        memory.clock_ms = clock_ms
        customer = self._hasher.customer(tenant, event.subject)
        key = self._hasher.entity(customer, b"r", data.response_id)
        standing = memory.responses.get(key)
        if standing is not None and not memory.is_over(key, standing):
            if standing.retracted:
                return "retracted"
            if data.revision <= standing.revision:
                return "duplicate"
            self.contributions.revise(key, standing)
        invitation, asked = b"", None
        if data.invitation_id is not None:
            invitation = self._hasher.entity(customer, b"i", data.invitation_id)
            asked = memory.invitation(invitation)
        answers = b""
        for answer in data.answers:
            answers += _CODES[answer.metric][answer.value]
        if asked is not None:
            split = self._splits.said(tenant, data, asked.split)
        else:
            split = said.split or self._split(said, data)
        placement = split.placement
        if at_ms >= placement.until_ms:
            placement = self.contributions.place(split, at_ms)
        self._effects.add(split.dims, placement, at_ms, answers)
        response = Response(
            tenant,
            at_ms,
            data.revision,
            answers,
            split.packed,
            placement.overflow,
            invitation[DIGEST:],
            False,  # noqa: FBT003 - every field by its place: a third of the time
            0 if self._latest is None else self._latest.next(customer),
        )
        memory.keep(key, standing, response)
        if asked is not None and answers:
            self.contributions.answer(invitation, asked, 1)
        if self._latest is not None:
            self.contributions.supersede(customer, key)
        return "counted"

    def _sent(self, event: Any, said: Combination, at_ms: int, clock_ms: int) -> Outcome:
        data, tenant, memory = event.data, said.dims.tenant, self.memory
        memory.clock_ms = clock_ms
        customer = self._hasher.customer(tenant, event.subject)
        key = self._hasher.entity(customer, b"i", data.invitation_id)
        standing = memory.invitations.get(key)
        if standing is not None and not memory.invitation_is_over(key, standing):
            return "duplicate"
        split = said.split or self._split(said, data)
        later_ms = 0
        if data.expires_at is not None:
            later_ms = min(parse_ms(data.expires_at) - at_ms, _LONGEST_MS) - EXPIRES_MS
        placement = split.placement
        if at_ms >= placement.until_ms:
            placement = self.contributions.place(split, at_ms)
        self._effects.add(split.dims, placement, at_ms, SENT)
        invitation = Invitation(tenant, at_ms, later_ms, split.packed, placement.overflow)
        for response_key, response in memory.waiting(key):
            if response.answers:
                invitation.answered += 1
                self.contributions.move(response_key, response, invitation)
        if invitation.answered:
            self.contributions.count_responded(invitation, 1)
        memory.invitations.replace(key, standing, invitation)
        if self._latest is not None:
            self.contributions.supersede(customer)
        return "counted"

    def _split(self, said: Combination, data: Any) -> Split:
        """What is split by what an event says, without an invitation."""
        split = said.split = self._splits.said(said.dims.tenant, data)
        return split

    def _retracted(self, event: Any, _at_ms: int, clock_ms: int) -> Outcome:
        data, memory = event.data, self.memory
        memory.clock_ms = clock_ms
        customer = self._hasher.customer(event.tenantid, event.subject)
        if data.response_id is not None:
            key = self._hasher.entity(customer, b"r", data.response_id)
            self.contributions.retract(key)
            mark = Response(event.tenantid, clock_ms, 0, b"", "", 0, b"", retracted=True)
            memory.keep(key, memory.responses.get(key), mark)
        if data.all_of_subject:
            for key in sorted(memory.by_customer.of(customer)):
                self.contributions.retract(key)
        self.contributions.supersede(customer)
        return "counted"


def _nothing(_event: Any, _at_ms: int, _clock_ms: int) -> Outcome:
    """It is counted, and changes nothing."""
    return "counted"
