"""Label values that stand together: checked once, looked up once an event.

What the values are is said by the decoder; where they are counted, until the next checkpoint, by
`interactions.py`; what survey events are split by, by `splits.py`. All stands here, so that an event costs
one look-up and not two.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Self, TypeVar

from stream.intake.events import Envelope, Interaction, SurveyAnswered, SurveySent
from stream.intake.placement import NOWHERE, Dims, Placement

Values = tuple[str | None, ...]
"""What the views' segment keys say of an event."""
Key = tuple[Any, ...]
Found = TypeVar("Found")


class Combination:
    """What the interactions of a tenant can be split by, and their valence; None: they have none."""

    __slots__ = ("deltas", "dims", "placement", "valence")
    events: ClassVar[tuple[type[Envelope], ...]] = (Interaction,)
    """Those that have one."""

    def __init__(self, dims: Dims, valence: str | None) -> None:
        self.dims = dims
        self.valence = valence
        self.deltas: dict[int, int] = {}
        """Where to count, by event time // the tallies' width, while `placement` is good."""
        self.placement: Placement = NOWHERE

    @staticmethod
    def each(
        find: Callable[[Key], Found], events: Sequence[Any], segments: Iterable[Values]
    ) -> list[Found | None]:
        """What is found by the key of each combination; None of a test. Of others: AttributeError."""
        return [
            None
            if (data := event.data).test
            else find((event.tenantid, data.channel, data.touchpoint, data.valence, split))
            for event, split in zip(events, segments, strict=True)
        ]

    @classmethod
    def of(cls, key: Key) -> Self:
        """The combination of a key."""
        tenant, channel, touchpoint, valence, segments = key
        return cls(Dims(tenant, "interaction", channel, touchpoint, segments), valence)

    def forget(self) -> None:
        """From now on it is not known where to count."""
        self.placement = NOWHERE


class Said(Combination):
    """What responses and invitations say of themselves; a level that they do not say is empty."""

    __slots__ = ("split",)
    events = (SurveyAnswered, SurveySent)

    def __init__(self, dims: Dims) -> None:
        super().__init__(dims, None)
        self.split: Any = None
        """What such an event is split by if no invitation says the rest (`splits.py`), once it was asked."""

    @staticmethod
    def each(
        find: Callable[[Key], Found], events: Sequence[Any], segments: Iterable[Values]
    ) -> list[Found | None]:
        """As of every combination."""
        return [
            None
            if (data := event.data).test
            else find((event.tenantid, data.channel, data.touchpoint, data.level, split))
            for event, split in zip(events, segments, strict=True)
        ]

    @classmethod
    def of(cls, key: Key) -> Self:
        """As of every combination."""
        tenant, channel, touchpoint, level, segments = key
        return cls(Dims(tenant, level or "", channel, touchpoint, segments))
