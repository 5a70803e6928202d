"""One source partition: records in, a checkpoint out. Pure: no Faust, no clock, no metrics.

    fold(records, wall_ms)     decode → admit → resolve → tally, a slice at a time
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

from collections.abc import Iterator, Mapping, Sequence

import orjson

from stream.intake.admission import Admission, identities
from stream.intake.cases import Cases
from stream.intake.checkpoint import Checkpoint, Counts
from stream.intake.clocks import Clocks
from stream.intake.columns import Columns
from stream.intake.customers import Hasher
from stream.intake.decode import Decoder
from stream.intake.homes import Homes
from stream.intake.interactions import Interactions
from stream.intake.memory import Memory
from stream.intake.names import Names
from stream.intake.pack import CellRow
from stream.intake.placement import Placer
from stream.intake.recent import RecentIds, Refill
from stream.intake.record import Record, Rejected, Source
from stream.intake.rejection import Rejection
from stream.intake.rules import Rules
from stream.intake.store import MemoryStore, Store
from stream.intake.surveys import Surveys
from stream.intake.tally import Tallies
from stream.scoring.message import Message
from stream.scoring.panes import ladders
from stream.scoring.weight import RECORD_BYTES

_ROWS, _NUMBERS = 2_000, 25_000
"""Of a message, at most: rows, and the counts in them; half a megabyte. A row may be more, by itself."""


class Intake:
    """The state of one source partition."""

    def __init__(self, source: Source, rules: Rules, store: Store | None = None) -> None:
        """`store`: where entities are kept, empty; None: in memory."""
        self.source = source
        self.rules = rules
        self.position = -1
        """Offset of the last record that took effect; -1: none."""
        self.clocks = Clocks(by_event_time=rules.by_event_time)
        self.tallies = Tallies(
            ladders(rules.windows), by_event_time=rules.by_event_time, watched=rules.watched
        )
        self._recent = RecentIds(rules.dedup_records)
        self._decoder = Decoder(source.topic, rules.tenants, rules.segment_keys)
        longest = max(ladders(rules.windows), key=lambda rung: rung.width_ms * rung.panes)
        self._names = Names(rules.max_series, longest, self.clocks.of)
        self._placer = Placer(rules.views, rules.segment_keys, self._names)
        self._interactions = Interactions(self.tallies, self._placer)
        self._store: Store = MemoryStore() if store is None else store
        memory = Memory(self.tallies, rules.keep_ms, self._store, by_event_time=rules.by_event_time)
        hasher = Hasher(rules.hash_key)
        self._surveys = Surveys(
            *(self.tallies, self._placer, hasher, rules.segment_keys, memory),
            latest=rules.latest_per_customer,
        )
        self._cases = Cases(rules, self.tallies, self._placer, hasher, self._store, self._end_of)
        self._resolvers = {**self._surveys.resolvers, **self._cases.resolvers}
        """By event type."""
        self._counting = source.topic == "interactions"
        """Whether what has a combination is counted, and no more."""
        homes = Homes(source.partition, rules.partitions)
        self._admission = Admission(rules, self.clocks, self._recent, homes, self._reject)
        self._rejected: list[Rejected] = []
        self._rejected_bytes = 0
        self._counts = Counts()
        self._refill = Refill(self._recent, ())

    @property
    def pending(self) -> int:
        """How much a checkpoint would hold, in records (`weight.py`); of rejected ones, their bytes."""
        self._surveys.tell()
        kept = self.tallies.pending + self._surveys.memory.pending + self._names.pending
        return kept + self._cases.pending + self._rejected_bytes // RECORD_BYTES

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
        if records and records[0].offset <= self.position:
            records = [record for record in records if record.offset > self.position]
        if not records:
            return
        values, headers = [record.value for record in records], [record.headers for record in records]
        decoded = self._decoder.decode_all(values, headers)
        columns = Columns(records, *decoded, *self.clocks.stored(records, wall_ms))
        for part in (columns,) if self._admission.is_level(columns) else columns.singly():
            self._accept(self._admission.admit(part, self._counts))
            self.clocks.stored_ms = part.stored_ms[-1]
        self.position = records[-1].offset

    def _end_of(self, tenant: str, family: str) -> int:
        """No window of the family will end before that."""
        return self.tallies.high_ms(tenant, family) if self.rules.by_event_time else self.clocks.stored_ms

    def _reject(self, record: Record, why: Rejection) -> None:
        self._rejected.append(Rejected(record, why))
        self._rejected_bytes += RECORD_BYTES + len(record.value or b"")
        self._counts.outcomes["rejected"] += 1
        self._counts.reasons[why.reason.value] += 1

    def _accept(self, admitted: Columns) -> None:
        """Let admitted events take effect, in their order."""
        counts, before = self._counts, len(self._counts.event_times_ms)
        if self._counting and all(admitted.combinations) and not self._may_be_late(admitted):
            self._interactions.count(admitted, self.clocks)
            counts.event_times_ms += admitted.times_ms
        else:
            self._resolve(admitted)
        self.clocks.note(admitted.times_ms)
        counts.outcomes["counted"] += len(counts.event_times_ms) - before

    def _may_be_late(self, admitted: Columns) -> bool:
        """Whether one of them may lie more than the grace behind its tenant's clock."""
        times_ms = admitted.times_ms
        if not times_ms:
            return False
        latest_ms = max(times_ms if self.rules.by_event_time else admitted.nows_ms)
        if self.rules.by_event_time:
            latest_ms = max(latest_ms, self.clocks.mark_ms)
        return min(times_ms) < latest_ms - self.rules.grace_ms

    def _resolve(self, admitted: Columns) -> None:
        """The same one by one, whatever they are: what an event changes may depend on those before it."""
        counts, clocks, by_event_time = self._counts, self.clocks, self.rules.by_event_time
        find, resolvers, width_ms = self._interactions.find, self._resolvers, self.tallies.width_ms
        saying, counting = self._surveys.saying, self._counting
        grace_ms, counted_ms, late = self.rules.grace_ms, counts.event_times_ms, 0
        _, *columns = admitted
        for event, at_ms, combination, now_ms, stored_ms in zip(*columns, strict=True):
            clocks.stored_ms = stored_ms
            clock_ms = clocks.accept(event.tenantid, at_ms) if by_event_time else now_ms
            if combination is not None and counting:
                if at_ms < combination.placement.until_ms or find(combination, at_ms):
                    combination.deltas[at_ms // width_ms] += 1
            else:
                until_ms = clock_ms if by_event_time else stored_ms
                if combination is None:
                    outcome = resolvers[event.type](event, at_ms, until_ms)
                else:
                    outcome = saying[event.type](event, combination, at_ms, until_ms)
                if outcome != "counted":
                    counts.outcomes[outcome] += 1
                    continue
            if at_ms < clock_ms - grace_ms:
                late += 1
            counted_ms.append(at_ms)
        counts.corrections["late"] += late

    def checkpoint(self) -> Checkpoint:
        """Take everything that changed since the last checkpoint. The state is at `position`."""
        self._surveys.memory.expire(self.clocks.of)
        self._placer.expire(self.clocks.latest())
        self._interactions.settle()
        self._surveys.settle()
        self.tallies.settle(self.position, self.clocks.stored_ms)
        self._cases.settle(self.clocks.of, self.position)
        changes, rows = self.tallies.changes()
        cases, more = self._cases.changes()
        changes += cases
        for pair, cells in more.items():
            rows.setdefault(pair, []).extend(cells)
        changes += self._names.changes()
        changes += self._surveys.memory.changes()
        self._store.settle()
        changes += self.clocks.changes()
        changes += self._recent.changes()
        changes.append((b"p", orjson.dumps([self.position, self._recent.ordinal, *self.clocks.highest_ms])))
        rejected, self._rejected = self._rejected, []
        self._rejected_bytes = 0
        return Checkpoint(self.position, changes, rows, rejected, self._take_counts())

    def _take_counts(self) -> Counts:
        counts, self._counts = self._counts, Counts()
        for taken, into in (
            (self._surveys.contributions.corrections, counts.corrections),
            (self._surveys.contributions.overflowed, counts.overflowed),
            (self._interactions.overflowed, counts.overflowed),
            (self._cases.overflowed, counts.overflowed),
        ):
            into.update(taken)
            taken.clear()
        return counts

    def messages(
        self, position: int, by_family: Mapping[tuple[str, str], Sequence[CellRow]]
    ) -> Iterator[Message]:
        """What to send on: counts by tenant and family as of a position, in messages of a bounded size."""
        name = f"{self.source.topic}-{self.source.partition}"
        for (tenant, family), cells in by_family.items():
            high_ms = self.tallies.high_ms(tenant, family)
            for rows in _parcels(cells):
                yield Message(name, position, tenant, family, high_ms, rows)

    def above(self, offset: int) -> dict[tuple[str, str], list[CellRow]]:
        """All that may not have been sent on, by tenant and family: what changed at or above an offset."""
        rows = self.tallies.above(offset)
        for pair, cells in self._cases.above(offset).items():
            rows.setdefault(pair, []).extend(cells)
        return rows

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take back one changelog record; a later record of the same key supersedes it."""
        match key[:1]:
            case b"c" | b"g":
                self.tallies.load(key, value)
            case b"r" | b"i":
                self._surveys.memory.load(key, value)
            case b"n":
                self._names.load(key, value)
            case b"t" if value is not None:
                self.clocks.load(key, value)
            case b"d":
                self._recent.load(key, value)
            case b"p" if value is not None:
                self.position, self._recent.ordinal, *self.clocks.highest_ms = orjson.loads(value)
            case _:
                self._cases.load(key, value)

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
        wanted = [
            (ordinal, record)
            for record in records
            if record.offset <= self.position and (ordinal := self._refill.wants(record.offset)) is not None
        ]
        values, headers = [record.value for _, record in wanted], [record.headers for _, record in wanted]
        events, _, _ = self._decoder.decode_all(values, headers)
        accepted = [not isinstance(event, Rejection) for event in events]
        for (ordinal, _), known_as in zip(wanted, identities(events, accepted), strict=True):
            if known_as:
                self._recent.put_back(ordinal, known_as)


def _parcels(cells: Sequence[CellRow]) -> Iterator[list[CellRow]]:
    """Cut into what one message may hold; of nothing, nothing once."""
    rows: list[CellRow] = []
    numbers = 0
    for cell in cells:
        if rows and (len(rows) >= _ROWS or numbers + len(cell[-1]) > _NUMBERS):
            yield rows
            rows, numbers = [], 0
        rows.append(cell)
        numbers += len(cell[-1])
    yield rows
