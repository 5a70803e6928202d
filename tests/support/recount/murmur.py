"""Murmur2 as Apache Kafka's Java client uses it to choose a partition."""

MASK = 0xFFFFFFFF
MULTIPLIER = 0x5BD1E995
SEED = 0x9747B28C


def partition_of(key: str, partitions: int) -> int:
    """The partition of a key."""
    return (murmur2(key.encode()) & 0x7FFFFFFF) % partitions


def murmur2(key: bytes) -> int:
    """The unsigned 32-bit hash."""
    whole = len(key) // 4 * 4
    found = SEED ^ len(key)
    for start in range(0, whole, 4):
        word = int.from_bytes(key[start : start + 4], "little") * MULTIPLIER & MASK
        word = (word ^ word >> 24) * MULTIPLIER & MASK
        found = found * MULTIPLIER & MASK ^ word
    if whole < len(key):
        found = (found ^ int.from_bytes(key[whole:], "little")) * MULTIPLIER & MASK
    found = (found ^ found >> 13) * MULTIPLIER & MASK
    return found ^ found >> 15
