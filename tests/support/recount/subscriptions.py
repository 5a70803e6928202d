"""Which customers were active when, from all changes of all their subscriptions, kept for ever."""

from dataclasses import dataclass, field

from tests.support.recount.fields import time_ms
from tests.support.recount.model import Event

ORDER = (
    "cx.subscription.started.v1",
    "cx.subscription.resumed.v1",
    "cx.subscription.paused.v1",
    "cx.subscription.cancelled.v1",
)
"""Of changes at one time the later one here wins."""


@dataclass
class Purchases:
    """The purchases of one customer in one partition."""

    inactivity_ms: int
    times_ms: list[int] = field(default_factory=list)

    def is_active(self, at_ms: int) -> bool:
        """Whether something was bought in the time before."""
        return any(each < at_ms <= each + self.inactivity_ms for each in self.times_ms)


@dataclass
class Subscriptions:
    """One customer in one partition."""

    changes: dict[str, set[tuple[int, int]]] = field(default_factory=dict)

    def take(self, event: Event) -> str:
        """The outcome of an event that is neither rejected, test nor a copy."""
        given = event.data.get("effective_at")
        change = (event.time_ms if given is None else time_ms(given)), ORDER.index(event.type)
        own = self.changes.setdefault(event.data["subscription_id"], set())
        if change in own:
            return "duplicate"
        own.add(change)
        return "counted"

    def is_active(self, at_ms: int) -> bool:
        """Whether any subscription is active just before this time."""
        for own in self.changes.values():
            before = [change for change in own if change[0] < at_ms]
            if before and max(before)[1] < ORDER.index("cx.subscription.paused.v1"):
                return True
        return False
