"""What is kept of customers beside surveys: entities on a shelf, each until it is over."""

from collections.abc import Callable
from typing import Generic

from stream.intake.customers import Hasher
from stream.intake.shelf import Entity, Shelf
from stream.intake.tally import Change, Tallies


class Kept(Generic[Entity]):
    """Entities of one kind; what changes them, and when each is over, is for subclasses to say."""

    types: frozenset[str]
    """Of the events that change them."""

    def __init__(
        self, tallies: Tallies, hasher: Hasher, shelf: Shelf[Entity], *, by_event_time: bool
    ) -> None:
        """The shelf keeps an entity for as long as what has passed may still matter to a window."""
        self._tallies = tallies
        self._hasher = hasher
        self._shelf: Shelf[Entity] = shelf
        self._by_event_time = by_event_time

    def find(self, key: bytes, clock_ms: int) -> Entity | None:
        """The entity under a key, unless it is over. `clock_ms`: its tenant's."""
        entity = self._shelf.get(key)
        return None if entity is None or self._is_over(entity, clock_ms) else entity

    def _is_over(self, entity: Entity, clock_ms: int) -> bool:
        """Whether nothing that counts, and nothing that may still be accepted, concerns it."""
        raise NotImplementedError

    def _oldest_ms(self, tenant: str, family: str, clock_ms: int) -> int:
        """Before every window, those of the family by event time among them."""
        if self._by_event_time:
            clock_ms = min(clock_ms, max(0, self._tallies.high_ms(tenant, family)))
        return clock_ms - 2 * self._shelf.keep_ms

    @property
    def pending(self) -> int:
        """At most how much the next checkpoint is to write of them, in records."""
        return self._shelf.pending

    def expire(self, clock_of: Callable[[str], int]) -> None:
        """Free what is over; `clock_of` tells a tenant's clock."""
        for tenant in self._shelf.tenants():
            for _ in self._shelf.expire(tenant, clock_of(tenant), self._is_gone):
                pass

    def _is_gone(self, _key: bytes, entity: Entity, clock_ms: int) -> bool:
        return self._is_over(entity, clock_ms)

    def changes(self) -> list[Change]:
        """Changelog records of the entities that changed since the last call."""
        return list(self._shelf.changes())

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take back a changelog record; `key` begins with the byte of the kind."""
        self._shelf.load(key[1:], value)
