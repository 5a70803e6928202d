"""One source partition: records in, a checkpoint out. Pure: no Faust, no clock, no metrics.

    fold(records, wall_ms)     decode → admit → resolve → tally, record by record
    checkpoint()               everything that changed since the last one, as one unit
    load(key, value)           a checkpoint's records taken back, then refill() and begin()

    record ─┬─▶ rejected (reason)
            ├─▶ test                                    the outcomes; each record has exactly one
            ├─▶ duplicate      seen among the last CX_DEDUP_RECORDS records, or the entity stands as it is
            ├─▶ retracted      kept out by a former retraction
            └─▶ counted

Everything decided depends on the records, their offsets and times alone; the wall clock only bounds a
record's time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from stream.intake.checkpoint import Checkpoint, Counts
from stream.intake.customers import Hasher
from stream.intake.decode import Decoder
from stream.intake.entities import Journey, Subscriber, Ticket
from stream.intake.events import Interaction, JourneyEnded, JourneyStarted
from stream.intake.interactions import Interactions
from stream.intake.journeys import KIND as JOURNEY
from stream.intake.journeys import Journeys
from stream.intake.memory import Memory
from stream.intake.names import Names
from stream.intake.placement import Placer
from stream.intake.recent import RecentIds, Refill
from stream.intake.record import Record, Rejected, Source
from stream.intake.registers import KIND as STEPS
from stream.intake.registers import Registers
from stream.intake.rejection import Rejection
from stream.intake.rules import Rules
from stream.intake.shelf import Shelf
from stream.intake.store import MemoryStore, Store
from stream.intake.subscriptions import KIND as SUBSCRIBER
from stream.intake.subscriptions import TYPES as SUBSCRIPTIONS
from stream.intake.subscriptions import Subscriptions
from stream.intake.surveys import Surveys
from stream.intake.tally import CellRow, Tallies
from stream.intake.tenant import Homes, Tenant
from stream.intake.tickets import KIND as TICKET
from stream.intake.tickets import TYPES as TICKETS
from stream.intake.tickets import Tickets
from stream.scoring.message import Message
from stream.scoring.panes import ladders

_BYTES_A_RECORD = 100
_ROWS = 2_000
_TENANTS = 10_000
_JOURNEYS = frozenset({JourneyStarted.type, JourneyEnded.type})


class Intake:
    """The state of one source partition."""

    def __init__(self, source: Source, rules: Rules, store: Store | None = None) -> None:
        """`store`: where entities are kept, empty; None: in memory."""
        self.source = source
        self.rules = rules
        self.position = -1
        """Offset of the last record that took effect; -1: none."""
        self.mark_ms = -1
        """The highest event time accepted."""
        self.stored_ms = -1
        """The highest time at which a record was stored."""
        self.tallies = Tallies(ladders(rules.windows), by_event_time=rules.by_event_time)
        self._recent = RecentIds(rules.dedup_records)
        self._decoder = Decoder(source.topic, rules.tenants)
        longest = max(ladders(rules.windows), key=lambda rung: rung.width_ms * rung.panes)
        self._names = Names(rules.max_series, longest, self._clock_of)
        self._placer = Placer(rules.views, rules.segment_keys, self._names)
        self._interactions = Interactions(self.tallies, self._placer, rules.segment_keys)
        self._keep_ms = rules.keep_ms
        self._store: Store = MemoryStore() if store is None else store
        memory = Memory(self.tallies, self._keep_ms, self._store, by_event_time=rules.by_event_time)
        hasher = Hasher(rules.hash_key)
        self._surveys = Surveys(self.tallies, self._placer, hasher, rules.segment_keys, memory)
        self._journeys = Journeys(
            self.tallies,
            self._placer,
            hasher,
            len(rules.segment_keys),
            Shelf(JOURNEY, Journey, self._keep_ms, self._store),
            by_event_time=rules.by_event_time,
        )
        self._tickets = Tickets(
            self.tallies,
            self._placer,
            hasher,
            len(rules.segment_keys),
            rules.schedules,
            Shelf(TICKET, Ticket, self._keep_ms, self._store),
            by_event_time=rules.by_event_time,
        )
        self._registers = Registers(ladders(rules.windows), self._end_of)
        self._subscriptions = Subscriptions(
            self.tallies,
            self._registers,
            hasher,
            Shelf(SUBSCRIBER, Subscriber, self._keep_ms, self._store),
            self._keep_ms,
            by_event_time=rules.by_event_time,
        )
        self._cases: tuple[Journeys | Tickets | Subscriptions, ...] = (
            *(self._journeys, self._tickets, self._subscriptions),
        )
        self._loads = {
            JOURNEY: self._journeys.load,
            TICKET: self._tickets.load,
            SUBSCRIBER: self._subscriptions.load,
            STEPS: self._registers.load,
        }
        self._by_wall = not rules.by_event_time
        self._homes = Homes(source.partition, rules.partitions)
        self._tenants: dict[str, Tenant] = {}
        """With the wall clock, a few of them: nothing depends on what is known of them."""
        self._raised: set[Tenant] = set()
        self._rejected: list[Rejected] = []
        self._rejected_bytes = 0
        self._counts = Counts()
        self._refill = Refill(self._recent, ())

    @property
    def pending(self) -> int:
        """At most so many records a checkpoint would hold; of rejected ones, the bytes count."""
        kept = self.tallies.pending + self._surveys.memory.size + self._names.pending
        kept += sum(case.size for case in self._cases) + self._registers.pending
        return kept + self._rejected_bytes // _BYTES_A_RECORD

    @property
    def changed(self) -> bool:
        """Whether records were taken since the last checkpoint."""
        return bool(self._counts.outcomes)

    def replayed(self, n: int) -> None:
        """Count records that were read again."""
        if n:
            self._counts.outcomes["replayed"] += n

    def fold(self, records: Sequence[Record], wall_ms: int) -> None:
        """Take records in the order of their offsets; those at or below the position change nothing.

        `wall_ms`: no record counts as stored later than that.
        """
        # To tell by isinstance what was decoded would cost 40 ns more.
        decode: Callable[..., Any] = self._decoder.decode
        fresh, outcomes, tenants = self._recent.add, self._counts.outcomes, self._tenants
        for record in records:
            offset, now_ms = record.offset, record.timestamp
            if offset <= self.position:
                continue
            self.position = offset
            if now_ms > wall_ms or now_ms < 0:
                now_ms = wall_ms
            if now_ms > self.stored_ms:  # noqa: PLR1730 - max() would cost 60 ns more
                self.stored_ms = now_ms
            decoded = decode(record.value, record.headers)
            if decoded.__class__ is Rejection:
                self._reject(record, decoded)
                continue
            event, at_ms = decoded
            tenant = tenants.get(event.tenantid) or self._tenant(event.tenantid)
            clock_ms = now_ms if self._by_wall else tenant.high_ms
            if at_ms > now_ms + self.rules.max_skew_ms or at_ms < clock_ms - self._keep_ms:
                self._reject(record, self.rules.out_of_time(at_ms, now_ms, clock_ms))
                continue
            if tenant.is_misplaced(event.subject):
                self._counts.misplaced += 1
            if event.data.test:
                fresh(offset, 0)
                outcomes["test"] += 1
            elif fresh(offset, hash((event.source, event.id)) or 1):
                outcomes[self._accept(event, at_ms, clock_ms, tenant)] += 1
            else:
                outcomes["duplicate"] += 1

    def _clock_of(self, tenant: str) -> int:
        """What has passed by then, nothing waits for any more."""
        return self.stored_ms if self._by_wall else self._tenants[tenant].high_ms

    def _end_of(self, tenant: str, family: str) -> int:
        """No window of the family will end before that."""
        return self.stored_ms if self._by_wall else self.tallies.high_ms(tenant, family)

    def _tenant(self, name: str) -> Tenant:
        if self._by_wall and len(self._tenants) >= _TENANTS:
            self._tenants.clear()
        tenant = self._tenants[name] = Tenant(name, self._homes)
        return tenant

    def _reject(self, record: Record, why: Rejection) -> None:
        self._recent.add(record.offset, 0)
        self._rejected.append(Rejected(record, why))
        self._rejected_bytes += _BYTES_A_RECORD + len(record.value or b"")
        self._counts.outcomes["rejected"] += 1
        self._counts.reasons[why.reason.value] += 1

    def _accept(self, event: Any, at_ms: int, clock_ms: int, tenant: Tenant) -> str:
        counts = self._counts
        if at_ms > tenant.high_ms:
            tenant.high_ms = at_ms
            if not self._by_wall:
                self._raised.add(tenant)
            self.mark_ms = max(self.mark_ms, at_ms)
        if event.__class__ is Interaction:
            self._interactions.take(event, at_ms)
        else:
            reached_ms = self.stored_ms if self._by_wall else tenant.high_ms
            if event.type in _JOURNEYS:
                outcome: str = self._journeys.resolve(event, at_ms, reached_ms)
            elif event.type in TICKETS:
                outcome = self._tickets.resolve(event, at_ms, reached_ms)
            elif event.type in SUBSCRIPTIONS:
                outcome = self._subscriptions.resolve(event, at_ms, reached_ms)
            else:
                outcome = self._surveys.resolve(event.type, event, at_ms, reached_ms)
            if outcome != "counted":
                return outcome
        if at_ms < clock_ms - self.rules.grace_ms:
            counts.corrections["late"] += 1
        counts.event_times_ms.append(at_ms)
        return "counted"

    def checkpoint(self) -> Checkpoint:
        """Take everything that changed since the last checkpoint. The state is at `position`."""
        self._surveys.memory.expire(self._clock_of)
        for case in self._cases:
            case.expire(self._clock_of)
        self._placer.expire(self.stored_ms if self._by_wall else self.mark_ms)
        self._interactions.settle()
        self.tallies.settle(self.position, self.stored_ms)
        self._registers.settle(self.position)
        changes, rows = self.tallies.changes()
        steps, more = self._registers.changes()
        changes += steps
        for pair, cells in more.items():
            rows.setdefault(pair, []).extend(cells)
        changes += self._names.changes()
        changes += self._surveys.memory.changes()
        for case in self._cases:
            changes += case.changes()
        self._store.settle()
        changes += [(b"t" + tenant.name.encode(), orjson.dumps(tenant.high_ms)) for tenant in self._raised]
        changes += self._recent.changes()
        changes.append(
            (b"p", orjson.dumps([self.position, self._recent.ordinal, self.mark_ms, self.stored_ms]))
        )
        rejected, self._rejected, self._raised = self._rejected, [], set()
        self._rejected_bytes = 0
        return Checkpoint(self.position, changes, rows, rejected, self._take_counts())

    def _take_counts(self) -> Counts:
        counts, self._counts = self._counts, Counts()
        for taken, into in (
            (self._surveys.corrections, counts.corrections),
            (self._surveys.overflowed, counts.overflowed),
            (self._interactions.overflowed, counts.overflowed),
            (self._tickets.overflowed, counts.overflowed),
        ):
            into.update(taken)
            taken.clear()
        return counts

    def messages(self, position: int, rows: Mapping[tuple[str, str], Sequence[CellRow]]) -> Iterator[Message]:
        """What to send on: counts by tenant and family as of a position, in messages of a bounded size."""
        name = f"{self.source.topic}-{self.source.partition}"
        for (tenant, family), cells in rows.items():
            high_ms = self.tallies.high_ms(tenant, family)
            for start in range(0, max(len(cells), 1), _ROWS):
                yield Message(name, position, tenant, family, high_ms, cells[start : start + _ROWS])

    def above(self, offset: int) -> dict[tuple[str, str], list[CellRow]]:
        """All that may not have been sent on, by tenant and family: what changed at or above an offset."""
        rows = self.tallies.above(offset)
        for pair, cells in self._registers.above(offset).items():
            rows.setdefault(pair, []).extend(cells)
        return rows

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take back one changelog record; a later record of the same key supersedes it."""
        match key[:1]:
            case b"c" | b"g":
                self.tallies.load(key, value)
            case b"r" | b"i":
                self._surveys.memory.load(key, value)
            case b"j" | b"k" | b"u" | b"h":
                self._loads[key[:1]](key, value)
            case b"n":
                self._names.load(key, value)
            case b"t" if value is not None:
                self._tenant(key[1:].decode()).high_ms = orjson.loads(value)
            case b"d":
                self._recent.load(key, value)
            case b"p" if value is not None:
                self.position, self._recent.ordinal, self.mark_ms, self.stored_ms = orjson.loads(value)

    def loaded(self) -> None:
        """Call after each part of the changelog: what waits for a disk must not pile up."""
        self._store.settle()

    def close(self) -> None:
        """Let go of what is kept outside."""
        self._store.close()

    def begin(self) -> int | None:
        """Call when all changelog records are loaded.

        Returns the source offset from which `refill` wants the records up to `position`; None: it wants none.
        """
        self._refill = self._recent.begin()
        return self._refill.first_offset

    def refill(self, records: Sequence[Record]) -> None:
        """Take back the ids of records that had been accepted, in the order of their offsets."""
        for record in records:
            ordinal = self._refill.wants(record.offset) if record.offset <= self.position else None
            if ordinal is not None:
                decoded = self._decoder.decode(record.value, record.headers)
                if not isinstance(decoded, Rejection):
                    self._recent.put_back(ordinal, _identity(decoded[0]))


def _identity(event: Any) -> int:
    """What tells events apart in this process; never 0."""
    return hash((event.source, event.id)) or 1
