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

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import orjson

from stream.intake.customers import Hasher
from stream.intake.decode import Decoder
from stream.intake.events import Interaction
from stream.intake.murmur import partition_of
from stream.intake.placement import Dims, Placer
from stream.intake.recent import Chunk, RecentIds, Refill
from stream.intake.rejection import Reason, Rejection
from stream.intake.surveys import Surveys
from stream.intake.tally import CellRow, Change, Deltas, Tallies
from stream.scoring.families import cell_of
from stream.scoring.message import Message
from stream.scoring.panes import ladders
from stream.values import View, Window

_REMEMBERED = 100_000
_ROWS = 2_000


class Record(Protocol):
    """A record as the broker stores it."""

    @property
    def offset(self) -> int:
        """Its place in the partition; there are gaps."""
        ...

    @property
    def timestamp(self) -> int:
        """When it was stored, in milliseconds."""
        ...

    @property
    def key(self) -> bytes | None:
        """What chose the partition."""
        ...

    @property
    def value(self) -> bytes | None:
        """The event."""
        ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """Names with values."""
        ...


class Rules(NamedTuple):
    """What an intake needs to know of the settings; times in milliseconds."""

    windows: tuple[Window, ...]
    views: tuple[View, ...]
    segment_keys: tuple[str, ...]
    by_event_time: bool
    """Whether windows end at the highest event time of their family, else now."""
    max_skew_ms: int
    max_lateness_ms: int
    grace_ms: int
    max_series: int
    dedup_records: int
    tenants: frozenset[str]
    partitions: int
    hash_key: bytes


class Source(NamedTuple):
    """A source partition: the topic's name without its prefix, and the number."""

    topic: str
    partition: int


class Rejected(NamedTuple):
    """A record that was not taken, and why."""

    record: Record
    why: Rejection


@dataclass
class Counts:
    """What happened to records since the last checkpoint; told only once a checkpoint is safe."""

    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    corrections: Counter[str] = field(default_factory=Counter)
    overflowed: Counter[str] = field(default_factory=Counter)
    misplaced: int = 0
    event_times_ms: list[int] = field(default_factory=list)
    """Event time of each counted record."""


class Checkpoint(NamedTuple):
    """One step of a partition, written in this order: rejected, changes (as one), rows; then committed."""

    position: int
    changes: list[Change]
    rows: dict[tuple[str, str], list[CellRow]]
    rejected: list[Rejected]
    counts: Counts


