"""What a survey event changes: the response's former contribution out, its new one in.

    sent ──▶ invitation ◀──link── response ◀── answered (revision 1, 2, …)
               │  dims captured       │  own dims, the missing ones from the invitation
               ▼                      ▼
           response rate          nps, csat, ces, pyramid, index

Either may come first: when an invitation arrives, the answers that name it move.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal

from stream.intake.checks import SCALES
from stream.intake.customers import DIGEST, Hasher
from stream.intake.effects import RESPONDED, SENT, Effects
from stream.intake.entities import EXPIRES_MS, Invitation, Response
from stream.intake.latest import Latest
from stream.intake.memory import Memory
from stream.intake.placement import Placer
from stream.intake.splits import Split, Splits
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
        self._splits = Splits(placer, segment_keys)
        self._effects = Effects(tallies, placer)
        self._latest = Latest(memory, self._splits) if latest else None
        self._hasher = hasher
        self.memory = memory
        self.corrections: Counter[str] = Counter()
        """By kind, since they were last taken."""
        self.overflowed: Counter[str] = Counter()
        """By label, since they were last taken."""
        self.resolvers: Mapping[str, Callable[[Any, int, int], Outcome]] = {
            "cx.survey.sent.v1": self._sent,
            "cx.survey.answered.v1": self._answered,
            "cx.survey.retracted.v1": self._retracted,
            "cx.survey.declined.v1": _nothing,
            "cx.survey.expired.v1": _nothing,
        }
        """By type, what lets an accepted event take effect: at its time, by the tenant's clock."""

    def settle(self) -> None:
        """Call before the tallies settle: forget where to count, and the subjects that came since."""
        self._effects.settle()
        self._hasher.forget()

    def _answered(self, event: Any, at_ms: int, clock_ms: int) -> Outcome:
        data, tenant, memory = event.data, event.tenantid, self.memory
        memory.clock_ms = clock_ms
        customer = self._hasher.customer(tenant, event.subject)
        key = self._hasher.entity(customer, b"r", data.response_id)
        standing = memory.responses.get(key)
        if standing is not None and not memory.is_over(key, standing):
            if standing.retracted:
                return "retracted"
            if data.revision <= standing.revision:
                return "duplicate"
            self._withdraw(customer, standing)
            self.corrections["revision"] += 1
        given = data.invitation_id
        invitation = b"" if given is None else self._hasher.entity(customer, b"i", given)
        asked = memory.invitation(invitation) if invitation else None
        split = self._splits.said(tenant, data, "" if asked is None else asked.split)
        response = Response(
            tenant,
            at_ms,
            data.revision,
            b"".join([_CODES[answer.metric][answer.value] for answer in data.answers]),
            split.packed,
            0,
            invitation[DIGEST:],
            False,  # noqa: FBT003 - every field by its place: a third of the time
            0 if self._latest is None else self._latest.next(customer),
        )
        self._contribute(key, standing, response, split)
        if asked is not None and response.answers:
            self._answer(invitation, asked, 1)
        if self._latest is not None:
            self._supersede(customer, key)
        return "counted"

    def _contribute(self, key: bytes, standing: Response | None, response: Response, split: Split) -> None:
        """Count a response and keep it. `standing`: what is on the shelf in its place."""
        placement = self._splits.place(split, response.at_ms)
        response.overflow = placement.overflow
        if placement.overflowed:
            self.overflowed.update(placement.overflowed)
        self._effects.add(split, placement.overflow, response.at_ms, response.answers, response.superseded, 1)
        self.memory.keep(key, standing, response)

    def _uncount(self, response: Response) -> None:
        self._effects.add(
            *(self._split(response), response.overflow, response.at_ms),
            *(response.answers, response.superseded, -1),
        )

    def _split(self, entity: Response | Invitation) -> Split:
        return self._splits.unpacked(entity.tenant, entity.split)

    def _supersede(self, customer: bytes, new: bytes = b"") -> None:
        """Let only the customer's latest answers count, where so told. `new`: the response that just came."""
        if self._latest is None:
            return
        for key, response, superseded in self._latest.changed(customer):
            self._uncount(response)
            response.superseded = superseded
            self._contribute(key, response, response, self._split(response))
            self.corrections["latest_per_customer"] += key != new

    def _withdraw(self, customer: bytes, response: Response) -> None:
        """Take a response out of every window and off its invitation."""
        self._uncount(response)
        if response.answers and response.asked:
            invitation = self.memory.invitation(customer + response.asked)
            if invitation is not None:
                self._answer(customer + response.asked, invitation, -1)

    def _answer(self, key: bytes, invitation: Invitation, delta: int) -> None:
        """Note one live answer more or less; the first and the last one count."""
        invitation.answered += delta
        if invitation.answered == max(delta, 0):
            self._count_responded(invitation, delta)
        self.memory.invitations.update(key, invitation)

    def _count_responded(self, invitation: Invitation, delta: int) -> None:
        self._effects.add(
            self._split(invitation), invitation.overflow, invitation.at_ms, RESPONDED, b"", delta
        )

    def _sent(self, event: Any, at_ms: int, clock_ms: int) -> Outcome:
        data, tenant = event.data, event.tenantid
        self.memory.clock_ms = clock_ms
        customer = self._hasher.customer(tenant, event.subject)
        key = self._hasher.entity(customer, b"i", data.invitation_id)
        standing = self.memory.invitations.get(key)
        if standing is not None and not self.memory.invitation_is_over(key, standing):
            return "duplicate"
        split = self._splits.said(tenant, data)
        placement = self._splits.place(split, at_ms)
        if placement.overflowed:
            self.overflowed.update(placement.overflowed)
        lasts_ms = EXPIRES_MS if data.expires_at is None else parse_ms(data.expires_at) - at_ms
        later_ms = min(lasts_ms, _LONGEST_MS) - EXPIRES_MS
        invitation = Invitation(tenant, at_ms, later_ms, split.packed, placement.overflow)
        self._effects.add(split, placement.overflow, at_ms, SENT, b"", 1)
        for response_key, response in self.memory.waiting(key):
            if response.answers:
                invitation.answered += 1
                self._move(response_key, response, invitation)
        if invitation.answered:
            self._count_responded(invitation, 1)
        self.memory.invitations.replace(key, standing, invitation)
        if self._latest is not None:
            self._supersede(customer)
        return "counted"

    def _move(self, key: bytes, response: Response, invitation: Invitation) -> None:
        """Count an answer that came before its invitation where the invitation says."""
        moved = self._splits.within(self._split(response), invitation.split)
        if moved.packed == response.split:
            return
        self._uncount(response)
        response.split = moved.packed
        self._contribute(key, response, response, moved)
        self.corrections["late_invitation"] += response.answers != response.superseded

    def _retracted(self, event: Any, _at_ms: int, clock_ms: int) -> Outcome:
        data = event.data
        self.memory.clock_ms = clock_ms
        customer = self._hasher.customer(event.tenantid, event.subject)
        if data.response_id is not None:
            key = self._hasher.entity(customer, b"r", data.response_id)
            self._retract(key)
            mark = Response(event.tenantid, clock_ms, 0, b"", "", 0, b"", retracted=True)
            self.memory.keep(key, self.memory.responses.get(key), mark)
        if data.all_of_subject:
            for key in sorted(self.memory.by_customer.of(customer)):
                self._retract(key)
        self._supersede(customer)
        return "counted"

    def _retract(self, key: bytes) -> None:
        response = self.memory.response(key)
        if response is not None and not response.retracted:
            self._withdraw(key[:DIGEST], response)
            self.memory.forget(key)
            self.corrections["retraction"] += 1


def _nothing(_event: Any, _at_ms: int, _clock_ms: int) -> Outcome:
    """It is counted, and changes nothing."""
    return "counted"
