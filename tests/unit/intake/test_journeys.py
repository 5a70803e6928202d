"""What the events of a journey change."""

from typing import Any

import pytest

from stream.intake.partition import Intake
from stream.intake.record import Source
from stream.scoring.sketch import bucket
from tests.support.folding import MINUTE_MS, NOW_MS, Stored, Told, folded, rules, stored, totals

TOTAL = ("journey", "total", "", "", "")
DAY_MS = 24 * 60 * MINUTE_MS


def started(offset: int, at_ms: int = NOW_MS, **data: Any) -> Stored:
    """The start of journey j-1."""
    return stored(offset, "journey.started", at_ms, **{"journey_id": "j-1", "name": "move", **data})


def ended(offset: int, at_ms: int = NOW_MS, **data: Any) -> Stored:
    """Its end, as the customer wanted it."""
    return stored(offset, "journey.ended", at_ms, **{"journey_id": "j-1", "outcome": "achieved", **data})


def taken(*records: Stored, **changed: str) -> tuple[Intake, Told]:
    """The intake after these records, each in a checkpoint of its own, and what was counted."""
    intake = Intake(Source("interactions", 0), rules(**changed))
    return intake, Told.of([folded([record], intake) for record in records])


@pytest.mark.parametrize("turned", [False, True])
def test_a_journey_counts_at_its_end_with_its_duration(turned: bool) -> None:
    """Whichever of the two events comes first."""
    records = [started(1, NOW_MS - 40 * MINUTE_MS), ended(2)]
    if turned:
        records = [ended(1), started(2, NOW_MS - 40 * MINUTE_MS)]
    intake, told = taken(*records)
    assert {TOTAL: [1, 0, 0]} == totals(intake, "journey")
    assert {TOTAL: [bucket(40 * MINUTE_MS), 1]} == totals(intake, "journey_duration")
    assert 2 == told.outcomes["counted"]


def test_without_a_start_there_is_no_duration() -> None:
    """It ended all the same."""
    intake, _ = taken(ended(1, outcome="failed"))
    assert {TOTAL: [0, 1, 0]} == totals(intake, "journey")
    assert {} == totals(intake, "journey_duration")


def test_a_journey_that_ends_before_it_starts_has_no_duration() -> None:
    """A clock is wrong, and nobody knows which."""
    intake, _ = taken(started(1), ended(2, NOW_MS - 1))
    assert {} == totals(intake, "journey_duration")


def test_the_first_start_and_the_first_end_stand() -> None:
    """Another one of the same id is a duplicate, and changes nothing."""
    intake, told = taken(
        started(1, NOW_MS - 2), ended(2), started(3, NOW_MS - 9), ended(4, outcome="abandoned")
    )
    assert {TOTAL: [1, 0, 0]} == totals(intake, "journey")
    assert {TOTAL: [2, 1]} == totals(intake, "journey_duration")
    assert 2 == told.outcomes["duplicate"]


def test_journeys_of_two_customers_are_apart() -> None:
    """Ids are scoped to tenant and subject."""
    first, second = (
        stored(n, "journey.ended", subject=f"c-{n}", journey_id="j", outcome="achieved") for n in (1, 2)
    )
    intake, _ = taken(first, second)
    assert {TOTAL: [2, 0, 0]} == totals(intake, "journey")


def test_what_is_over_is_forgotten() -> None:
    """The longest window and the lateness after its last event."""
    late = started(3, NOW_MS + 400 * DAY_MS, journey_id="j-2")
    intake, _ = taken(started(1), ended(2), late)
    assert 1 == len(intake._cases._cases[b"j"]._shelf.packed)
