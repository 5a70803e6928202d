"""Label values of interactions that stand together: checked once, looked up once an event.

What the values are is said by the decoder; where they are counted, until the next checkpoint, by
`interactions.py`. Both stand here, so that an event costs one look-up and not two.
"""

from collections import defaultdict

from stream.intake.placement import Placement

_NOWHERE = Placement("", (), 0, ())


class Combination:
    """A tenant, the values that its interactions can be split by, and the valence; None: they have none."""

    __slots__ = ("channel", "deltas", "placement", "segments", "tenant", "touchpoint", "valence")

    def __init__(
        self,
        tenant: str,
        channel: str,
        touchpoint: str | None,
        valence: str | None,
        segments: tuple[str | None, ...],
    ) -> None:
        self.tenant = tenant
        self.channel = channel
        self.touchpoint = touchpoint
        self.valence = valence
        self.segments = segments
        """In the order of the segment keys of the views."""
        self.deltas: defaultdict[int, int] = defaultdict(int)
        """Where to count, by event time // the tallies' width, while `placement` is good."""
        self.placement = _NOWHERE

    def forget(self) -> None:
        """From now on it is not known where to count."""
        self.placement = _NOWHERE
