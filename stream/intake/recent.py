"""The ids of the last N records of a partition: what makes a repeated event a duplicate.

Every record takes the next ordinal (0, 1, 2 …) of its partition; only accepted ones leave an id. A record
with ordinal i is compared with the ids of i-N … i-1:

    ordinal   i-N-1 │ i-N          …          i-1 │ i
              gone  │ slots of the ring, 0: none  │ this record

Ids are kept as Python's 64-bit hashes, salted anew in every process, so they are not written: after a restart
the records are read again. Which of them had been accepted is written, a bit each, in chunks with the offset
where they begin: a re-read then decides nothing, and gaps in the offsets (aborted transactions) do not
matter.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from stream.intake.tally import Change

CHUNK = 8192


class Chunk(NamedTuple):
    """Which records of a stretch were accepted: `bits` holds 1 for each, from its first record on."""

    number: int
    first_offset: int
    bits: bytes


class RecentIds:
    """A ring of the last `size` records' ids with exact edges. Memory: about 80 bytes a record."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.ordinal = 0
        """Ordinal of the next record."""
        self._ring = array("q", bytes(8 * max(size, 1)))
        self._seen: set[int] = set()
        self._starts: dict[int, int] = {}
        self._told = 0
        self._chunks: dict[int, Chunk] = {}
        """Those loaded, until `begin`."""

    def add_all(self, offsets: Sequence[int], identities: Sequence[int]) -> list[bool]:
        """Take the next records: for each, False when its identity was seen among the last `size`.

        Then nothing is kept of it. An identity of 0 is that of a record that leaves none (rejected, test).
        """
        begin = self.ordinal
        for ordinal in range(begin - begin % -CHUNK, begin + len(offsets), CHUNK):
            self._starts[ordinal // CHUNK] = offsets[ordinal - begin]
        fresh: list[bool] = []
        while len(fresh) < len(identities) and self.size:
            room = self.size - self.ordinal % self.size
            fresh += self._add(identities[len(fresh) : len(fresh) + room])
        self.ordinal = begin + len(offsets)
        return fresh or [True] * len(offsets)

    def _add(self, identities: Sequence[int]) -> list[bool]:
        """The same for so many as there are slots up to the end of the ring."""
        ring, seen, n = self._ring, self._seen, len(identities)
        slot = self.ordinal % self.size
        self.ordinal += n
        distinct = set(identities)
        if len(distinct) == n and 0 not in distinct and seen.isdisjoint(distinct):
            seen.difference_update(ring[slot : slot + n])
            ring[slot : slot + n] = array("q", identities)
            seen |= distinct
            return [True] * n
        fresh = []
        for i, identity in enumerate(identities, slot):
            is_fresh = identity not in seen
            fresh.append(is_fresh)
            seen.discard(ring[i])
            if is_fresh and identity:
                ring[i] = identity
                seen.add(identity)
            else:
                ring[i] = 0
        return fresh

    def changes(self) -> list[Change]:
        """Changelog records of the chunks that changed since the last call."""
        kept = [(b"d%d" % each.number, b"%d " % each.first_offset + each.bits) for each in self._changed()]
        return [*kept, *((b"d%d" % number, None) for number in self._expired())]

    def _changed(self) -> Iterator[Chunk]:
        """The chunks that took records since the last call, as far as they stand in the ring."""
        begin, self._told = self._told, self.ordinal
        for number in range(begin // CHUNK, -(-self.ordinal // CHUNK)):
            first = max(number * CHUNK, self.ordinal - self.size)
            last = min((number + 1) * CHUNK, self.ordinal)
            if first < last:
                yield Chunk(number, self._starts[number], self._bits(number * CHUNK, first, last))

    def _bits(self, start: int, first: int, last: int) -> bytes:
        """A bit an ordinal of [start, last), most significant first; those before `first` are 0."""
        slots = self._slots(first, last)
        if 0 in slots:
            whole = int("".join(["1" if slot else "0" for slot in slots]), 2)
        else:
            whole = (1 << (last - first)) - 1
        length = -(-(last - start) // 8)
        return (whole << (8 * length - (last - start))).to_bytes(length, "big")

    def _slots(self, first: int, last: int) -> "array[int]":
        """The slots of the ordinals [first, last), in order."""
        ring, begin, end = self._ring, first % self.size, last % self.size
        return ring[begin:end] if begin < end else ring[begin:] + ring[:end]

    def _expired(self) -> Iterator[int]:
        """The chunks that lie wholly before the ring; each is named once."""
        for number in [n for n in self._starts if (n + 1) * CHUNK <= self.ordinal - self.size]:
            del self._starts[number]
            yield number

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take back a changelog record; `key` begins with ``d``."""
        number = int(key[1:])
        self._chunks.pop(number, None)
        if value is not None:
            first, _, bits = value.partition(b" ")
            self._chunks[number] = Chunk(number, int(first), bits)

    def begin(self) -> "Refill":
        """All is loaded, and `ordinal` set: the ids come back through the result."""
        chunks, self._chunks = self._chunks, {}
        self._told = self.ordinal
        self._starts = {chunk.number: chunk.first_offset for chunk in chunks.values()}
        return Refill(self, chunks.values())

    def put_back(self, ordinal: int, identity: int) -> None:
        """Put back the id of a record that was accepted at `ordinal`, when it still stands in the ring."""
        if ordinal >= self.ordinal - self.size:
            self._ring[ordinal % self.size] = identity
            self._seen.add(identity)


class Refill:
    """Tells the ordinal of records that are read again in the order of their offsets."""

    def __init__(self, ids: RecentIds, chunks: Iterable[Chunk]) -> None:
        self._ids = ids
        self._chunks = sorted(chunks, key=lambda chunk: chunk.number)
        self._at = -1
        self._ordinal: int | None = None

    @property
    def first_offset(self) -> int | None:
        """Where to begin to read; None: nothing has to be read."""
        return self._chunks[0].first_offset if self._chunks else None

    def wants(self, offset: int) -> int | None:
        """Ordinal of the next record when it had been accepted, else None.

        Where retention has removed a chunk's first record, the rest of the chunk has no place and is passed
        over.
        """
        while self._at + 1 < len(self._chunks) and offset >= self._chunks[self._at + 1].first_offset:
            self._at += 1
            chunk = self._chunks[self._at]
            self._ordinal = chunk.number * CHUNK if offset == chunk.first_offset else None
        if self._ordinal is None:
            return None
        ordinal, self._ordinal = self._ordinal, self._ordinal + 1
        return ordinal if _accepted(self._chunks[self._at], ordinal) else None


def _accepted(chunk: Chunk, ordinal: int) -> bool:
    within = ordinal - chunk.number * CHUNK
    return within < 8 * len(chunk.bits) and bool(chunk.bits[within >> 3] >> (7 - (within & 7)) & 1)
