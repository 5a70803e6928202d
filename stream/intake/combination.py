"""Label values of interactions that stand together: checked once, looked up once an event.

What the values are is said by the decoder; where they are counted, until the next checkpoint, by
`interactions.py`. Both stand here, so that an event costs one look-up and not two.
"""

from stream.intake.placement import NOWHERE, Dims, Placement


class Combination:
    """What the interactions of a tenant can be split by, and their valence; None: they have none."""

    __slots__ = ("deltas", "dims", "placement", "valence")

    def __init__(self, dims: Dims, valence: str | None) -> None:
        self.dims = dims
        self.valence = valence
        self.deltas: dict[int, int] = {}
        """Where to count, by event time // the tallies' width, while `placement` is good."""
        self.placement: Placement = NOWHERE

    def forget(self) -> None:
        """From now on it is not known where to count."""
        self.placement = NOWHERE
