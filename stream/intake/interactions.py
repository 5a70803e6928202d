"""What an interaction changes: one count in every series of its values. Most records are interactions."""

from collections import Counter
from collections.abc import Sequence

from stream.intake.events import Interaction
from stream.intake.placement import Dims, Placement, Placer
from stream.intake.tally import Deltas, Tallies
from stream.scoring.families import cell_of


class Interactions:
    """Adds interactions to the tallies; two with the same values cost one look-up."""

    def __init__(self, tallies: Tallies, placer: Placer, segment_keys: Sequence[str]) -> None:
        self.overflowed: Counter[str] = Counter()
        """By label, since they were last taken."""
        self._tallies = tallies
        self._placer = placer
        self._segment_keys = tuple(segment_keys)
        self._width_ms = tallies.width_ms
        self._deltas: dict[
            tuple[str, str, str | None, str | None, tuple[str | None, ...]], tuple[Deltas, Placement]
        ] = {}

    def take(self, event: Interaction, at_ms: int) -> None:
        """Count an accepted interaction that says whether it was good."""
        data = event.data
        segments: tuple[str | None, ...] = ()
        if self._segment_keys:
            segments = tuple([(data.segments or {}).get(key) for key in self._segment_keys])
        key = event.tenantid, data.channel, data.touchpoint, data.valence, segments
        found = self._deltas.get(key)
        if found is None or at_ms >= found[1].until_ms:
            if data.valence is None:
                return
            dims = Dims(event.tenantid, "interaction", data.channel, data.touchpoint, segments)
            placement = self._placer.place(dims, at_ms)
            deltas = self._tallies.deltas(placement, "positive", cell_of("positive", data.valence))
            self._deltas[key] = deltas, placement
            self.overflowed.update(placement.overflowed)
        else:
            deltas = found[0]
        deltas[at_ms // self._width_ms] += 1

    def settle(self) -> None:
        """Forget where interactions are counted: it is good until the tallies settle."""
        self._deltas.clear()
