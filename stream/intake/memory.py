"""The survey entities of one source partition, and when each is over.

    response      time + keep passed by the clock, and by each KPI it answers;   and no cohort holds it
    cohort        time of the invitation + keep passed by the clock, and by the response rate
    invitation    its cohort is over, and it has expired

The clock is the tenant's; a KPI's own matters by event time only. Once over, for good: nothing that is over
is ever used, so it does not matter when it is freed. A response waits for its invitation by its own time
alone. docs/decisions/0008 has the bound on memory.
"""

from collections.abc import Callable

from stream.intake.entities import Invitation, Response
from stream.intake.shelf import Shelf
from stream.intake.store import Store
from stream.intake.tally import Change, Tallies
from stream.scoring.answers import FAMILIES_OF


class Memory:
    """Responses, by key and by customer, and invitations."""

    def __init__(self, tallies: Tallies, keep_ms: int, store: Store, *, by_event_time: bool) -> None:
        """`keep_ms`: how long after its time an entity may still matter. `by_event_time`: as in `Tallies`."""
        self._tallies = tallies
        self._keep_ms = keep_ms
        self._by_event_time = by_event_time
        self.responses: Shelf[Response] = Shelf(b"r", Response, keep_ms, store)
        self.invitations: Shelf[Invitation] = Shelf(b"i", Invitation, keep_ms, store)
        self.by_customer = store.by_customer(b"r")
        self.clock_ms = -1
        """The clock of the tenant whose event is being resolved."""

    @property
    def pending(self) -> int:
        """At most how much the next checkpoint is to write of them, in records."""
        return self.responses.pending + self.invitations.pending

    def response(self, key: bytes) -> Response | None:
        """The response under a key, unless it is over."""
        response = self.responses.get(key)
        return None if response is None or self._is_over(response, self.clock_ms) else response

    def invitation(self, key: bytes) -> Invitation | None:
        """The invitation under a key, unless it is over."""
        invitation = self.invitations.get(key) if key else None
        if invitation is None or self._invitation_is_over(invitation, self.clock_ms):
            return None
        return invitation

    def keep(self, key: bytes, response: Response) -> None:
        """Store a response as it stands now."""
        self._unlist(key)
        self.responses.put(key, response)
        self._list(key, response)

    def forget(self, key: bytes) -> None:
        """Let go of a response."""
        self._unlist(key)
        self.responses.remove(key)

    def _list(self, key: bytes, response: Response | None) -> None:
        if response is not None and not response.retracted:
            self.by_customer.add(key, response.invitation)

    def _unlist(self, key: bytes) -> None:
        former = self.responses.get(key)
        if former is not None and not former.retracted:
            self.by_customer.discard(key, former.invitation)

    def waiting(self, invitation: bytes) -> list[tuple[bytes, Response]]:
        """The responses, with their keys, that name an invitation which comes now.

        Those that are over are freed: the invitation must not hold them.
        """
        found = []
        for key in sorted(self.by_customer.naming(invitation)):
            response = self.responses.get(key)
            if response is None or response.invitation != invitation:
                continue
            if self._is_over(response, self.clock_ms):
                self.forget(key)
            else:
                found.append((key, response))
        return found

    def _is_over(self, response: Response, clock_ms: int) -> bool:
        """Whether no window holds the response any more, and no event about it can be accepted.

        By event time a window's end is its family's, which may stand behind the tenant's clock. The response
        rate's windows hold it with the invitation that it answers.
        """
        ends_ms = self.responses.ends_ms(response)
        if ends_ms >= clock_ms:
            return False
        if self._by_event_time:
            for metric, _ in response.answers:
                for family in FAMILIES_OF[metric]:
                    if ends_ms >= self._tallies.high_ms(response.tenant, family):
                        return False
        invitation = self.invitations.get(response.invitation) if response.invitation else None
        return invitation is None or self._cohort_is_over(invitation, clock_ms)

    def _cohort_is_over(self, invitation: Invitation, clock_ms: int) -> bool:
        """Whether no window of the response rate holds the invitation, and no event of its time can come."""
        ends_ms = invitation.at_ms + self._keep_ms
        return ends_ms < clock_ms and not (
            self._by_event_time and ends_ms >= self._tallies.high_ms(invitation.tenant, "response")
        )

    def _invitation_is_over(self, invitation: Invitation, clock_ms: int) -> bool:
        """Until it expires, answers to come inherit from it."""
        return invitation.expires_ms < clock_ms and self._cohort_is_over(invitation, clock_ms)

    def expire(self, clock_of: Callable[[str], int]) -> None:
        """Free what is over; `clock_of` tells a tenant's clock."""
        for tenant in self.responses.tenants():
            clock_ms = clock_of(tenant)
            for key, response in self.responses.expire(tenant, clock_ms, self._is_over):
                self.by_customer.discard(key, response.invitation)
        for tenant in self.invitations.tenants():
            clock_ms = clock_of(tenant)
            for _ in self.invitations.expire(tenant, clock_ms, self._invitation_is_over):
                pass

    def changes(self) -> list[Change]:
        """Changelog records of the entities that changed since the last call."""
        return [*self.responses.changes(), *self.invitations.changes()]

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take back a changelog record; `key` begins with ``r`` or ``i``."""
        if key[:1] == b"i":
            self.invitations.load(key[1:], value)
            return
        self._unlist(key[1:])
        self._list(key[1:], self.responses.load(key[1:], value))
