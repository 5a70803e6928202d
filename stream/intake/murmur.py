"""The partitioner of Java, kafka-python and aiokafka: murmur2 over the key's bytes."""

from struct import unpack_from

_M = 0x5BD1E995
_MASK = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """The 32-bit murmur2 hash with Kafka's seed (Austin Appleby's MurmurHash2), as an unsigned number."""
    length = len(data)
    h = (0x9747B28C ^ length) & _MASK
    for (word,) in (unpack_from("<I", data, i) for i in range(0, length & ~3, 4)):
        k = word * _M & _MASK
        h = h * _M & _MASK ^ (k ^ k >> 24) * _M & _MASK
    tail = data[length & ~3 :]
    if tail:
        h = (h ^ int.from_bytes(tail, "little")) * _M & _MASK
    h = (h ^ h >> 13) * _M & _MASK
    return h ^ h >> 15


def partition_of(key: bytes, partitions: int) -> int:
    """The partition that a key belongs to."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions
