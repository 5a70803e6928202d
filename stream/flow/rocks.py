"""The entities of one source partition in a RocksDB database; a `Store` of stream/intake/store.py.

    r… i…   entities, as in the changelog                         kind, customer, id
    e…      when each may go: kind, tenant, NUL, bucket, key      empty values

What is put waits in memory until `settle`, so that a checkpoint is one batch, and a full disk is met there.
"""

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rocksdict

from stream.errors import CxError
from stream.intake.customers import DIGEST, Index
from stream.intake.store import ByCustomer, Ends

_TROUBLE = (
    "CX_STORE=rocksdb cannot use its folder in CX_DATADIR: {}. Nothing is lost: the state is in Kafka. "
    "Make room, or name another folder, and start the worker again."
)


class StoreError(CxError):
    """The disk cannot be used."""


@contextmanager
def telling() -> Iterator[None]:
    """What goes wrong in here is told to people; RocksDB raises plain exceptions."""
    try:
        yield
    except Exception as error:
        raise StoreError(_TROUBLE.format(error)) from error


class DiskStore:
    """A source partition's entities in a database of its own, which is made when there is a first one."""

    def __init__(self, path: Path, options: rocksdict.Options) -> None:
        """`path` is not there yet."""
        self._path = path
        self._options = options
        self._database: rocksdict.Rdict | None = None
        self._fresh: dict[bytes, bytes | None] = {}
        """What was put since the last `settle`; None: removed. So that a full disk is met there alone."""
        self._on_settle: list[Callable[[], None]] = []

    def packed(self, kind: bytes) -> MutableMapping[bytes, bytes]:
        """The entities of a kind."""
        return _Packed(self, kind)

    def ends(self, kind: bytes) -> Ends:
        """When each may go."""
        ends = _Ends(self, b"e" + kind)
        self._on_settle.append(ends.settle)
        return ends

    def by_customer(self, kind: bytes) -> ByCustomer:
        """Those of a customer."""
        index = _ByCustomer(self, kind)
        self._on_settle.append(index.settle)
        return index

    def get(self, key: bytes) -> bytes | None:
        """The value under a key."""
        if key in self._fresh:
            return self._fresh[key]
        if self._database is None:
            return None
        try:
            found: bytes | None = self._database.get(key)
        except Exception as error:
            raise StoreError(_TROUBLE.format(error)) from error
        return found

    def put(self, key: bytes, value: bytes | None) -> None:
        """Keep a value; None removes it."""
        self._fresh[key] = value

    def settled(self, prefix: bytes, most: int | None = None) -> list[bytes]:
        """The keys that begin so, in order, as of the last `settle`; at most so many."""
        keys: list[bytes] = []
        if self._database is None:
            return keys
        iterator = self._database.iter()
        iterator.seek(prefix)
        while iterator.valid() and (most is None or len(keys) < most):
            key: bytes = iterator.key()
            if not key.startswith(prefix):
                return keys
            keys.append(key)
            iterator.next()
        with telling():
            iterator.status()
        return keys

    def settle(self) -> None:
        """Write what was put, as one batch. Raises StoreError, as when the disk is full."""
        if self._fresh:
            with telling():
                if self._database is None:
                    self._database = rocksdict.Rdict(str(self._path), self._options)
                self._database.write(_batch(self._fresh), _unlogged())
            self._fresh = {}
        for settle in self._on_settle:
            settle()

    def close(self) -> None:
        """Close the database and remove it; to read from it is an error from now on."""
        if self._database is not None:
            self._database.close()
            shutil.rmtree(self._path, ignore_errors=True)


def _batch(fresh: Mapping[bytes, bytes | None]) -> rocksdict.WriteBatch:
    batch = rocksdict.WriteBatch(raw_mode=True)
    for key, value in fresh.items():
        if value is None:
            batch.delete(key)
        else:
            batch.put(key, value)
    return batch


