"""The partitioner of Java, kafka-python and aiokafka: murmur2 over the key's bytes."""

from struct import unpack_from

_M = 0x5BD1E995
_MASK = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """The 32-bit murmur2 hash with Kafka's seed (Austin Appleby's MurmurHash2), as an unsigned number."""
    length = len(data)
    h = (0x9747B28C ^ length) & _MASK
    for (k,) in (unpack_from("<I", data, i) for i in range(0, length & ~3, 4)):
        k = k * _M & _MASK
        k = (k ^ k >> 24) * _M & _MASK
        h = h * _M & _MASK ^ k
    tail = data[length & ~3 :]
    if tail:
        h = (h ^ int.from_bytes(tail, "little")) * _M & _MASK
    h = (h ^ h >> 13) * _M & _MASK
    return h ^ h >> 15


def partition_of(key: bytes, partitions: int) -> int:
    """The partition that a key belongs to."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


class Misplacement:
    """Tells whether a customer's record stands in a partition it does not belong to; remembers those that do."""

    _REMEMBERED = 100_000

    def __init__(self, partition: int, partitions: int) -> None:
        self._partition = partition
        self._partitions = partitions
        self._right: set[str] = set()

    def __call__(self, tenant: str, subject: str) -> bool:
        """Whether the customer belongs to another partition."""
        key = f"{tenant}:{subject}"
        if key in self._right:
            return False
        if partition_of(key.encode("utf-8", "surrogatepass"), self._partitions) != self._partition:
            return True
        if len(self._right) >= self._REMEMBERED:
            self._right.clear()
        self._right.add(key)
        return False
