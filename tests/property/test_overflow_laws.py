"""Laws of the bound on series: what was counted in `other` is taken from `other`, and nothing else is."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.intake.names import Names
from stream.intake.partition import Intake
from stream.intake.placement import Dims, Placement, Placer
from stream.intake.record import Source
from stream.scoring.panes import Ladder
from stream.values import View
from tests.support.folding import (
    MINUTE_MS,
    NOW_MS,
    SURVEYS,
    Stored,
    answered,
    compacted,
    counts,
    recovered,
    rules,
    stored,
)

VIEWS = [View("total", ()), View("channel", ("channel",)), View("channel+plan", ("channel", "plan"))]
HOUR = Ladder("1h", MINUTE_MS, 60)
CHANNELS = st.sampled_from("abcdef")
DIMS = st.builds(
    Dims,
    st.sampled_from(["acme", "globex"]),
    st.just("interaction"),
    CHANNELS,
    st.none(),
    st.tuples(st.one_of(st.none(), st.sampled_from("xy"))),
)
AGO_MS = st.sampled_from([0, MINUTE_MS, 20 * MINUTE_MS, 70 * MINUTE_MS])
_FAR_MS = NOW_MS * 2


class Clock:
    """Of every tenant."""

    now_ms = NOW_MS


def placer(max_series: int, clock: Clock) -> Placer:
    """With names for an hour."""
    return Placer(VIEWS, ("plan",), Names(max_series, HOUR, lambda _: clock.now_ms))


@settings(deadline=None)
@given(st.lists(st.tuples(DIMS, AGO_MS, AGO_MS), max_size=60), st.integers(1, 6))
def test_what_was_counted_is_found_again_whatever_room_there_is_by_then(
    events: list[tuple[Dims, int, int]], max_series: int
) -> None:
    """Events some time apart, and some time late."""
    clock, placed = Clock(), list[tuple[Dims, Placement]]()
    of = placer(max_series, clock)
    for dims, later_ms, late_ms in events:
        clock.now_ms += later_ms
        placed.append((dims, of.place(dims, clock.now_ms - late_ms)))
        for former, placement in placed:
            assert placement.series == of.replace(former, placement.overflow).series


@settings(deadline=None)
@given(st.lists(st.tuples(DIMS, AGO_MS, AGO_MS), max_size=60), st.integers(1, 6))
def test_no_tenant_has_more_named_series_than_the_bound(
    events: list[tuple[Dims, int, int]], max_series: int
) -> None:
    """Totals and `other` come on top; who has a name keeps it while a window holds an event of it."""
    clock, named = Clock(), dict[tuple[str, ...], int]()
    of = placer(max_series, clock)
    for dims, later_ms, late_ms in events:
        clock.now_ms += later_ms
        at_ms = clock.now_ms - late_ms
        lasting = {key for key, last in named.items() if last >= HOUR.first(clock.now_ms)}
        for series in of.place(dims, at_ms).series:
            if series[1] != "total" and series[2] != "other":
                key = (dims.tenant, *series)
                named[key] = max(named.get(key, 0), HOUR.pane(at_ms))
            elif series[1] != "total":
                wanted = dims.channel, (dims.segments[0] or "") if "+" in series[1] else ""
                assert (dims.tenant, *series[:2], wanted[0], "", wanted[1]) not in lasting
        lasting = {key for key, last in named.items() if last >= HOUR.first(clock.now_ms)}
        assert all(sum(key[0] == each for key in lasting) <= max_series for each in ("acme", "globex"))


@st.composite
def streams(draw: st.DrawFn) -> list[Stored]:
    """Answers by channels, edits that move them, and retractions, over some minutes."""
    now_ms, records = NOW_MS, []
    for offset in range(draw(st.integers(1, 50))):
        now_ms += draw(st.sampled_from([0, 1_000, MINUTE_MS, 50 * MINUTE_MS]))
        ids = {"response_id": draw(st.sampled_from(["r-1", "r-2", "r-3", "r-4"]))}
        if draw(st.integers(0, 4)):
            revision, channel = draw(st.integers(1, 4)), draw(CHANNELS)
            records.append(answered(offset, 9, now_ms, revision=revision, channel=channel, **ids))
        else:
            records.append(stored(offset, "survey.retracted", now_ms, reason="gdpr", **ids))
    return records


def by_pane(intake: Intake, view: str) -> Counter[tuple[int, int]]:
    """Responses of a view's series together, by window and pane."""
    found: Counter[tuple[int, int]] = Counter()
    for (_, _, window, pane, series), cell in counts(intake).items():
        assert min(cell) >= 0
        if series[1] == view:
            found[window, pane] += sum(cell)
    return found


