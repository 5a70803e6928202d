"""What a survey event changes: the response's former contribution out, its new one in.

    sent ──▶ invitation ◀──link── response ◀── answered (revision 1, 2, …)
               │  dims captured       │  own dims, the missing ones from the invitation
               ▼                      ▼
           response rate          nps, csat, ces, pyramid, index

Either may come first: when an invitation arrives, the answers that name it move.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from copy import copy
from typing import Any, Literal

from stream.intake.customers import Hasher
from stream.intake.entities import Invitation, Response, inherit
from stream.intake.latest import Latest
from stream.intake.memory import Memory
from stream.intake.placement import Dims, Placer
from stream.intake.tally import Tallies
from stream.intake.times import parse_ms
from stream.scoring.answers import FAMILIES_OF, added
from stream.scoring.families import cell_of

Outcome = Literal["counted", "duplicate", "retracted"]
_SENT, _RESPONDED = cell_of("response", "sent"), cell_of("response", "responded")
_DAY_MS = 86_400_000
_EXPIRES_MS, _LONGEST_MS = 30 * _DAY_MS, 366 * _DAY_MS


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
        self._latest = Latest(memory) if latest else None
        self._tallies = tallies
        self._placer = placer
        self._hasher = hasher
        self._segment_keys = tuple(segment_keys)
        self.memory = memory
        self.corrections: Counter[str] = Counter()
        """By kind, since they were last taken."""
        self.overflowed: Counter[str] = Counter()
        """By label, since they were last taken."""
        self._verbs: dict[str, Callable[[Any, int, int], Outcome]] = {
            "cx.survey.sent.v1": self._sent,
            "cx.survey.answered.v1": self._answered,
            "cx.survey.retracted.v1": self._retracted,
        }

    def resolve(self, kind: str, event: Any, at_ms: int, clock_ms: int) -> Outcome:
        """Let an accepted event take effect. `clock_ms`: the tenant's, by which things are forgotten."""
        verb = self._verbs.get(kind)
        self.memory.clock_ms = clock_ms
        return "counted" if verb is None else verb(event, at_ms, clock_ms)

    def _answered(self, event: Any, at_ms: int, _clock_ms: int) -> Outcome:
        data = event.data
        customer = self._hasher.customer(event.tenantid, event.subject)
        key = self._hasher.entity(customer, b"r", data.response_id)
        former = self.memory.response(key)
        if former is not None:
            if former.retracted:
                return "retracted"
            if data.revision <= former.revision:
                return "duplicate"
            self._withdraw(former)
            self.corrections["revision"] += 1
        invitation = (
            self._hasher.entity(customer, b"i", data.invitation_id) if data.invitation_id is not None else b""
        )
        own = (data.level, data.channel, data.touchpoint, *self._segments(data.segments))
        response = Response(
            tenant=event.tenantid,
            at_ms=at_ms,
            revision=data.revision,
            answers=tuple(
                (answer.metric, answer.value) for answer in data.answers if answer.value is not None
            ),
            level=data.level or "",
            channel=data.channel,
            touchpoint=data.touchpoint,
            segments=own[3:],
            missing=tuple(i for i, value in enumerate(own) if value is None),
            overflow=0,
            invitation=invitation,
            nth=0 if self._latest is None else self._latest.next(customer),
        )
        asked = self.memory.invitation(invitation)
        inherit(response, asked)
        self._contribute(key, response)
        if asked is not None and response.answers:
            self._answer(invitation, asked, 1)
        self._supersede(customer, key)
        return "counted"

    def _contribute(self, key: bytes, response: Response) -> None:
        placement = self._placer.place(response.dims, response.at_ms)
        response.overflow = placement.overflow
        self.overflowed.update(placement.overflowed)
        for family, cell, amount in added(response.counted):
            self._tallies.add(placement, family, cell, response.at_ms, amount)
        for metric, _ in response.answers:
            for family in FAMILIES_OF[metric]:
                self._tallies.reach(response.tenant, family, response.at_ms)
        self.memory.keep(key, response)

    def _uncount(self, response: Response) -> None:
        placement = self._placer.replace(response.dims, response.overflow)
        for family, cell, amount in added(response.counted):
            self._tallies.add(placement, family, cell, response.at_ms, -amount)

    def _supersede(self, customer: bytes, new: bytes = b"") -> None:
        """Let only the customer's latest answers count, where so told. `new`: the response that just came."""
        if self._latest is None:
            return
        for key, response, metrics in self._latest.changed(customer):
            self._uncount(response)
            response.superseded = metrics
            self._contribute(key, response)
            self.corrections["latest_per_customer"] += key != new

    def _withdraw(self, response: Response) -> None:
        """Take a response out of every window and off its invitation."""
        self._uncount(response)
        invitation = self.memory.invitation(response.invitation)
        if invitation is not None and response.answers:
            self._answer(response.invitation, invitation, -1)

    def _answer(self, key: bytes, invitation: Invitation, delta: int) -> None:
        """Note one live answer more or less; the first and the last one count."""
        invitation.answered += delta
        if invitation.answered == max(delta, 0):
            self._count_responded(invitation, delta)
        self.memory.invitations.put(key, invitation)

    def _count_responded(self, invitation: Invitation, delta: int) -> None:
        placement = self._placer.replace(invitation.dims, invitation.overflow)
        self._tallies.add(placement, "response", _RESPONDED, invitation.at_ms, delta)

    def _sent(self, event: Any, at_ms: int, _clock_ms: int) -> Outcome:
        data = event.data
        customer = self._hasher.customer(event.tenantid, event.subject)
        key = self._hasher.entity(customer, b"i", data.invitation_id)
        if self.memory.invitation(key) is not None:
            return "duplicate"
        segments = self._segments(data.segments)
        placement = self._placer.place(
            Dims(event.tenantid, data.level, data.channel, data.touchpoint, segments), at_ms
        )
        self.overflowed.update(placement.overflowed)
        expires = parse_ms(data.expires_at) if data.expires_at is not None else at_ms + _EXPIRES_MS
        invitation = Invitation(
            tenant=event.tenantid,
            at_ms=at_ms,
            expires_ms=min(expires, at_ms + _LONGEST_MS),
            level=data.level,
            channel=data.channel,
            touchpoint=data.touchpoint,
            segments=segments,
            overflow=placement.overflow,
        )
        self._tallies.add(placement, "response", _SENT, at_ms)
        for response_key, response in self.memory.waiting(key):
            if response.answers:
                invitation.answered += 1
                self._move(response_key, response, invitation)
        if invitation.answered:
            self._count_responded(invitation, 1)
        self.memory.invitations.put(key, invitation)
        self._supersede(customer)
        return "counted"

    def _move(self, key: bytes, response: Response, invitation: Invitation) -> None:
        """Count an answer that came before its invitation where the invitation says."""
        moved = copy(response)
        inherit(moved, invitation)
        if moved.dims == response.dims:
            return
        self._uncount(response)
        self._contribute(key, moved)
        self.corrections["late_invitation"] += bool(response.counted)

    def _retracted(self, event: Any, _at_ms: int, clock_ms: int) -> Outcome:
        data = event.data
        customer = self._hasher.customer(event.tenantid, event.subject)
        if data.response_id is not None:
            key = self._hasher.entity(customer, b"r", data.response_id)
            self._retract(key)
            none = (None,) * len(self._segment_keys)
            mark = Response(event.tenantid, clock_ms, 0, (), "", None, None, none, (), 0, b"", retracted=True)
            self.memory.keep(key, mark)
        if data.all_of_subject:
            for key in sorted(self.memory.by_customer.of(customer)):
                self._retract(key)
        self._supersede(customer)
        return "counted"

    def _retract(self, key: bytes) -> None:
        response = self.memory.response(key)
        if response is not None and not response.retracted:
            self._withdraw(response)
            self.memory.forget(key)
            self.corrections["retraction"] += 1

    def _segments(self, given: dict[str, str] | None) -> tuple[str | None, ...]:
        return tuple((given or {}).get(key) for key in self._segment_keys)
