"""Customers and their entities, told apart by keyed hashes: no subject and no id is kept.

key of an entity = keyed hash of the customer (12 bytes) + keyed hash of the id (12 bytes)
"""

from hashlib import blake2b

DIGEST = 12
_REMEMBERED = 20_000

_Keys = dict[bytes, "bytes | dict[bytes, None] | None"]
_FIRST = b""


class Index:
    """The keys of each customer's responses, and of those that name an invitation.

    A customer's only key stands alone. Several are in a dict: one that names no invitation by itself; one
    that does, or several, by the invitation's key; the first to come by `_FIRST`, until `know` says what it
    names.
    """

    def __init__(self) -> None:
        self._keys: dict[bytes, bytes | _Keys] = {}

    def add(self, key: bytes, invitation: bytes) -> None:
        """Note a response, and the key of the invitation that it names; empty: it names none."""
        customer = key[:DIGEST]
        keys = self._keys.get(customer)
        if keys is None:
            self._keys[customer] = key
            return
        if isinstance(keys, bytes):
            if keys == key:
                return
            keys = self._keys[customer] = {_FIRST: keys}
        if _FIRST in keys and keys[_FIRST] == key:
            return
        if not invitation:
            keys[key] = None
        elif invitation not in keys:
            keys[invitation] = key
        else:
            _put(keys, invitation, key)

    def know(self, key: bytes, invitation: bytes) -> None:
        """Note what the first names, if it is this key: from now on `naming` need not give it with others."""
        keys = self._keys.get(key[:DIGEST])
        if isinstance(keys, dict) and keys.get(_FIRST) == key:
            del keys[_FIRST]
            self.add(key, invitation)

    def discard(self, key: bytes, invitation: bytes) -> None:
        """Forget a response that was added with this invitation."""
        customer = key[:DIGEST]
        keys = self._keys.get(customer)
        if keys == key:
            del self._keys[customer]
        if not isinstance(keys, dict):
            return
        at = _FIRST if keys.get(_FIRST) == key else invitation or key
        others = keys.get(at)
        if isinstance(others, dict):
            others.pop(key, None)
        elif key in (others, at):
            keys.pop(at, None)
        if others == {}:
            del keys[at]
        if not keys:
            del self._keys[customer]

    def of(self, customer: bytes) -> list[bytes]:
        """The keys of a customer's responses."""
        keys = self._keys.get(customer)
        if not isinstance(keys, dict):
            return [] if keys is None else [keys]
        return [each for at, key in keys.items() for each in ([at] if key is None else _all(key))]

    def naming(self, invitation: bytes) -> list[bytes]:
        """The keys of the responses that name an invitation, and at most one of another."""
        keys = self._keys.get(invitation[:DIGEST])
        if not isinstance(keys, dict):
            return [] if keys is None else [keys]
        found: list[bytes] = []
        for at in (invitation, _FIRST):
            if at in keys:
                found += _all(keys[at])
        return found


def _put(keys: _Keys, invitation: bytes, key: bytes) -> None:
    """One more key of those that name an invitation."""
    others = keys[invitation]
    if isinstance(others, dict):
        others[key] = None
    elif isinstance(others, bytes) and others != key:
        keys[invitation] = {others: None, key: None}


def _all(keys: "bytes | dict[bytes, None] | None") -> list[bytes]:
    return [keys] if isinstance(keys, bytes) else list(keys or ())


class Hasher:
    """Keyed hashes of customers and ids: what is kept instead of them."""

    def __init__(self, key: bytes) -> None:
        self._keyed = blake2b(digest_size=DIGEST, key=key).copy
        """Begins a hash; a copy costs less than a new one."""
        self._customers: dict[tuple[str, str], bytes] = {}

    def customer(self, tenant: str, subject: str) -> bytes:
        """Hash of a customer of a tenant, 12 bytes."""
        found = self._customers.get((tenant, subject))
        if found is None:
            if len(self._customers) >= _REMEMBERED:
                self._customers.clear()
            digest = self._keyed()
            digest.update(tenant.encode() + b"\0" + _bytes(subject))
            found = self._customers[tenant, subject] = digest.digest()
        return found

    def entity(self, customer: bytes, kind: bytes, identity: str) -> bytes:
        """Key of one of a customer's entities, 24 bytes."""
        digest = self._keyed()
        try:
            digest.update(customer + kind + identity.encode())
        except UnicodeEncodeError:
            digest.update(customer + kind + _bytes(identity))
        return customer + digest.digest()

    def forget(self) -> None:
        """Let go of the subjects: each is hashed anew when it comes again."""
        self._customers.clear()


def _bytes(text: str) -> bytes:
    """Half a surrogate pair is encoded too."""
    return text.encode("utf-8", "surrogatepass")
