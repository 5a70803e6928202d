"""Both stages through simulated time at constant traffic, and what they hold then: nothing may grow on."""

from collections.abc import Iterator, Sequence
from typing import Any

from stream.intake.partition import Intake
from stream.intake.record import Source
from stream.intake.rules import Rules
from stream.intake.store import MemoryStore, Store
from stream.intake.tally import Change
from stream.scoring.merge import Merger
from stream.scoring.panes import ladders
from tests.support.events import event, written
from tests.support.folding import NOW_MS, Stored
from tests.support.spoiled import rfc3339

_CHANNELS = ("web", "app", "mail")
_TENANTS = ("acme", "globex")
Sizes = dict[str, int]


class Life:
    """A source partition of surveys, the merger behind it, and both changelogs as compaction leaves them."""

    def __init__(self, rules: Rules, step_ms: int, *, passing: bool, store: Store | None = None) -> None:
        """`step_ms`: a checkpoint, six records. `passing`: at times a tenant comes once and never again."""
        self.intake = Intake(Source("surveys", 0), rules, store)
        self.merger = Merger(ladders(rules.windows), by_event_time=rules.by_event_time)
        self.logs: tuple[dict[bytes, int], dict[bytes, int]] = ({}, {})
        """Of each key that stands, the bytes of key and value."""
        self._passing = passing
        self._step_ms = step_ms
        self._expires_ms = rules.keep_ms // 3
        self._step = 0
        self._offset = 0
        self._messages = 0

    def live(self, steps: int) -> None:
        """Through so many checkpoints."""
        for _ in range(steps):
            self._step += 1
            now_ms = NOW_MS + self._step * self._step_ms
            self.intake.fold([Stored(*each) for each in self._records(now_ms)], now_ms)
            step = self.intake.checkpoint()
            self._write(0, step.changes)
            for message in self.intake.messages(step.position, step.rows):
                self.merger.fold(self._messages, message)
                self._messages += 1
            self.merger.advance(now_ms)
            for group in self.merger.groups.values():
                list(group.take_touched())
            self._write(1, self.merger.changes())

    def _write(self, stage: int, changes: Sequence[Change]) -> None:
        for key, value in changes:
            if value is None:
                self.logs[stage].pop(key, None)
            else:
                self.logs[stage][key] = len(key) + len(value)

    def _records(self, now_ms: int) -> Iterator[tuple[int, bytes, int]]:
        number = self._step
        asked: dict[str, Any] = {"invitation_id": f"i-{number}", "survey_id": "s", "metrics": ["nps"]}
        yield self._record(now_ms, number, "sent", **asked, expires_at=rfc3339(now_ms + self._expires_ms))
        yield self._answer(now_ms, number, 1, invitation_id=f"i-{number}")
        yield self._answer(now_ms, number + 500_000_000, 1)
        yield self._answer(now_ms, number - 7, 2, invitation_id=f"i-{number - 7}")
        yield self._record(now_ms, number - 9, "retracted", response_id=f"r-{number - 9}", reason="gdpr")
        yield self._answer(now_ms, number + 600_000_000, 1, invitation_id=f"lost-{number}")
        if self._passing and not number % 50:
            yield self._answer(now_ms, number, 1, tenant=f"passing-{number}")

    def _answer(self, now_ms: int, number: int, revision: int, **more: Any) -> tuple[int, bytes, int]:
        answers = [{"metric": "nps", "value": number % 11}, {"metric": "csat", "value": 1 + number % 5}]
        return self._record(
            now_ms, number, "answered", response_id=f"r-{number}", revision=revision, answers=answers, **more
        )

    def _record(
        self, now_ms: int, number: int, kind: str, tenant: str | None = None, **data: Any
    ) -> tuple[int, bytes, int]:
        self._offset += 1
        if kind != "retracted":
            data |= {"channel": _CHANNELS[number % 3], "level": "interaction"}
        tenant = tenant or _TENANTS[number % 2]
        content = event(
            f"cx.survey.{kind}.v1",
            data,
            id=f"e-{self._offset}",
            time=rfc3339(now_ms),
            subject=f"c-{number}",
            tenantid=tenant,
        )
        return self._offset, written(content), now_ms

    def sizes(self) -> Sizes:
        """How much is held, by what."""
        intake, memory, groups = self.intake, self.intake._surveys.memory, self.merger.groups.values()
        packs = [pack for group in intake.tallies.groups.values() for pack in group.packs.values()]
        cells = [cells for group in groups for panes in group.cells for cells in panes.values()]
        found = {
            "responses": len(memory.responses.packed),
            "invitations": len(memory.invitations.packed),
            "entity_bytes": sum(map(len, memory.responses.packed.values())),
            "tallies": sum(map(len, packs)),
            "groups": len(intake.tallies.groups),
            "merged_cells": sum(len(each) for by_source in cells for each in by_source.values()),
            "merged_sums": sum(len(sums) for group in groups for sums in group.sums),
            "merged_groups": len(groups),
        }
        if isinstance(intake._store, MemoryStore):
            shelves: Any = (memory.responses, memory.invitations)
            index: Any = memory.by_customer
            buckets = [each for shelf in shelves for each in shelf._ends._buckets.values()]
            found["ends"] = sum(len(keys) for each in buckets for keys in each.values())
            found["customers"] = len(index._keys)
        for name, log in zip(("intake", "scores"), self.logs, strict=True):
            found |= {f"{name}_log_keys": len(log), f"{name}_log_bytes": sum(log.values())}
        return found


def growing(sizes: Sequence[Sizes], noise: float) -> dict[str, list[int]]:
    """What was more in the later half of these than in the earlier one, by more than the noise allows."""
    half = len(sizes) // 2
    return {
        name: [each[name] for each in sizes]
        for name in sizes[0]
        if max(each[name] for each in sizes[half:]) > (1 + noise) * max(each[name] for each in sizes[:half])
    }
