"""Entities of one kind, packed, each until it may go.

A million live answers must fit in a few hundred megabytes, so an entity is one bytes value in a mapping.
Each is forgotten when nothing that may still be accepted can concern it: buckets of keys by the time it may
go.
"""

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import msgspec

from stream.intake.entities import Buyer, Invitation, Journey, Response, Subscriber, Ticket
from stream.intake.store import MemoryStore, Store
from stream.scoring.weight import RECORD_BYTES, of_bytes

_BUCKETS = 64
_AT_ONCE = 2_000
"""So many more entities a checkpoint may free than it changed; all that go at one time may be too many."""

Entity = TypeVar("Entity", Response, Invitation, Journey, Ticket, Subscriber, Buyer)


class Shelf(Generic[Entity]):
    """Entities of one kind by key, packed, with the time each may go."""

    def __init__(self, prefix: bytes, kind: type[Entity], keep_ms: int, store: Store | None = None) -> None:
        """`prefix`: one byte that begins the changelog keys of this kind."""
        store = MemoryStore() if store is None else store
        self.prefix = prefix
        self.packed = store.packed(prefix)
        self._changed: dict[bytes, bytes | None] = {}
        """What is to be written of the keys that changed since `changes`; None: it is gone."""
        self._more = 0
        """At most how much of it is beyond a record each (`weight.py`)."""
        self._ends = store.ends(prefix)
        self.keep_ms = keep_ms
        self._bucket_ms = max(keep_ms // _BUCKETS, 1)
        self._room: int | None = None
        """How many more entities may be looked at until `changes`; None: as many as a checkpoint allows."""
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode: msgspec.msgpack.Decoder[Entity] = msgspec.msgpack.Decoder(kind)

    @property
    def pending(self) -> int:
        """At most how much the changed entities are to write, in records (`weight.py`)."""
        return len(self._changed) + self._more

    def get(self, key: bytes) -> Entity | None:
        """The entity, or None."""
        packed = self.packed.get(key)
        return None if packed is None else self._decode.decode(packed)

    def put(self, key: bytes, entity: Entity) -> None:
        """Store the entity under its key."""
        self.replace(key, None if self._ends.once else self.get(key), entity)

    def replace(self, key: bytes, former: Entity | None, entity: Entity) -> None:
        """The same, where it is known what `get` gives."""
        self.update(key, entity)
        self._note_end(key, former, entity)

    def update(self, key: bytes, entity: Entity) -> None:
        """The same, where it may go no sooner and no later than what `get` gives."""
        # A copy, which takes its own size: the encoder's result may stand in a block for a third more.
        packed = self.packed[key] = self._changed[key] = b"%b" % self._encode(entity)
        if len(packed) >= RECORD_BYTES:
            self._more += of_bytes(len(packed)) - 1

    def _note_end(self, key: bytes, former: Entity | None, entity: Entity) -> None:
        bucket = self._bucket(entity)
        if former is None or self._ends.once or self._bucket(former) != bucket:
            self._ends.add(entity.tenant, bucket, key)

    def _bucket(self, entity: Entity) -> int:
        """The first bucket at whose beginning the entity may go."""
        return entity.ends_ms(self.keep_ms) // self._bucket_ms + 1

    def remove(self, key: bytes) -> None:
        """Forget an entity."""
        if self.packed.pop(key, None) is not None:
            self._changed[key] = None

    def expire(
        self, tenant: str, clock_ms: int, gone: Callable[[bytes, Entity, int], bool]
    ) -> Iterator[tuple[bytes, Entity]]:
        """Free the tenant's entities that are `gone` at `clock_ms`; yields them with their keys.

        No more than a checkpoint may hold: the rest is left to the next ones.
        """
        passed = clock_ms // self._bucket_ms
        if self._room is None:
            self._room = _AT_ONCE + len(self._changed)
        for bucket in self._ends.passed(tenant, passed):
            if not self._room:
                return
            taken = self._ends.take(tenant, bucket, self._room)
            self._room -= len(taken)
            for key in taken:
                entity = self.get(key)
                if entity is None or self._bucket(entity) > passed:
                    continue
                if gone(key, entity, clock_ms):
                    self.remove(key)
                    yield key, entity
                else:
                    self._ends.add(tenant, passed + 1, key)

    def ends_ms(self, entity: Entity) -> int:
        """The last moment at which the entity is remembered."""
        return entity.ends_ms(self.keep_ms)

    def tenants(self) -> list[str]:
        """The tenants with entities."""
        return self._ends.tenants()

    def load(self, key: bytes, packed: bytes | None) -> Entity | None:
        """Take back a changelog value: returns the entity that stands now, or None."""
        if packed is None:
            self.packed.pop(key, None)
            return None
        entity = self._decode.decode(packed)
        former = None if self._ends.once else self.get(key)
        self.packed[key] = packed
        self._note_end(key, former, entity)
        return entity

    def changes(self) -> list[tuple[bytes, bytes | None]]:
        """Changelog records of what changed since the last call."""
        prefix, changed, self._changed = self.prefix, self._changed, {}
        self._more = 0
        self._room = None
        return [(prefix + key, packed) for key, packed in changed.items()]
