"""The survey entities of one source partition, packed: responses and invitations, by customer.

    key   = keyed hash of the customer (12 bytes) + keyed hash of the id (12 bytes)
    value = MessagePack of the entity; no id and no subject in clear

A million live answers must fit in a few hundred megabytes, so an entity is one bytes value in a dict. Each is
forgotten when nothing that may still be accepted can concern it: buckets of keys by the time it may go.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, MutableMapping
from hashlib import blake2b
from typing import Generic, TypeVar

import msgspec

from stream.intake.placement import Dims

DIGEST = 12
_BUCKETS = 64


class Response(msgspec.Struct, array_like=True, gc=False):
    """An answered survey as it counts now; with `retracted`, only the mark that keeps later answers out."""

    tenant: str
    at_ms: int
    """Event time; of a retracted one, when that was."""
    revision: int
    answers: tuple[tuple[str, int], ...]
    """(metric, value); skipped ones are not kept."""
    level: str
    channel: str | None
    touchpoint: str | None
    segments: tuple[str | None, ...]
    missing: tuple[int, ...]
    """Which of level, channel, touchpoint, segments… (0, 1, 2, 3…) the event did not say."""
    overflow: int
    invitation: bytes
    """Key of the invitation, empty without one."""
    retracted: bool = False

    @property
    def dims(self) -> Dims:
        """What the answer is split by."""
        return Dims(self.tenant, self.level, self.channel, self.touchpoint, self.segments)

    def ends_ms(self, keep_ms: int) -> int:
        """When it may be forgotten."""
        return self.at_ms + keep_ms


class Invitation(msgspec.Struct, array_like=True, gc=False):
    """A survey sent; before `sent`, only the answers that wait for it."""

    tenant: str
    at_ms: int
    sent: bool
    expires_ms: int
    level: str
    channel: str | None
    touchpoint: str | None
    segments: tuple[str | None, ...]
    overflow: int
    responses: tuple[bytes, ...] = ()
    """Keys of the live responses with an unskipped answer."""

    @property
    def dims(self) -> Dims:
        """What the invitation is split by, as captured when it was sent."""
        return Dims(self.tenant, self.level, self.channel, self.touchpoint, self.segments)

    def ends_ms(self, keep_ms: int) -> int:
        """When it may be forgotten."""
        return max(self.at_ms + keep_ms, self.expires_ms)


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


class Index:
    """The keys of each customer's responses. One key stands alone, several in a dict (as an ordered set)."""

    def __init__(self) -> None:
        self._keys: dict[bytes, bytes | dict[bytes, None]] = {}

    def add(self, key: bytes) -> None:
        """Note a response."""
        customer = key[:DIGEST]
        former = self._keys.get(customer)
        if former is None or former == key:
            self._keys[customer] = key
        elif isinstance(former, bytes):
            self._keys[customer] = {former: None, key: None}
        else:
            former[key] = None

    def discard(self, key: bytes) -> None:
        """Forget a response."""
        customer = key[:DIGEST]
        former = self._keys.get(customer)
        if former == key:
            del self._keys[customer]
        elif isinstance(former, dict):
            former.pop(key, None)
            if not former:
                del self._keys[customer]

    def of(self, customer: bytes) -> list[bytes]:
        """The keys of a customer's responses."""
        keys = self._keys.get(customer)
        return [] if keys is None else [keys] if isinstance(keys, bytes) else list(keys)


class Hasher:
    """Keyed hashes of customers and ids: what is kept instead of them."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def customer(self, tenant: str, subject: str) -> bytes:
        """Hash of a customer of a tenant, 12 bytes."""
        return self._digest(tenant.encode() + b"\0" + subject.encode("utf-8", "surrogatepass"))

    def entity(self, customer: bytes, kind: bytes, identity: str) -> bytes:
        """Key of one of a customer's entities, 24 bytes."""
        return customer + self._digest(customer + kind + identity.encode("utf-8", "surrogatepass"))

    def _digest(self, data: bytes) -> bytes:
        return blake2b(data, digest_size=DIGEST, key=self._key).digest()

    @property
    def fingerprint(self) -> str:
        """Tells two keys apart without revealing either."""
        return self._digest(b"\0fingerprint").hex()
