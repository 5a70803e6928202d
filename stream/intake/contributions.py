"""What responses and invitations contribute to tallies: counted, moved and taken back."""

from collections import Counter
from collections.abc import Sequence

from stream.intake.customers import DIGEST
from stream.intake.effects import RESPONDED, Effects, What
from stream.intake.entities import Invitation, Response
from stream.intake.latest import Latest
from stream.intake.memory import Memory
from stream.intake.placement import NOWHERE, Placement, Placer
from stream.intake.splits import Split, Splits
from stream.intake.tally import Tallies


class Contributions:
    """Of the survey entities of one source partition."""

    def __init__(
        self, tallies: Tallies, placer: Placer, segment_keys: Sequence[str], memory: Memory, *, latest: bool
    ) -> None:
        """`latest`: only a customer's latest answer of each metric and level counts."""
        self.splits = Splits(placer, segment_keys)
        self.effects = Effects(tallies, placer)
        self._memory = memory
        self.latest = Latest(memory, self.splits) if latest else None
        self.corrections: Counter[str] = Counter()
        """By kind, since they were last taken."""
        self.overflowed: Counter[str] = Counter()
        """By label, since they were last taken."""

    def place(self, split: Split, at_ms: int) -> Placement:
        """Where something new counts; to be asked when the split's placement is not good any more."""
        placement = self.splits.place(split, at_ms)
        self.overflowed.update(placement.overflowed)
        return placement

    def revise(self, key: bytes, response: Response) -> None:
        """Take a response out of every window and off its invitation, for another takes its place."""
        self._withdraw(key[:DIGEST], response)
        self.corrections["revision"] += 1

    def retract(self, key: bytes) -> None:
        """Forget a response, unless it is retracted already or over."""
        response = self._memory.response(key)
        if response is not None and not response.retracted:
            self._withdraw(key[:DIGEST], response)
            self._memory.forget(key)
            self.corrections["retraction"] += 1

    def _withdraw(self, customer: bytes, response: Response) -> None:
        self._uncount(response)
        if response.answers and response.asked:
            invitation = self._memory.invitation(customer + response.asked)
            if invitation is not None:
                self.answer(customer + response.asked, invitation, -1)

    def answer(self, key: bytes, invitation: Invitation, delta: int) -> None:
        """Note one live answer more or less of an invitation; the first and the last one count."""
        invitation.answered += delta
        if invitation.answered == (delta > 0):
            self.count_responded(invitation, delta)
        self._memory.invitations.update(key, invitation)

    def count_responded(self, invitation: Invitation, delta: int) -> None:
        """Count an invitation as answered, or no longer so."""
        self._count_former(invitation, RESPONDED if delta > 0 else (RESPONDED, b"", delta))

    def move(self, key: bytes, response: Response, invitation: Invitation) -> None:
        """Count an answer that came before its invitation where the invitation says."""
        moved = self.splits.within(self._split(response), invitation.split)
        if moved.packed == response.split:
            return
        self._uncount(response)
        response.split = moved.packed
        self._recount(key, response, moved)
        self.corrections["late_invitation"] += response.answers != response.superseded

    def supersede(self, customer: bytes, new: bytes = b"") -> None:
        """Let only the customer's latest answers count, where so told. `new`: the response that just came."""
        if self.latest is None:
            return
        for key, response, superseded in self.latest.changed(customer):
            self._uncount(response)
            response.superseded = superseded
            self._recount(key, response, self._split(response))
            self.corrections["latest_per_customer"] += key != new

    def _recount(self, key: bytes, response: Response, split: Split) -> None:
        """Count a kept response anew."""
        placement = self.place(split, response.at_ms)
        response.overflow = placement.overflow
        self.effects.add(split.dims, placement, response.at_ms, (response.answers, response.superseded, 1))
        self._memory.keep(key, response, response)

    def _uncount(self, response: Response) -> None:
        self._count_former(response, (response.answers, response.superseded, -1))

    def _count_former(self, entity: Response | Invitation, what: What) -> None:
        """Count where an entity is counted."""
        split = self._split(entity)
        placement = split.placement
        if placement is NOWHERE or placement.overflow != entity.overflow:
            placement = self.effects.former(split.dims, entity.overflow)
        self.effects.add(split.dims, placement, entity.at_ms, what)

    def _split(self, entity: Response | Invitation) -> Split:
        return self.splits.unpacked(entity.tenant, entity.split)
