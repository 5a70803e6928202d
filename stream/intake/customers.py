"""Customers and their entities, told apart by keyed hashes: no subject and no id is kept.

key of an entity = keyed hash of the customer (12 bytes) + keyed hash of the id (12 bytes)
"""

from hashlib import blake2b

DIGEST = 12


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
        """The keys of a customer's responses, in order."""
        keys = self._keys.get(customer)
        return [] if keys is None else [keys] if isinstance(keys, bytes) else sorted(keys)


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
