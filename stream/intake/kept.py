"""What is kept of customers beside surveys: entities on a shelf, each until it is over."""

from collections.abc import Callable
from typing import Generic

from stream.intake.shelf import Entity, Shelf
from stream.intake.tally import Change


class Kept(Generic[Entity]):
    """Entities of one kind; what changes them, and when each is over, is for subclasses to say."""

    types: frozenset[str]
    """Of the events that change them."""

    def __init__(self, shelf: Shelf[Entity]) -> None:
        self._shelf: Shelf[Entity] = shelf

    def find(self, key: bytes, clock_ms: int) -> Entity | None:
        """The entity under a key, unless it is over. `clock_ms`: its tenant's."""
        entity = self._shelf.get(key)
        return None if entity is None or self._is_over(entity, clock_ms) else entity

    def _is_over(self, entity: Entity, clock_ms: int) -> bool:
        """Whether nothing that counts, and nothing that may still be accepted, concerns it."""
        raise NotImplementedError

    @property
    def pending(self) -> int:
        """At most how much the next checkpoint is to write of them, in records."""
        return self._shelf.pending

    def expire(self, clock_of: Callable[[str], int]) -> None:
        """Free what is over; `clock_of` tells a tenant's clock."""
        for tenant in self._shelf.tenants():
            for _ in self._shelf.expire(tenant, clock_of(tenant), self._is_over):
                pass

    def changes(self) -> list[Change]:
        """Changelog records of the entities that changed since the last call."""
        return list(self._shelf.changes())

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take back a changelog record; `key` begins with the byte of the kind."""
        self._shelf.load(key[1:], value)
