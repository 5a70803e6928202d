"""How much is to be written, in records: a checkpoint is one batch, and a broker takes no larger one. Pure.

What most records are about the size of is one; larger values count for as many as they could be.
"""

from typing import Final

RECORD_BYTES: Final = 100
_NUMBER_BYTES: Final = 12
"""Of a key or count of a sparse tally in JSON, on average at most."""


def of_bytes(size: int) -> int:
    """What a value of so many bytes weighs."""
    return 1 + size // RECORD_BYTES


def of_numbers(count: int) -> int:
    """What a value with so many keys and counts weighs."""
    return 1 + count * _NUMBER_BYTES // RECORD_BYTES