def _unlogged() -> rocksdict.WriteOptions:
    options = rocksdict.WriteOptions()
    options.disable_wal = True  # type: ignore[method-assign,assignment]  # a property; its stub is wrong
    return options


class _Packed(MutableMapping[bytes, bytes]):
    """The entities of one kind."""

    def __init__(self, store: DiskStore, kind: bytes) -> None:
        self._store = store
        self._kind = kind

    def __getitem__(self, key: bytes) -> bytes:
        found = self._store.get(self._kind + key)
        if found is None:
            raise KeyError(key)
        return found

    def get(self, key: bytes, default: Any = None) -> Any:
        """The entity, without the detour of an exception."""
        found = self._store.get(self._kind + key)
        return default if found is None else found

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._store.put(self._kind + key, value)

    def __delitem__(self, key: bytes) -> None:
        self[key]
        self._store.put(self._kind + key, None)

    def __iter__(self) -> Iterator[bytes]:
        """For tests: as of the last `settle`."""
        return (key[len(self._kind) :] for key in self._store.settled(self._kind))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Ends:
    """Buckets of keys, in order on the disk; which buckets there are, in memory."""

    once = True

    def __init__(self, store: DiskStore, kind: bytes) -> None:
        self._store = store
        self._kind = kind
        self._buckets: defaultdict[str, set[int]] = defaultdict(set)
        self._added: set[tuple[str, int]] = set()

    def add(self, tenant: str, bucket: int, key: bytes) -> None:
        """Put a key into a bucket, once however often."""
        self._store.put(self._prefix(tenant, bucket) + key, b"")
        self._added.add((tenant, bucket))

    def _prefix(self, tenant: str, bucket: int) -> bytes:
        return self._kind + tenant.encode() + b"\0" + bucket.to_bytes(8, "big")

    def settle(self) -> None:
        """What was added can be found."""
        for tenant, bucket in self._added:
            self._buckets[tenant].add(bucket)
        self._added.clear()

    def passed(self, tenant: str, last: int) -> list[int]:
        """The tenant's buckets up to `last`."""
        return [bucket for bucket in self._buckets.get(tenant, ()) if bucket <= last]

    def take(self, tenant: str, bucket: int, most: int) -> list[bytes]:
        """Take at most so many keys out of a bucket."""
        prefix = self._prefix(tenant, bucket)
        found = self._store.settled(prefix, most)
        for key in found:
            self._store.put(key, None)
        if len(found) < most:
            self._buckets[tenant].discard(bucket)
        if not self._buckets[tenant]:
            del self._buckets[tenant]
        return [key[len(prefix) :] for key in found]

    def tenants(self) -> list[str]:
        """The tenants with keys."""
        return list(self._buckets)


class _ByCustomer:
    """The entities themselves, which lie in the order of their customers."""

    def __init__(self, store: DiskStore, kind: bytes) -> None:
        self._store = store
        self._kind = kind
        self._fresh = Index()

    def add(self, key: bytes, invitation: bytes) -> None:
        """Note a response."""
        self._fresh.add(key, invitation)

    def discard(self, key: bytes, invitation: bytes) -> None:
        """Forget a response that is not on the disk yet."""
        self._fresh.discard(key, invitation)

    def know(self, key: bytes, invitation: bytes) -> None:
        """What is on the disk is not listed by invitations."""
        self._fresh.know(key, invitation)

    def settle(self) -> None:
        """What was added can be found."""
        self._fresh = Index()

    def of(self, customer: bytes) -> list[bytes]:
        """The keys of a customer's responses; such as are gone or retracted may be among them."""
        settled = [key[len(self._kind) :] for key in self._store.settled(self._kind + customer)]
        return list({*settled, *self._fresh.of(customer)})

    def naming(self, invitation: bytes) -> list[bytes]:
        """Among these, the keys of the responses that name an invitation: all of the customer's."""
        return self.of(invitation[:DIGEST])
