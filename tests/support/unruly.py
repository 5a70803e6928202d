"""Batches that a real Kafka takes and that clients stumble over, each with what must be read of it.

Found by sending each of some two hundred broken batches to Kafka 4.1 and reading what it took with aiokafka.
"""

from typing import NamedTuple

from aiokafka.codec import gzip_encode, lz4_encode, snappy_encode, zstd_encode

from tests.support.wire import GZIP, LZ4, SNAPPY, ZSTD, batch, record, sized, varint

PACK = {GZIP: gzip_encode, LZ4: lz4_encode, SNAPPY: snappy_encode, ZSTD: zstd_encode}
STORED = b"\0\0\0\0"
"""How a batch begins that was kept as it was stored: with its offset."""


class Unruly(NamedTuple):
    """A batch, the beginnings of the values that are read, and whether it is taken on any topic.

    `anywhere`: also where the broker unpacks batches and writes them anew (compression.type=uncompressed).
    """

    content: bytes
    values: tuple[bytes, ...]
    anywhere: bool


def body(*, attributes: bytes = b"\0", headers: bytes = b"\0", value: bytes = b"{}") -> bytes:
    """A record with these bytes for its attributes and headers."""
    return sized(attributes + varint(0) + varint(0) + sized(None) + sized(value) + headers)


_TWO = record(b"{") + record(b"{", number=1)
_SHORT = varint(3) + b"\0" + varint(0) * 2 + sized(None) + sized(b"{}") + varint(0)


def _packed(content: bytes, codec: int, count: int = 2) -> bytes:
    return batch(packed=content, count=count, attributes=codec)


UNRULY: dict[str, Unruly] = {
    "a header whose name is no UTF-8": Unruly(
        batch(record(b"{", headers=[(b"\xff\xfe", b"1")])), (b"{",), anywhere=True
    ),
    "a ce_ header whose name is no UTF-8": Unruly(
        batch(record(b"{", headers=[(b"ce_id\xff", b"1"), (b"ce_specversion", b"1.0")])),
        (b"{",),
        anywhere=True,
    ),
    "a header without a name": Unruly(batch(record(b"{", headers=[(b"", b"1")])), (b"{",), anywhere=True),
    "a header of a negative length": Unruly(
        batch(body(headers=varint(1) + sized(b"a") + varint(-7), value=b"{")), (b"{",), anywhere=True
    ),
    "attributes that no client sets": Unruly(
        batch(body(attributes=b"\xff", value=b"{")), (b"{",), anywhere=True
    ),
    "an offset ahead of the batch": Unruly(batch(record(b"{", number=1_000_000)), (STORED,), anywhere=True),
    "an offset behind the batch": Unruly(batch(record(b"{", number=-1)), (STORED,), anywhere=True),
    "an offset twice": Unruly(batch(record(b"{"), record(b"{")), (b"{", STORED), anywhere=True),
    "gzip with bytes behind it": Unruly(_packed(gzip_encode(_TWO) + b"xyz", GZIP), (STORED,), anywhere=False),
    "lz4 with bytes behind it": Unruly(_packed(lz4_encode(_TWO) + b"xyz", LZ4), (STORED,), anywhere=False),
    "lz4 twice": Unruly(
        _packed(lz4_encode(_TWO) + lz4_encode(b"xyz"), LZ4), (b"{", b"{"), anywhere=False
    ),
    "snappy twice": Unruly(
        _packed(snappy_encode(record(b"{")) + snappy_encode(record(b"{", number=1)), SNAPPY),
        (STORED,),
        anywhere=False,
    ),
    **{
        f"a record shorter than it says, packed with {codec}": Unruly(
            _packed(pack(_SHORT), codec, 1), (STORED,), anywhere=False
        )
        for codec, pack in PACK.items()
    },
}  # fmt: skip
