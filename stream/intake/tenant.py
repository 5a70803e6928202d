"""What one source partition knows of one tenant."""

from stream.intake.murmur import partition_of

_REMEMBERED = 100_000


class Tenant:
    """A tenant's clock, and which of its subjects came to the wrong partition."""

    __slots__ = ("_misplaced", "_partition", "_partitions", "high_ms", "name")

    def __init__(self, name: str, partition: int, partitions: int) -> None:
        """`partition`, of `partitions`: where records were read from."""
        self.name = name
        self.high_ms = -1
        """The highest event time accepted."""
        self._partition = partition
        self._partitions = partitions
        self._misplaced: dict[str, bool] = {}
        """By subject; a bounded memory."""

    def is_misplaced(self, subject: str) -> bool:
        """Whether records of the subject belong to another partition."""
        wrong = self._misplaced.get(subject)
        if wrong is None:
            if len(self._misplaced) >= _REMEMBERED:
                self._misplaced.clear()
            key = f"{self.name}:{subject}".encode("utf-8", "surrogatepass")
            wrong = self._misplaced[subject] = partition_of(key, self._partitions) != self._partition
        return wrong