@settings(max_examples=100, deadline=None)
@given(streams(), st.integers(1, 4), st.data())
def test_the_channels_and_other_always_add_up_to_the_total(
    records: list[Stored], max_series: int, data: st.DataObject
) -> None:
    """Whatever is edited or taken back, and whenever a worker ends."""
    intake, log = Intake(SURVEYS, rules(CX_MAX_SERIES=str(max_series))), dict[bytes, bytes]()
    for record in records:
        intake.fold([record], _FAR_MS)
        if data.draw(st.booleans()):
            compacted(log, intake.checkpoint())
            assert by_pane(intake, "total") == by_pane(intake, "channel")
            if data.draw(st.booleans()):
                intake = recovered(log, records, intake)
                assert by_pane(intake, "total") == by_pane(intake, "channel")
    at_ms = records[-1].timestamp
    all_ = stored(len(records), "survey.retracted", at_ms, reason="gdpr", all_of_subject=True)
    intake.fold([all_], _FAR_MS)
    intake.checkpoint()
    assert {} == counts(intake)


@st.composite
def mixed(draw: st.DrawFn, source: str) -> list[Stored]:
    """Answers and invitations, or interactions, of many channels, some late, over hours."""
    now_ms, records = NOW_MS, []
    for offset in range(draw(st.integers(1, 50))):
        now_ms += draw(st.sampled_from([0, 1_000, MINUTE_MS, 50 * MINUTE_MS]))
        at_ms = now_ms - draw(st.sampled_from([0, 0, MINUTE_MS, 30 * MINUTE_MS, 65 * MINUTE_MS]))
        channel = draw(CHANNELS)
        if source == "interactions":
            own: dict[str, Any] = {"interaction_id": "x", "valence": "positive", "channel": channel}
            records.append(stored(offset, "interaction", at_ms, **own)._replace(timestamp=now_ms))
        elif draw(st.integers(0, 3)):
            ids = {"response_id": draw(st.sampled_from(["r-1", "r-2", "r-3"])), "invitation_id": "i-1"}
            record = answered(offset, 9, at_ms, revision=draw(st.integers(1, 4)), channel=channel, **ids)
            records.append(record._replace(timestamp=now_ms))
        else:
            own = {
                "invitation_id": draw(st.sampled_from(["i-1", "i-2"])),
                "survey_id": "s",
                "metrics": ["nps"],
            }
            record = stored(offset, "survey.sent", at_ms, level="interaction", channel=channel, **own)
            records.append(record._replace(timestamp=now_ms))
    return records


@pytest.mark.parametrize("source", ["surveys", "interactions"])
@pytest.mark.parametrize("clock", ["wall", "event"])
@settings(max_examples=150, deadline=None)
@given(st.data(), st.integers(1, 4))
def test_what_becomes_other_follows_from_the_records_alone(
    source: str, clock: str, data: st.DataObject, max_series: int
) -> None:
    """Two workers that read the same log count the same by name, whenever they wrote or ended."""
    records = data.draw(mixed(source))
    straight, troubled = (
        Intake(Source(source, 0), rules(CX_MAX_SERIES=str(max_series), CX_CLOCK=clock)) for _ in range(2)
    )
    straight.fold(records, _FAR_MS)
    steps, log = [straight.checkpoint()], dict[bytes, bytes]()
    told = Counter[str]()
    for record in records:
        troubled.fold([record], _FAR_MS)
        if data.draw(st.booleans()):
            step = troubled.checkpoint()
            told.update(step.counts.overflowed)
            compacted(log, step)
            if data.draw(st.booleans()):
                troubled = recovered(log, records, troubled)
    told.update(troubled.checkpoint().counts.overflowed)
    assert counts(straight) == counts(troubled)
    assert steps[0].counts.overflowed == told
