"""The partitioner of Java."""

import pytest

from stream.intake.murmur import murmur2, partition_of

# From Kafka's own org.apache.kafka.common.utils.UtilsTest, where they are signed.
VECTORS = [
    (b"21", -973932308),
    (b"foobar", -790332482),
    (b"a-little-bit-long-string", -985981536),
    (b"a-little-bit-longer-string", -1486304829),
    (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
    (b"abc", 479470107),
]


@pytest.mark.parametrize(("key", "expected"), VECTORS)
def test_the_hash_is_kafkas(key: bytes, expected: int) -> None:
    """Every length modulo four, with bytes left over and without."""
    assert expected % 2**32 == murmur2(key)


@pytest.mark.parametrize(("key", "expected"), VECTORS)
def test_the_partition_is_that_of_javas_producer(key: bytes, expected: int) -> None:
    """Which clears the sign bit first."""
    assert (expected & 0x7FFFFFFF) % 12 == partition_of(key, 12)


def test_another_implementation_finds_the_same() -> None:
    """kafka-python's, for keys of all kinds and lengths."""
    from kafka.partitioner.default import murmur2 as theirs  # noqa: PLC0415 - only here

    for key in [bytes(range(n, n + n % 40)) for n in range(200)] + [b"", "å:ü".encode()]:
        assert theirs(key) & 0xFFFFFFFF == murmur2(key)
