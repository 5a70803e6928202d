r"""Record batches made by hand and sent as they are: what a client may write who minds no rules.

    batch(record(b"{}", headers=[(b"\xff", b"1")]))        one batch, its checksum right
    produce("127.0.0.1:9092", "cx.surveys", 0, batch)       the broker's verdict: 0 is taken

Layout: https://kafka.apache.org/documentation/#recordbatch
"""

import socket
import struct
import time
from collections.abc import Sequence

from aiokafka.record.util import calc_crc32c

GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
TAKEN = 0
_PRODUCE, _VERSION = 0, 7


def varint(number: int) -> bytes:
    """A number as records hold it: zigzag, seven bits a byte."""
    rest = (number << 1) ^ (number >> 63)
    found = bytearray()
    while rest > 0x7F:
        found.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([*found, rest])


def sized(content: bytes | None) -> bytes:
    """Bytes behind their length; -1 for none."""
    return varint(-1) if content is None else varint(len(content)) + content


def record(
    value: bytes | None,
    key: bytes | None = None,
    headers: Sequence[tuple[bytes | None, bytes | None]] = (),
    *,
    number: int = 0,
    count: int | None = None,
) -> bytes:
    """A record, the `number`th of its batch; `count`: how many headers it says it has."""
    said = len(headers) if count is None else count
    body = b"\0" + varint(0) + varint(number) + sized(key) + sized(value) + varint(said)
    return sized(body + b"".join(sized(each) for pair in headers for each in pair))


def batch(
    *records: bytes,
    packed: bytes | None = None,
    attributes: int = 0,
    magic: int = 2,
    count: int | None = None,
    last: int | None = None,
    producer: int = -1,
) -> bytes:
    """A batch. `packed` stands in for the records' bytes, `count` and `last` for what follows from them."""
    now_ms = int(time.time() * 1000)
    said = len(records) if count is None else count
    last = said - 1 if last is None else last
    checked = struct.pack(">hiqqqhii", attributes, last, now_ms, now_ms, producer, -1, -1, said)
    checked += b"".join(records) if packed is None else packed
    head = struct.pack(">ibI", -1, magic, calc_crc32c(checked))
    return struct.pack(">qi", 0, len(head) + len(checked)) + head + checked


def produce(bootstrap: str, topic: str, partition: int, content: bytes) -> int:
    """Send bytes as the records of a produce request; returns the broker's error code, -1: it hung up."""
    name = topic.encode()
    request = struct.pack(">hhihhhii", _PRODUCE, _VERSION, 1, -1, -1, -1, 30_000, 1)
    request += struct.pack(">h", len(name)) + name + struct.pack(">iii", 1, partition, len(content)) + content
    host, _, port = bootstrap.rpartition(":")
    with socket.create_connection((host, int(port)), 60) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        answer = _received(connection, 4)
        answer = _received(connection, struct.unpack(">i", answer)[0]) if answer else b""
    if not answer:
        return -1
    at = 4 + 4 + 2 + len(name) + 4 + 4
    return int(struct.unpack_from(">h", answer, at)[0])


def _received(connection: socket.socket, size: int) -> bytes:
    """So many bytes, or none when the other side hung up."""
    found = b""
    while len(found) < size:
        piece = connection.recv(size - len(found))
        if not piece:
            return b""
        found += piece
    return found
