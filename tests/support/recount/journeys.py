"""What one customer's journeys leave standing."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.support.recount.model import Counted, Event
from tests.support.recount.surveys import Times


@dataclass
class Journeys:
    """The journeys of one customer in one partition, in the order of the records."""

    tenant: str
    started: dict[str, Event] = field(default_factory=dict)
    ended: dict[str, Event] = field(default_factory=dict)

    def take(self, event: Event, times: Times) -> str:
        """The outcome of an event that is neither rejected, test nor a copy."""
        self._forget(times)
        known = self.started if event.type == "cx.journey.started.v1" else self.ended
        journey_id = event.data["journey_id"]
        if journey_id in known:
            return "duplicate"
        known[journey_id] = event
        return "counted"

    def _forget(self, times: Times) -> None:
        for journey_id in self.started.keys() | self.ended.keys():
            events = [known[journey_id] for known in (self.started, self.ended) if journey_id in known]
            families = ("journey",) if journey_id in self.ended else ()
            if times.passed(max(each.time_ms for each in events), *families):
                self.started.pop(journey_id, None)
                self.ended.pop(journey_id, None)

    def standing(self) -> Iterator[Counted]:
        """Everything that counts, at the time of the end."""
        for journey_id, end in self.ended.items():
            yield self._counted("journey", end.data["outcome"], end.time_ms)
            start = self.started.get(journey_id)
            if start is not None and start.time_ms <= end.time_ms:
                yield self._counted("journey_duration", end.time_ms - start.time_ms, end.time_ms)

    def _counted(self, family: str, what: int | str, at_ms: int) -> Counted:
        return Counted(family, what, self.tenant, "journey", "", "", (), at_ms)
