"""Records as they are read, and where from."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from stream.intake.rejection import Rejection


class Record(Protocol):
    """A record as the broker stores it."""

    @property
    def offset(self) -> int:
        """Its place in the partition; there are gaps."""
        ...

    @property
    def timestamp(self) -> int:
        """When it was stored, in milliseconds."""
        ...

    @property
    def key(self) -> bytes | None:
        """What chose the partition."""
        ...

    @property
    def value(self) -> bytes | None:
        """The event."""
        ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """Names with values."""
        ...


class Source(NamedTuple):
    """A source partition: the topic's name without its prefix, and the number."""

    topic: str
    partition: int


class Rejected(NamedTuple):
    """A record that was not taken, and why."""

    record: Record
    why: Rejection
