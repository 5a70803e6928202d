"""Compressed batches are unpacked within a bound, and counted.

A broker looks at the packed size alone: 1 MiB of zstd may hold 30 GiB of zeros, which it streams through its
checks, and which aiokafka would unpack at once. Beyond `MAX_BYTES` a batch is an error here; what is done
about it is told in `raw`. snappy packs 22-fold at most and needs no bound.
"""

import gzip
import io
from collections.abc import Callable
from typing import Any

from aiokafka.codec import cramjam, snappy_decode
from aiokafka.record import default_records
from aiokafka.record._crecords import default_records as compiled

MAX_BYTES = 64 * 1_048_576
"""Bytes that one batch may have unpacked: publishers fill batches up to 1 MiB, some up to 16 MiB."""
_FIRST_GUESS = 8
_FULL = "failed to write whole buffer"


class ExpandsError(Exception):
    """A batch would be larger than we unpack."""


class _Unpacked:
    total = 0
    """Bytes that this process ever unpacked."""


unpacked = _Unpacked()


def _counted(decode: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def bounded(payload: Any) -> Any:
        found = decode(payload)
        if len(found) > MAX_BYTES:
            raise ExpandsError(f"more than {MAX_BYTES} bytes")
        unpacked.total += len(found)
        return found

    return bounded


def _gzip(payload: Any) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(payload)) as source:
        return source.read(MAX_BYTES + 1)


def _grown(decompress_into: Callable[[Any, bytearray], int]) -> Callable[[Any], bytearray]:
    def decode(payload: Any) -> bytearray:
        size = max(4_096, _FIRST_GUESS * len(payload))
        while True:
            found = bytearray(min(size, MAX_BYTES))
            try:
                del found[decompress_into(payload, found) :]
            except cramjam.DecompressionError as error:
                if str(error) != _FULL:
                    raise
                if size >= MAX_BYTES:
                    raise ExpandsError(f"more than {MAX_BYTES} bytes") from None
                size *= 4
            else:
                return found

    return decode


def bound_unpacking() -> None:
    """From now on, in every aiokafka client of this process."""
    decoders = {
        "gzip_decode": _gzip,
        "snappy_decode": snappy_decode,
        "lz4_decode": _grown(cramjam.lz4.decompress_into),
        "zstd_decode": _grown(cramjam.zstd.decompress_into),
    }
    for name, decode in decoders.items():
        for module in (compiled, default_records):
            setattr(module, name, _counted(decode))
