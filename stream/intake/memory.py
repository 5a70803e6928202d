"""The survey entities of one source partition, and when each is over.

    response      time + keep passed by the clock, and by each KPI it answers;   and no cohort holds it
    cohort        time of the invitation + keep passed by the clock, and by the response rate
    invitation    its cohort is over, and it has expired

The clock is the tenant's; a KPI's own matters by event time only. Once over, for good: nothing that is over
is ever used, so it does not matter when it is freed. A response waits for its invitation by its own time
alone. docs/decisions/0008 has the bound on memory.
"""

from collections.abc import Callable

from stream.intake.customers import DIGEST
from stream.intake.entities import Invitation, Response
from stream.intake.shelf import Shelf
from stream.intake.store import Store
from stream.intake.tally import Change, Tallies
from stream.scoring.answers import FAMILIES_OF, unpacked


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
        return None if response is None or self.is_over(key, response) else response

    def invitation(self, key: bytes) -> Invitation | None:
        """The invitation under a key, unless it is over."""
        invitation = self.invitations.get(key)
        return None if invitation is None or self.invitation_is_over(key, invitation) else invitation

    def keep(self, key: bytes, standing: Response | None, response: Response) -> None:
        """Store a response as it stands now. `standing`: what is on the shelf in its place."""
        if standing is None:
            if not response.retracted:
                self.by_customer.add(key, key[:DIGEST] + response.asked if response.asked else b"")
        elif (standing.retracted, standing.asked) != (response.retracted, response.asked):
            self._unlist(key, standing)
            self._list(key, response)
        self.responses.replace(key, standing, response)

    def forget(self, key: bytes) -> None:
        """Let go of a response."""
        self._unlist(key, self.responses.get(key))
        self.responses.remove(key)

    def _list(self, key: bytes, response: Response | None) -> None:
        if response is not None and not response.retracted:
            self.by_customer.add(key, _invitation(key, response))

    def _unlist(self, key: bytes, response: Response | None) -> None:
        if response is not None and not response.retracted:
            self.by_customer.discard(key, _invitation(key, response))

    def waiting(self, invitation: bytes) -> list[tuple[bytes, Response]]:
        """The responses, with their keys, that name an invitation which comes now.

        Those that are over are freed: the invitation must not hold them.
        """
        found: list[tuple[bytes, Response]] = []
        for key in sorted(self.by_customer.naming(invitation)):
            response = self.responses.get(key)
            if response is None:
                continue
            if response.asked != invitation[DIGEST:]:
                self.by_customer.know(key, _invitation(key, response))
            elif self.is_over(key, response):
                self.forget(key)
            else:
                found.append((key, response))
        return found

    def is_over(self, key: bytes, response: Response, clock_ms: int | None = None) -> bool:
        """Whether no window holds the response any more, and no event about it can be accepted.

        By event time a window's end is its family's, which may stand behind the tenant's clock. The response
        rate's windows hold it with the invitation that it answers.
        """
        clock_ms = self.clock_ms if clock_ms is None else clock_ms
        ends_ms = self.responses.ends_ms(response)
        if ends_ms >= clock_ms:
            return False
        if self._by_event_time:
            for metric, _ in unpacked(response.answers):
                for family in FAMILIES_OF[metric]:
                    if ends_ms >= self._tallies.high_ms(response.tenant, family):
                        return False
        invitation = self.invitations.get(_invitation(key, response)) if response.asked else None
        return invitation is None or self._cohort_is_over(invitation, clock_ms)

    def _cohort_is_over(self, invitation: Invitation, clock_ms: int) -> bool:
        """Whether no window of the response rate holds the invitation, and no event of its time can come."""
        ends_ms = invitation.at_ms + self._keep_ms
        return ends_ms < clock_ms and not (
            self._by_event_time and ends_ms >= self._tallies.high_ms(invitation.tenant, "response")
        )

    def invitation_is_over(self, _key: bytes, invitation: Invitation, clock_ms: int | None = None) -> bool:
        """Until it expires, answers to come inherit from it."""
        clock_ms = self.clock_ms if clock_ms is None else clock_ms
        return invitation.expires_ms < clock_ms and self._cohort_is_over(invitation, clock_ms)

    def expire(self, clock_of: Callable[[str], int]) -> None:
        """Free what is over; `clock_of` tells a tenant's clock."""
        for tenant in self.responses.tenants():
            for key, response in self.responses.expire(tenant, clock_of(tenant), self.is_over):
                self.by_customer.discard(key, _invitation(key, response))
        for tenant in self.invitations.tenants():
            for _ in self.invitations.expire(tenant, clock_of(tenant), self.invitation_is_over):
                pass

    def changes(self) -> list[Change]:
        """Changelog records of the entities that changed since the last call."""
        return [*self.responses.changes(), *self.invitations.changes()]

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take back a changelog record; `key` begins with ``r`` or ``i``."""
        if key[:1] == b"i":
            self.invitations.load(key[1:], value)
            return
        self._unlist(key[1:], self.responses.get(key[1:]))
        self._list(key[1:], self.responses.load(key[1:], value))


def _invitation(key: bytes, response: Response) -> bytes:
    """The key of the invitation that a response names; empty: it names none."""
    return key[:DIGEST] + response.asked if response.asked else b""
