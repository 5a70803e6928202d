"""Label values that stand together: checked once, looked up once an event.

What the values are is said by the decoder; where they are counted, until the next checkpoint, by
`interactions.py`; what survey events are split by, by `splits.py`. All stands here, so that an event costs
one look-up and not two.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self, TypeVar

from stream.intake.placement import NOWHERE, Dims, Placement

Values = tuple[str | None, ...]
"""What the views' segment keys say of an event."""
Key = tuple[Any, ...]
Found = TypeVar("Found")


class Combination:
    """What events of a tenant say that they can be split by; of interactions also their valence, if any.

    A level that a response does not say is empty.
    """

    __slots__ = ("deltas", "dims", "placement", "split", "valence")

    def __init__(self, dims: Dims, valence: str | None) -> None:
        self.dims = dims
        self.valence = valence
        self.deltas: dict[int, int] = {}
        """Where to count, by event time // the tallies' width, while `placement` is good."""
        self.placement: Placement = NOWHERE
        self.split: Any = None
        """What a response or invitation is split by if nothing else says more (`splits.py`), once asked."""

    @staticmethod
    def each(
        find: Callable[[Key], Found], events: Sequence[Any], segments: Iterable[Values]
    ) -> list[Found | None]:
        """What is found by the key of each combination; None of a test. Of rare types: AttributeError."""
        return [
            None
            if (data := event.data).test
            else find((event.tenantid, data.level, data.channel, data.touchpoint, split, data.valence))
            for event, split in zip(events, segments, strict=True)
        ]

    @classmethod
    def of(cls, key: Key) -> Self:
        """The combination of a key."""
        tenant, level, channel, touchpoint, segments, valence = key
        return cls(Dims(tenant, level or "", channel, touchpoint, segments), valence)

    def forget(self) -> None:
        """From now on it is not known where to count."""
        self.placement = NOWHERE