class Tenant:
    """What a partition knows of one tenant."""

    __slots__ = ("high_ms", "misplaced", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.high_ms = -1
        """The highest event time accepted."""
        self.misplaced: dict[str, bool] = {}
        """By subject, whether its records belong to another partition; a bounded memory."""


class Intake:
    """The state of one source partition."""

    def __init__(self, source: Source, rules: Rules) -> None:
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
        self._placer = Placer(rules.views, rules.segment_keys, rules.max_series)
        self._keep_ms = max(window.size_ms for window in rules.windows) + rules.max_lateness_ms
        self._surveys = Surveys(
            self.tallies,
            self._placer,
            Hasher(rules.hash_key),
            rules.segment_keys,
            self._keep_ms,
            by_event_time=rules.by_event_time,
        )
        self._by_wall = not rules.by_event_time
        self._tenants: dict[str, Tenant] = {}
        self._raised: set[Tenant] = set()
        self._deltas: dict[Any, tuple[Deltas, tuple[str, ...]]] = {}
        """What interactions add to, by their values; good until the next checkpoint."""
        self._rejected: list[Rejected] = []
        self._counts = Counts()
        self._chunks: dict[int, Chunk] = {}
        self._refill = Refill(self._recent, ())

    @property
    def pending(self) -> int:
        """A measure of what a checkpoint would hold: grows with distinct changes, not with records."""
        return self.tallies.pending + self._surveys.size + 8 * len(self._rejected)

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
            self.stored_ms = max(self.stored_ms, now_ms)
            decoded = decode(record.value, record.headers)
            if decoded.__class__ is Rejection:
                self._reject(record, decoded)
                continue
            event, at_ms = decoded
            tenant = tenants.get(event.tenantid) or self._tenant(event.tenantid)
            clock_ms = now_ms if self._by_wall else tenant.high_ms
            if at_ms > now_ms + self.rules.max_skew_ms or at_ms < clock_ms - self._keep_ms:
                self._reject(record, self._out_of_time(at_ms, now_ms, clock_ms))
                continue
            if self._misplaced(tenant, event.subject):
                self._counts.misplaced += 1
            if event.data.test:
                fresh(offset, 0)
                outcomes["test"] += 1
            elif fresh(offset, hash((event.source, event.id)) or 1):
                outcomes[self._accept(event, at_ms, clock_ms, tenant)] += 1
            else:
                outcomes["duplicate"] += 1

    def _tenant(self, name: str) -> "Tenant":
        tenant = self._tenants[name] = Tenant(name)
        return tenant

    def _reject(self, record: Record, why: Rejection) -> None:
        self._recent.add(record.offset, 0)
        self._rejected.append(Rejected(record, why))
        self._counts.outcomes["rejected"] += 1
        self._counts.reasons[why.reason.value] += 1

    def _out_of_time(self, at_ms: int, now_ms: int, clock_ms: int) -> Rejection:
        ahead = at_ms - now_ms
        if ahead > self.rules.max_skew_ms:
            return Rejection(
                Reason.FUTURE,
                f"time is {ahead} ms ahead of the record's; CX_MAX_SKEW allows {self.rules.max_skew_ms}",
            )
        return Rejection(
            Reason.TOO_LATE,
            f"time is {clock_ms - at_ms} ms behind; the longest window and CX_MAX_LATENESS allow "
            f"{self._keep_ms}",
        )

    def _accept(self, event: Any, at_ms: int, clock_ms: int, tenant: "Tenant") -> str:
        counts = self._counts
        if at_ms > tenant.high_ms:
            tenant.high_ms = at_ms
            self._raised.add(tenant)
            self.mark_ms = max(self.mark_ms, at_ms)
        if event.__class__ is Interaction:
            self._interaction(event, at_ms)
        else:
            outcome = self._surveys.resolve(
                event.type, event, at_ms, self.stored_ms if self._by_wall else tenant.high_ms
            )
            if outcome != "counted":
                return outcome
        if at_ms < clock_ms - self.rules.grace_ms:
            counts.corrections["late"] += 1
        counts.event_times_ms.append(at_ms)
        return "counted"

    def _misplaced(self, tenant: "Tenant", subject: str) -> bool:
        wrong = tenant.misplaced.get(subject)
        if wrong is None:
            if len(tenant.misplaced) >= _REMEMBERED:
                tenant.misplaced.clear()
            key = f"{tenant.name}:{subject}".encode("utf-8", "surrogatepass")
            wrong = tenant.misplaced[subject] = (
                partition_of(key, self.rules.partitions) != self.source.partition
            )
        return wrong

    def _interaction(self, event: Interaction, at_ms: int) -> None:
        data = event.data
        segments: tuple[str | None, ...] = ()
        if self.rules.segment_keys:
            segments = tuple([(data.segments or {}).get(key) for key in self.rules.segment_keys])
        key = event.tenantid, data.channel, data.touchpoint, data.valence, segments
        found = self._deltas.get(key)
        if found is None:
            if data.valence is None:
                return
            placement = self._placer.place(
                Dims(event.tenantid, "interaction", data.channel, data.touchpoint, segments)
            )
            deltas = self.tallies.deltas(placement, "positive", cell_of("positive", data.valence))
            found = self._deltas[key] = deltas, placement.overflowed
        deltas, overflowed = found
        deltas[at_ms // self.tallies.width_ms] += 1
        if overflowed:
            self._counts.overflowed.update(overflowed)

    def checkpoint(self) -> Checkpoint:
        """Take everything that changed since the last checkpoint. The state is at `position`."""
        self._surveys.expire(lambda name: self.stored_ms if self._by_wall else self._tenants[name].high_ms)
        self._deltas.clear()
        self.tallies.settle(self.position, self.stored_ms)
        if self.tallies.dropped:
            self._placer.restore(self.tallies.live())
            self.tallies.dropped = False
        changes, rows = self.tallies.changes()
        changes += self._surveys.changes()
        changes += [(b"t" + tenant.name.encode(), orjson.dumps(tenant.high_ms)) for tenant in self._raised]
        changes += [
            (b"d%d" % chunk.number, b"%d " % chunk.first_offset + chunk.bits)
            for chunk in self._recent.changed_chunks()
        ]
        changes += [(b"d%d" % number, None) for number in self._recent.expired_chunks()]
        changes.append(
            (b"p", orjson.dumps([self.position, self._recent.ordinal, self.mark_ms, self.stored_ms]))
        )
        counts, rejected = self._counts, self._rejected
        counts.corrections.update(self._surveys.corrections)
        counts.overflowed.update(self._surveys.overflowed)
        self._surveys.corrections.clear()
        self._surveys.overflowed.clear()
        self._counts, self._rejected, self._raised = Counts(), [], set()
        return Checkpoint(self.position, changes, rows, rejected, counts)

    def messages(self, position: int, rows: Mapping[tuple[str, str], Sequence[CellRow]]) -> Iterator[Message]:
        """What to send on: counts by tenant and family as of a position, in messages of a bounded size."""
        name = f"{self.source.topic}-{self.source.partition}"
        for (tenant, family), cells in rows.items():
            high_ms = self.tallies.groups[tenant, family].high_ms
            for start in range(0, max(len(cells), 1), _ROWS):
                yield Message(name, position, tenant, family, high_ms, cells[start : start + _ROWS])

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take back one changelog record; a later record of the same key supersedes it."""
        match key[:1]:
            case b"c" | b"g":
                self.tallies.load(key, value)
            case b"r" | b"i":
                self._surveys.load(key, value)
            case b"t" if value is not None:
                self._tenant(key[1:].decode()).high_ms = orjson.loads(value)
            case b"d":
                self._load_chunk(int(key[1:]), value)
            case b"p" if value is not None:
                self.position, self._recent.ordinal, self.mark_ms, self.stored_ms = orjson.loads(value)

    def _load_chunk(self, number: int, value: bytes | None) -> None:
        self._chunks.pop(number, None)
        if value is not None:
            first, _, bits = value.partition(b" ")
            self._chunks[number] = Chunk(number, int(first), bits)

    def begin(self) -> int | None:
        """Call when all changelog records are loaded.

        Returns the source offset from which `refill` wants the records up to `position`; None: it wants none.
        """
        self._placer.restore(self.tallies.live())
        self._refill = self._recent.restore(self._recent.ordinal, self._chunks.values())
        self._chunks = {}
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
