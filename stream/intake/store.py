"""Where the entities of one source partition are kept: in memory here, on disk in stream/flow/disk.py.

What is put can be read at once; `settle` ends a step, such as a checkpoint. The changelog is what lasts: a
store begins empty and is filled from it.
"""

from collections import defaultdict
from collections.abc import MutableMapping
from typing import Protocol

from stream.intake.customers import Index


class Ends(Protocol):
    """Keys of entities in buckets of a tenant, by the time at which each may go."""

    once: bool
    """Whether a key that is added to a bucket again is in it once."""

    def add(self, tenant: str, bucket: int, key: bytes) -> None:
        """Put a key into a bucket; `passed` and `take` may find it only after the next `settle`."""

    def passed(self, tenant: str, last: int) -> list[int]:
        """The tenant's buckets up to `last`."""
        ...

    def take(self, tenant: str, bucket: int, most: int) -> list[bytes]:
        """Take at most so many keys out of a bucket."""
        ...

    def tenants(self) -> list[str]:
        """The tenants with keys."""
        ...


class ByCustomer(Protocol):
    """The keys of each customer's responses."""

    def add(self, key: bytes, invitation: bytes) -> None:
        """Note a response, and the key of the invitation that it names; empty: it names none."""

    def discard(self, key: bytes, invitation: bytes) -> None:
        """Forget a response that was added with this invitation."""

    def know(self, key: bytes, invitation: bytes) -> None:
        """A response that `naming` gave names this invitation, and not the one that was asked for."""

    def of(self, customer: bytes) -> list[bytes]:
        """The keys of a customer's responses; such as are gone or retracted may be among them."""
        ...

    def naming(self, invitation: bytes) -> list[bytes]:
        """Among these, the keys of the responses that name an invitation."""
        ...


class Store(Protocol):
    """The entities of one source partition, packed, by kind: one byte that begins their changelog keys."""

    def packed(self, kind: bytes) -> MutableMapping[bytes, bytes]:
        """The entities of a kind."""
        ...

    def ends(self, kind: bytes) -> Ends:
        """When each may go."""
        ...

    def by_customer(self, kind: bytes) -> ByCustomer:
        """Those of a customer."""
        ...

    def settle(self) -> None:
        """A step is done."""

    def close(self) -> None:
        """Let go of it: nothing is read from it any more."""


class MemoryStore:
    """Everything in memory, nothing shared between kinds."""

    def packed(self, kind: bytes) -> MutableMapping[bytes, bytes]:  # noqa: ARG002 - as of every `Store`
        """An empty dict."""
        return {}

    def ends(self, kind: bytes) -> Ends:  # noqa: ARG002 - as of every `Store`
        """Lists of keys."""
        return MemoryEnds()

    def by_customer(self, kind: bytes) -> ByCustomer:  # noqa: ARG002 - as of every `Store`
        """An index beside the entities."""
        return Index()

    def settle(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is held outside."""


class MemoryEnds:
    """Buckets as lists: 8 bytes a key."""

    once = False

    def __init__(self) -> None:
        self._buckets: defaultdict[str, defaultdict[int, list[bytes]]] = defaultdict(
            lambda: defaultdict(list)
        )

    def add(self, tenant: str, bucket: int, key: bytes) -> None:
        """Put a key into a bucket."""
        self._buckets[tenant][bucket].append(key)

    def passed(self, tenant: str, last: int) -> list[int]:
        """The tenant's buckets up to `last`."""
        return [bucket for bucket in self._buckets.get(tenant, ()) if bucket <= last]

    def take(self, tenant: str, bucket: int, most: int) -> list[bytes]:
        """Take at most so many keys out of a bucket."""
        buckets = self._buckets[tenant]
        keys = buckets[bucket]
        taken = keys[-most:]
        del keys[-most:]
        if not keys:
            del buckets[bucket]
        if not buckets:
            del self._buckets[tenant]
        return taken

    def tenants(self) -> list[str]:
        """The tenants with keys."""
        return list(self._buckets)
