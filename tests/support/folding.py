"""Small streams for an intake, and what it holds afterwards, without Kafka."""

from collections import Counter
from collections.abc import Mapping, Sequence
from operator import add
from typing import Any, NamedTuple

from stream.flow.intake import rules as rules_of
from stream.intake.checkpoint import Checkpoint
from stream.intake.entities import Buyer, Invitation, Journey, Response, Subscriber, Ticket
from stream.intake.partition import Intake
from stream.intake.record import Source
from stream.intake.rules import Rules
from stream.intake.store import Store
from stream.intake.tally import Change
from stream.scoring.families import FAMILIES
from stream.scoring.message import series_of
from stream.scoring.sparse import merged
from stream.settings import Settings
from tests.support.events import event, written
from tests.support.spoiled import rfc3339

NOW_MS = 1_790_000_000_000
MINUTE_MS = 60_000
SURVEYS = Source("surveys", 0)
SETTINGS = {
    "CX_WINDOWS": "5m,1h",
    "CX_MAX_LATENESS": "10m",
    "CX_VIEWS": "total,channel",
    "CX_PARTITIONS": "1",
}

Cell = tuple[str, str, int, int, tuple[str, ...]]
"""tenant, family, window index, pane, series."""


class Stored(NamedTuple):
    """A record as the broker stores it."""

    offset: int
    value: bytes | None
    timestamp: int = NOW_MS
    key: bytes | None = b"acme:c-81723"
    headers: tuple[tuple[str, bytes], ...] = ()


def rules(**changed: str) -> Rules:
    """The rules of small windows, with other settings by name."""
    return rules_of(Settings.from_env(SETTINGS | changed))


def stored(offset: int, kind: str, at_ms: int = NOW_MS, subject: str = "c-81723", **data: Any) -> Stored:
    """A record of `cx.<kind>.v1`, stored when it happened; its id is its offset unless `data` has an `id`."""
    content = event(
        f"cx.{kind}.v1",
        {name: each for name, each in data.items() if name != "id"},
        id=data.get("id", f"e-{offset}"),
        time=rfc3339(at_ms),
        subject=subject,
    )
    return Stored(offset, written(content), at_ms)


def answered(offset: int, value: int, at_ms: int = NOW_MS, **data: Any) -> Stored:
    """A response with an NPS answer."""
    return stored(offset, "survey.answered", at_ms, answers=[{"metric": "nps", "value": value}], **data)


def folded(records: Sequence[Stored], intake: Intake | None = None, wall_ms: int = NOW_MS * 2) -> Checkpoint:
    """The checkpoint after these records."""
    intake = intake or Intake(SURVEYS, rules())
    intake.fold(records, wall_ms)
    return intake.checkpoint()


def recovered(
    log: Mapping[bytes, bytes] | Sequence[Change],
    records: Sequence[Stored],
    like: Intake,
    store: Store | None = None,
) -> Intake:
    """An intake made from what a changelog holds, and from the records that it wants to read again.

    `log`: the last value of each key, or every value ever written, in order.
    """
    intake = Intake(like.source, like.rules, store)
    for key, value in log.items() if isinstance(log, Mapping) else log:
        intake.load(key, value)
    intake.loaded()
    first = intake.begin()
    if first is not None:
        intake.refill([each for each in records if first <= each.offset <= intake.position])
    return intake


def compacted(log: dict[bytes, bytes], step: Checkpoint) -> None:
    """Write a checkpoint to a changelog of which only the last value of each key is kept."""
    for key, value in step.changes:
        if value is None:
            log.pop(key, None)
        else:
            log[key] = value


def counts(intake: Intake) -> dict[Cell, list[int]]:
    """What the partition contributes to each pane, where that is anything."""
    return {
        (tenant, family, window, pane, series): cell[2:]
        for (tenant, family), group in intake.tallies.groups.items()
        for (window, pane), pack in group.packs.items()
        for series, cell in pack.items()
        if any(cell[2:])
    }


def totals(intake: Intake, family: str = "nps", window: int = 0) -> dict[tuple[str, ...], list[int]]:
    """Counts by series of one family, over all panes of one window; of a sparse one keys with counts."""
    found: dict[tuple[str, ...], list[int]] = {}
    for (_, name, at, _, labels), cell in counts(intake).items():
        if (name, at) == (family, window):
            series = series_of(labels)
            former = found.get(series)
            if former is None:
                found[series] = list(cell)
            elif FAMILIES[family].sparse:
                found[series] = merged(former, cell)
            else:
                found[series] = list(map(add, former, cell))
    return {series: cell for series, cell in found.items() if any(cell)}


def entities(intake: Intake) -> dict[bytes, Response | Invitation | Journey | Ticket | Subscriber | Buyer]:
    """Everything that is remembered of customers; those whose time is over may or may not be freed."""
    memory = intake._surveys.memory
    found: dict[bytes, Response | Invitation | Journey | Ticket | Subscriber | Buyer] = {}
    for shelf, get in ((memory.responses, memory.response), (memory.invitations, memory.invitation)):
        for key in shelf.packed:
            kept: Any = shelf.get(key)
            memory.clock_ms = intake.clocks.of(kept.tenant)
            entity = get(key)
            if entity is not None:
                found[shelf.prefix + key] = entity
    for case in intake._cases._cases.values():
        for key in case._shelf.packed:
            of: Any = case._shelf.get(key)
            one = case.find(key, intake.clocks.of(of.tenant))
            if one is not None:
                found[case._shelf.prefix + key] = one
    return found


class Told(NamedTuple):
    """What was counted of records, over several checkpoints."""

    outcomes: Counter[str]
    reasons: Counter[str]
    corrections: Counter[str]
    misplaced: int
    event_times_ms: list[int]

    @staticmethod
    def of(steps: Sequence[Checkpoint]) -> "Told":
        """The sums."""
        each = [step.counts for step in steps]
        return Told(
            sum((found.outcomes for found in each), Counter()),
            sum((found.reasons for found in each), Counter()),
            sum((found.corrections for found in each), Counter()),
            sum(found.misplaced for found in each),
            [at_ms for found in each for at_ms in found.event_times_ms],
        )
