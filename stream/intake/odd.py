"""Which records the typed decoder must not see, or does not see through: it reads nothing that it drops."""

from collections.abc import Sequence
from itertools import repeat
from operator import contains
from typing import Any

from stream.intake.binary import MAX_BYTES
from stream.intake.classify import MAX_DEPTH

Headers = Sequence[tuple[str, bytes | None]]


def odd_ones(values: Sequence[Any], headers: Sequence[Headers]) -> list[int]:
    """Tombstones; with headers, or too big; text that is no UTF-8; more brackets than may be nested."""
    try:
        if (
            not any(headers)
            and max(map(len, values), default=0) <= MAX_BYTES
            and all(map(bytes.isascii, values))
            and _openers(values) <= MAX_DEPTH
        ):
            return []
    except TypeError:  # a tombstone
        pass
    return [
        i for i, (value, given) in enumerate(zip(values, headers, strict=True)) if given or _is_odd(value)
    ]


def _openers(values: Sequence[bytes]) -> int:
    """No value has more opening brackets."""
    most = max(map(bytes.count, values, repeat(b"{")), default=0)
    if any(map(contains, values, repeat(b"["))):
        most += max(map(bytes.count, values, repeat(b"[")))
    return most


def _is_odd(value: bytes | None) -> bool:
    if value is None or len(value) > MAX_BYTES or _openers([value]) > MAX_DEPTH:
        return True
    try:
        value.decode()
    except UnicodeDecodeError:
        return True
    return False
