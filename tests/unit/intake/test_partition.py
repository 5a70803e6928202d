"""One source partition: every record has one outcome, and a checkpoint holds all that changed."""

from collections import Counter
from typing import Any

import pytest

from stream.intake.partition import Intake
from stream.intake.record import Source
from tests.support.folding import (
    MINUTE_MS,
    NOW_MS,
    SURVEYS,
    Stored,
    answered,
    compacted,
    counts,
    folded,
    recovered,
    rules,
    stored,
    totals,
)

HOUR_MS = 60 * MINUTE_MS
INTERACTIONS = Source("interactions", 0)
RETRACTED = stored(0, "survey.retracted", response_id="r-1", reason="gdpr")
TOTAL = ("interaction", "total", "", "", "")


def interaction(offset: int, at_ms: int = NOW_MS, **data: Any) -> Stored:
    """A good interaction on the web."""
    return stored(offset, "interaction", at_ms, **{"valence": "positive", **data})


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([answered(0, 9)], Counter(counted=1)),
        ([Stored(0, b"no JSON")], Counter(rejected=1)),
        ([Stored(0, None)], Counter(rejected=1)),
        ([answered(0, 9, test=True)], Counter(test=1)),
        ([answered(0, 9, id="x"), answered(1, 9, id="x", revision=2)], Counter(counted=1, duplicate=1)),
        ([answered(0, 9, test=True, id="x"), answered(1, 9, id="x")], Counter(test=1, counted=1)),
        ([RETRACTED, answered(1, 9)], Counter(counted=1, retracted=1)),
    ],
)
def test_every_record_has_one_outcome(records: list[Stored], expected: Counter[str]) -> None:
    """Whatever it is."""
    assert expected == folded(records).counts.outcomes


def test_records_at_or_below_the_position_change_nothing() -> None:
    """They were done before."""
    intake = Intake(SURVEYS, rules())
    folded([answered(5, 9)], intake)
    assert Counter() == folded([answered(4, 9, response_id="r-4"), answered(5, 9)], intake).counts.outcomes
    assert 5 == intake.position
    assert {TOTAL: [1, 0, 0]} == totals(intake)


@pytest.mark.parametrize(
    ("at_ms", "reason"),
    [
        (NOW_MS + 300_000, None),
        (NOW_MS + 300_001, "future"),
        (NOW_MS - HOUR_MS - 10 * MINUTE_MS, None),
        (NOW_MS - HOUR_MS - 10 * MINUTE_MS - 1, "too_late"),
    ],
)
def test_an_event_may_be_a_little_ahead_and_as_late_as_it_can_matter(at_ms: int, reason: str | None) -> None:
    """CX_MAX_SKEW ahead of its record; the longest window and CX_MAX_LATENESS behind it."""
    step = folded([answered(0, 9, at_ms)._replace(timestamp=NOW_MS)])
    assert Counter({reason: 1} if reason else {}) == step.counts.reasons
    assert len(step.rejected) == step.counts.outcomes["rejected"]


def test_by_event_time_lateness_is_measured_by_what_the_tenant_has_sent() -> None:
    """And the future still by the record."""
    day = [answered(0, 9, NOW_MS - 24 * HOUR_MS)._replace(timestamp=NOW_MS)]
    late = answered(1, 9, NOW_MS - 26 * HOUR_MS, response_id="r-2")._replace(timestamp=NOW_MS)
    intake = Intake(SURVEYS, rules(CX_CLOCK="event"))
    assert Counter(counted=1) == folded(day, intake).counts.outcomes
    assert Counter(too_late=1) == folded([late], intake).counts.reasons


@pytest.mark.parametrize("timestamp", [-1, NOW_MS + 24 * HOUR_MS])
def test_a_record_without_a_time_or_from_the_future_counts_as_stored_now(timestamp: int) -> None:
    """A broken producer's clock does not open the future, nor age the rest."""
    intake = Intake(SURVEYS, rules())
    intake.fold([answered(0, 9, NOW_MS + 12 * HOUR_MS)._replace(timestamp=timestamp)], NOW_MS)
    intake.fold([answered(1, 9)._replace(timestamp=timestamp)], NOW_MS)
    assert Counter(counted=1, rejected=1) == intake.checkpoint().counts.outcomes
    assert NOW_MS == intake.clocks.stored_ms


def test_an_event_behind_the_grace_is_a_late_correction() -> None:
    """It counts where it belongs."""
    late = answered(1, 9, NOW_MS - 50 * MINUTE_MS, response_id="r-2")._replace(timestamp=NOW_MS)
    intake = Intake(SURVEYS, rules(CX_GRACE="1m"))
    step = folded([answered(0, 9), late], intake)
    assert 1 == step.counts.corrections["late"]
    assert {TOTAL: [2, 0, 0]} == totals(intake, window=1)
    assert [NOW_MS, NOW_MS - 50 * MINUTE_MS] == step.counts.event_times_ms


