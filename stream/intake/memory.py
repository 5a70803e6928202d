"""The survey entities of one source partition, and when each is over.

Nothing that is over is ever used, so it does not matter when it is freed.
"""

from collections.abc import Callable

from stream.intake.customers import Index
from stream.intake.entities import Invitation, Response
from stream.intake.shelf import Shelf
from stream.intake.tally import Change, Tallies
from stream.scoring.families import SURVEY_FAMILIES


class Memory:
    """Responses, by key and by customer, and invitations."""

    def __init__(self, tallies: Tallies, keep_ms: int, *, by_event_time: bool) -> None:
        """`keep_ms`: how long after its time an entity may still matter. `by_event_time`: as in `Tallies`."""
        self._tallies = tallies
        self._by_wall = not by_event_time
        self.responses: Shelf[Response] = Shelf(b"r", Response, keep_ms)
        self.invitations: Shelf[Invitation] = Shelf(b"i", Invitation, keep_ms)
        self.by_customer = Index()
        self.clock_ms = -1
        """The clock of the tenant whose event is being resolved."""

    @property
    def size(self) -> int:
        """Entities that changed since the last checkpoint."""
        return len(self.responses.changed) + len(self.invitations.changed)

    def response(self, key: bytes) -> Response | None:
        """The response under a key, unless its time is over."""
        response = self.responses.get(key)
        return None if response is None or self._is_over(response, self.clock_ms) else response

    def invitation(self, key: bytes) -> Invitation | None:
        """The invitation under a key, unless its time is over."""
        invitation = self.invitations.get(key) if key else None
        return (
            None if invitation is None or self._invitation_is_over(invitation, self.clock_ms) else invitation
        )

    def forget(self, customer: bytes) -> None:
        """Free a customer's responses that are over: a later invitation of the same id must not hold them."""
        for key in self.by_customer.of(customer):
            if self.response(key) is None:
                self.responses.remove(key)
                self.by_customer.discard(key)

    def _is_over(self, response: Response, clock_ms: int) -> bool:
        """Whether no window holds the response any more, and no event about it can be accepted.

        By event time a window's end is its family's, which may stand behind the tenant's clock. A response is
        remembered as long as the invitation that it answers is.
        """
        families = (
            () if self._by_wall else {metric for metric, _ in response.answers if metric in SURVEY_FAMILIES}
        )
        behind = min(
            (self._tallies.high_ms(response.tenant, family) for family in families), default=clock_ms
        )
        if self.responses.ends_ms(response) >= min(clock_ms, behind):
            return False
        invitation = self.invitations.get(response.invitation) if response.invitation else None
        return invitation is None or self._invitation_is_over(invitation, clock_ms)

    def _invitation_is_over(self, invitation: Invitation, clock_ms: int) -> bool:
        behind = (
            clock_ms
            if self._by_wall or not invitation.sent
            else self._tallies.high_ms(invitation.tenant, "response")
        )
        return self.invitations.ends_ms(invitation) < min(clock_ms, behind)

    def expire(self, clock_of: Callable[[str], int]) -> None:
        """Free what is over; `clock_of` tells a tenant's clock."""
        for tenant in self.responses.tenants():
            clock_ms = clock_of(tenant)
            for key in self.responses.expire(tenant, clock_ms, self._is_over):
                self.by_customer.discard(key)
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
        response = self.responses.load(key[1:], value)
        if response is None or response.retracted:
            self.by_customer.discard(key[1:])
        else:
            self.by_customer.add(key[1:])
