"""Whether a customer's records come to the partition where they belong."""

from collections.abc import Sequence

from stream.intake.murmur import partition_of

_REMEMBERED = 100_000


class Homes:
    """Which customers belong to another partition: remembered of so many, by Python's salted hashes."""

    def __init__(self, partition: int, partitions: int) -> None:
        """`partition`, of `partitions`: where records are read from."""
        self._partition = partition
        self._partitions = partitions
        self._known: dict[int, bool] = {}

    def misplaced(self, tenants: Sequence[str], subjects: Sequence[str]) -> int:
        """How many of these customers, each a tenant's subject, belong to another partition."""
        if self._partitions == 1:
            return len(subjects) if self._partition else 0
        known_as = list(map(hash, zip(tenants, subjects, strict=True)))
        found: list[bool | None] = list(map(self._known.get, known_as))
        if None in found:
            found = list(map(self._find, known_as, zip(tenants, subjects, strict=True)))
        return found.count(True) if any(found) else 0

    def _find(self, known_as: int, customer: tuple[str, str]) -> bool:
        wrong = self._known.get(known_as)
        if wrong is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            key = ":".join(customer).encode("utf-8", "surrogatepass")
            wrong = self._known[known_as] = partition_of(key, self._partitions) != self._partition
        return wrong
