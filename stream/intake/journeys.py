"""What a journey's events change: how it ended counts at its end, its duration where its start is known.

    started ──┐
              ├──▶ journey ──▶ achieved, failed or abandoned; duration      both at the time of the end
    ended ────┘

Either may come first. The first `started` and the first `ended` of an id stand; another one is a duplicate.
"""

from typing import Any, Literal

from stream.intake.customers import Hasher
from stream.intake.entities import Journey
from stream.intake.kept import Kept
from stream.intake.placement import Dims, Placer
from stream.intake.shelf import Shelf
from stream.intake.tally import Tallies
from stream.scoring.families import JOURNEY_FAMILIES, cell_of
from stream.scoring.sketch import bucket

KIND = b"j"


class Journeys(Kept[Journey]):
    """Journeys of one source partition."""

    types = frozenset({"cx.journey.started.v1", "cx.journey.ended.v1"})

    def __init__(
        self,
        tallies: Tallies,
        placer: Placer,
        hasher: Hasher,
        segments: int,
        shelf: Shelf[Journey],
        *,
        by_event_time: bool,
    ) -> None:
        """`segments`: how many segment keys views use; a journey has none of them."""
        super().__init__(tallies, hasher, shelf, by_event_time=by_event_time)
        self._placer = placer
        self._segments = (None,) * segments

    def resolve(self, event: Any, at_ms: int, clock_ms: int) -> Literal["counted", "duplicate"]:
        """Let an accepted event take effect. `clock_ms`: the tenant's, by which things are forgotten."""
        customer = self._hasher.customer(event.tenantid, event.subject)
        key = self._hasher.entity(customer, KIND, event.data.journey_id)
        journey = self.find(key, clock_ms) or Journey(event.tenantid)
        if event.type == "cx.journey.started.v1":
            if journey.started_ms is not None:
                return "duplicate"
            journey.started_ms = at_ms
        else:
            if journey.ended_ms is not None:
                return "duplicate"
            journey.ended_ms, journey.outcome = at_ms, event.data.outcome
            self._add(journey, "journey", cell_of("journey", journey.outcome))
        if journey.duration_ms is not None:
            self._add(journey, "journey_duration", bucket(journey.duration_ms))
        self._shelf.put(key, journey)
        return "counted"

    def _add(self, journey: Journey, family: str, cell: int) -> None:
        assert journey.ended_ms is not None
        dims = Dims(journey.tenant, "journey", None, None, self._segments)
        self._tallies.add(self._placer.place(dims, journey.ended_ms), family, cell, journey.ended_ms)
        for each in JOURNEY_FAMILIES:
            self._tallies.reach(journey.tenant, each, journey.ended_ms)

    def _is_over(self, journey: Journey, clock_ms: int) -> bool:
        """Whether no window holds the journey any more, and no event about it can be accepted."""
        ends_ms = self._shelf.ends_ms(journey)
        if ends_ms >= clock_ms:
            return False
        return journey.ended_ms is None or not (
            self._by_event_time and ends_ms >= self._tallies.high_ms(journey.tenant, "journey")
        )
