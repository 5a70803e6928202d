"""What one source partition knows of one tenant."""

from stream.intake.murmur import partition_of

_REMEMBERED = 100_000


class Homes:
    """Whose records belong to another partition: remembered of so many customers, over all tenants.

    By Python's hashes, which are salted anew in every process, not by name.
    """

    __slots__ = ("_partition", "_partitions", "known")

    def __init__(self, partition: int, partitions: int) -> None:
        """`partition`, of `partitions`: where records were read from."""
        self._partition = partition
        self._partitions = partitions
        self.known: dict[int, bool] = {}

    def find(self, known_as: int, tenant: str, subject: str) -> bool:
        """Whether a customer's records belong elsewhere."""
        if len(self.known) >= _REMEMBERED:
            self.known.clear()
        key = f"{tenant}:{subject}".encode("utf-8", "surrogatepass")
        wrong = self.known[known_as] = partition_of(key, self._partitions) != self._partition
        return wrong


class Tenant:
    """A tenant's clock, and which of its subjects came to the wrong partition."""

    __slots__ = ("_homes", "_salt", "high_ms", "name")

    def __init__(self, name: str, homes: Homes) -> None:
        self.name = name
        self.high_ms = -1
        """The highest event time accepted."""
        self._homes = homes
        self._salt = hash(name)

    def is_misplaced(self, subject: str) -> bool:
        """Whether records of the subject belong to another partition."""
        known_as = hash(subject) ^ self._salt
        wrong = self._homes.known.get(known_as)
        return self._homes.find(known_as, self.name, subject) if wrong is None else wrong
