"""Interactions by the slice: the same checkpoints, to the last byte, as one by one."""

import random
from collections.abc import Sequence
from typing import Any

import pytest

from stream.intake.checkpoint import Checkpoint
from stream.intake.pack import CellRow
from stream.intake.partition import Intake
from stream.intake.record import Source
from tests.support.folding import MINUTE_MS, NOW_MS, Stored, rules, stored

INTERACTIONS = Source("interactions", 0)


def stream(seed: int, n: int) -> list[Stored]:
    """Mostly interactions in order; some late, ahead, twice, silent, bad, for tests, and of another type."""
    rng, records, now_ms = random.Random(seed), [], NOW_MS
    for offset in range(n):
        now_ms += rng.choice((0, 1, 40, 40, 3_000))
        behind_ms = rng.choice((0, 0, 0, 20, 900, rng.choice((0, 2 * MINUTE_MS, 90 * MINUTE_MS, -9_000))))
        data: dict[str, Any] = {"channel": f"c-{min(rng.getrandbits(4), 5)}"}
        data["valence"] = rng.choice(("positive", "neutral", "negative"))
        rare = rng.random()
        if rare < 0.005:
            data["test" if rare < 0.003 else "duration_ms"] = True
        elif rare < 0.01:
            data["id"] = f"e-{max(offset - 9, 0)}"
        elif rare < 0.012:
            data |= {"channel": f"rare-{offset}", "valence": None}
        record = stored(offset, "interaction", now_ms - behind_ms, f"c-{rng.randrange(30)}", **data)
        if rare > 0.998:
            record = stored(
                offset, "ticket.opened", now_ms, f"c-{rng.randrange(30)}", ticket_id=f"t-{offset}"
            )
        value = (record.value or b"").replace(b'"acme"', rng.choice((b'"acme"', b'"globex"')))
        records.append(record._replace(value=value, timestamp=now_ms - rng.choice((0, 0, 0, 700))))
    return records


def steps(records: Sequence[Stored], size: int, **changed: str) -> list[Checkpoint]:
    """A checkpoint after every 200 records, which are folded so many at a time."""
    intake, taken = Intake(INTERACTIONS, rules(**changed)), []
    for start in range(0, len(records), 200):
        part = records[start : start + 200]
        for i in range(0, len(part), size):
            intake.fold(part[i : i + size], NOW_MS * 2)
        taken.append(intake.checkpoint())
    return taken


def told(step: Checkpoint) -> Any:
    """All of a checkpoint; what has no order is sorted."""
    rows: dict[tuple[str, str], list[CellRow]] = {pair: sorted(cells) for pair, cells in step.rows.items()}
    return step.position, sorted(step.changes, key=repr), rows, step.rejected, step.counts


@pytest.mark.parametrize("clock", ["event", "wall"])
@pytest.mark.parametrize("most", ["3", "100"])
def test_slices_of_any_size_give_the_same_checkpoints(clock: str, most: str) -> None:
    """Times, labels beyond a tenant's room, and what is counted about records with them."""
    for seed in range(3):
        records = stream(seed, 1_000)
        given = {"CX_CLOCK": clock, "CX_MAX_SERIES": most, "CX_GRACE": "1m", "CX_MAX_LATENESS": "30m"}
        singly = [told(step) for step in steps(records, 1, **given)]
        for size in (3, 20, 200):
            assert singly == [told(step) for step in steps(records, size, **given)]


def test_the_streams_hold_what_can_happen() -> None:
    """Else the law above would say little."""
    outcomes: set[str] = set()
    late = overflowed = 0
    for step in steps(stream(0, 1_000), 20, CX_CLOCK="event", CX_MAX_SERIES="3", CX_GRACE="1m"):
        outcomes |= step.counts.outcomes.keys()
        late += step.counts.corrections["late"]
        overflowed += step.counts.overflowed.total()
    assert {"counted", "duplicate", "rejected", "test"} == outcomes
    assert late
    assert overflowed
