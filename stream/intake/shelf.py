"""Entities of one kind, packed, each until it may go.

A million live answers must fit in a few hundred megabytes, so an entity is one bytes value in a dict. Each is
forgotten when nothing that may still be accepted can concern it: buckets of keys by the time it may go.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, MutableMapping
from typing import Generic, TypeVar

import msgspec

from stream.intake.entities import Invitation, Response

_BUCKETS = 64

Entity = TypeVar("Entity", Response, Invitation)


class Shelf(Generic[Entity]):
    """Entities of one kind by key, packed, with the time each may go."""

    def __init__(self, prefix: bytes, kind: type[Entity], keep_ms: int) -> None:
        self.prefix = prefix
        self.changed: set[bytes] = set()
        self.packed: MutableMapping[bytes, bytes] = {}
        self._keep_ms = keep_ms
        self._bucket_ms = max(keep_ms // _BUCKETS, 1)
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode: msgspec.msgpack.Decoder[Entity] = msgspec.msgpack.Decoder(kind)
        self._ends: defaultdict[str, defaultdict[int, list[bytes]]] = defaultdict(lambda: defaultdict(list))

    def get(self, key: bytes) -> Entity | None:
        """The entity, or None."""
        packed = self.packed.get(key)
        return None if packed is None else self._decode.decode(packed)

    def put(self, key: bytes, entity: Entity) -> None:
        """Store the entity under its key."""
        former = self.get(key)
        self.packed[key] = self._encode(entity)
        self.changed.add(key)
        if former is None or self._bucket(former) != self._bucket(entity):
            self._ends[entity.tenant][self._bucket(entity)].append(key)

    def _bucket(self, entity: Entity) -> int:
        """The first bucket at whose beginning the entity may go."""
        return entity.ends_ms(self._keep_ms) // self._bucket_ms + 1

    def remove(self, key: bytes) -> None:
        """Forget an entity."""
        if self.packed.pop(key, None) is not None:
            self.changed.add(key)

    def expire(self, tenant: str, clock_ms: int, gone: Callable[[Entity, int], bool]) -> Iterator[bytes]:
        """Free the tenant's entities that are `gone` at `clock_ms`; yields their keys."""
        buckets = self._ends.get(tenant)
        if buckets is None:
            return
        passed = clock_ms // self._bucket_ms
        for bucket in [each for each in buckets if each <= passed]:
            for key in buckets.pop(bucket):
                entity = self.get(key)
                if entity is None or self._bucket(entity) > passed:
                    continue
                if gone(entity, clock_ms):
                    self.remove(key)
                    yield key
                else:
                    buckets[passed + 1].append(key)

    def ends_ms(self, entity: Entity) -> int:
        """The last moment at which the entity is remembered."""
        return entity.ends_ms(self._keep_ms)

    def tenants(self) -> list[str]:
        """The tenants with entities."""
        return list(self._ends)

    def load(self, key: bytes, packed: bytes | None) -> Entity | None:
        """Take back a changelog value: returns the entity that stands now, or None."""
        if packed is None:
            self.packed.pop(key, None)
            return None
        self.packed[key] = packed
        entity = self._decode.decode(packed)
        self._ends[entity.tenant][self._bucket(entity)].append(key)
        return entity

    def changes(self) -> Iterator[tuple[bytes, bytes | None]]:
        """Changelog records of what changed since the last call."""
        for key in self.changed:
            yield self.prefix + key, self.packed.get(key)
        self.changed = set()