def test_records_of_a_subject_in_the_wrong_partition_are_counted_and_taken() -> None:
    """A publisher partitions differently; scores may then be wrong at edits, which must be seen."""
    of_two = rules(CX_PARTITIONS="2")
    found = [
        folded([answered(0, 9), answered(1, 9, response_id="r-2")], Intake(Source("surveys", number), of_two))
        for number in (0, 1)
    ]
    assert [0, 2] == sorted(step.counts.misplaced for step in found)
    assert all(Counter(counted=2) == step.counts.outcomes for step in found)


def test_interactions_count_by_valence_and_others_only_as_records() -> None:
    """One that does not say whether it was good counts in no series."""
    intake = Intake(INTERACTIONS, rules())
    records = [interaction(i, valence=each, channel="web") for i, each in enumerate(["positive", "negative"])]
    silent = stored(2, "interaction")
    assert Counter(counted=3) == folded([*records, silent], intake).counts.outcomes
    assert {TOTAL: [1, 0, 1], ("interaction", "channel", "web", "", ""): [1, 0, 1]} == totals(
        intake, "positive"
    )


def test_interactions_are_split_by_segments() -> None:
    """Between checkpoints too, where they are added without being placed again."""
    intake = Intake(INTERACTIONS, rules(CX_VIEWS="plan"))
    for offset, plan in enumerate(["pro", "free", "pro", None]):
        folded([interaction(offset, segments={} if plan is None else {"plan": plan})], intake)
    found = {series[-1]: cell for series, cell in totals(intake, "positive").items()}
    assert {"pro": [2, 0, 0], "free": [1, 0, 0]} == found


def test_labels_that_overflow_are_counted_for_every_event() -> None:
    """With the label's name; the series are `other`."""
    intake = Intake(INTERACTIONS, rules(CX_MAX_SERIES="1"))
    records = [interaction(i, channel=name) for i, name in enumerate(["web", "app", "app"])]
    step = folded(records, intake)
    assert Counter(channel=2) == step.counts.overflowed
    assert [2, 0, 0] == totals(intake, "positive")["interaction", "channel", "other", "", ""]


def test_counters_begin_anew_at_each_checkpoint() -> None:
    """What was told is not told again."""
    intake = Intake(SURVEYS, rules(CX_MAX_SERIES="1"))
    folded([answered(0, 9, channel="web"), answered(1, 9, channel="app", revision=2)], intake)
    step = folded([], intake)
    assert (Counter(), Counter(), Counter()) == (
        step.counts.outcomes,
        step.counts.corrections,
        step.counts.overflowed,
    )
    assert ([], {}) == (step.rejected, step.rows)
    assert not intake.changed


def test_pending_grows_with_changes_and_not_with_records() -> None:
    """A flood of the same interactions need not be written early; rejected records count by their size."""
    intake = Intake(INTERACTIONS, rules())
    intake.fold([interaction(0)], NOW_MS)
    one = intake.pending
    intake.fold([interaction(i) for i in range(1, 50)], NOW_MS)
    assert 0 < one == intake.pending
    intake.fold([Stored(60, b"?" * 10_000)], NOW_MS)
    assert one + 100 <= intake.pending
    intake.checkpoint()
    assert 0 == intake.pending


def test_messages_bear_the_position_of_their_counts() -> None:
    """Not of what was read while they were written: what a crash repeats would be taken for old."""
    intake = Intake(SURVEYS, rules())
    step = folded([answered(3, 9)], intake)
    intake.fold([answered(7, 9, response_id="r-2")], NOW_MS)
    messages = list(intake.messages(step.position, step.rows))
    assert [("surveys-0", 3, "acme", "nps")] == [tuple(each[:4]) for each in messages]


def test_many_counts_are_sent_in_messages_of_a_bounded_size() -> None:
    """None lost, none twice."""
    intake = Intake(INTERACTIONS, rules(CX_VIEWS="total,channel,touchpoint"))
    step = folded(
        [interaction(i, NOW_MS - 1_000 * i, channel=f"c{i}", touchpoint=f"t{i}") for i in range(900)], intake
    )
    rows = step.rows["acme", "positive"]
    messages = list(intake.messages(step.position, step.rows))
    assert 1 < len(messages)
    assert max(len(message.rows) for message in messages) <= 2_000
    assert rows == [row for message in messages for row in message.rows]


def test_a_recovered_intake_goes_on_as_if_nothing_had_happened() -> None:
    """State, position, and the ids of the last records; counters begin anew."""
    records = [answered(i, 9, response_id=f"r-{i}", id=f"x-{i % 7}") for i in range(10)]
    intake, log = Intake(SURVEYS, rules()), dict[bytes, bytes]()
    compacted(log, folded(records[:8], intake))
    again = recovered(log, records, intake)
    assert (intake.position, intake.clocks.mark_ms, intake.clocks.stored_ms) == (
        again.position,
        again.clocks.mark_ms,
        again.clocks.stored_ms,
    )
    assert counts(intake) == counts(again)
    assert Counter(duplicate=2) == folded(records, again).counts.outcomes
