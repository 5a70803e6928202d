"""Laws of the bound on series: what was counted in `other` is taken from `other`, and nothing else is."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from stream.intake.partition import Intake
from stream.intake.placement import Dims, Placement, Placer
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
CHANNELS = st.sampled_from("abcdef")
DIMS = st.builds(
    Dims,
    st.sampled_from(["acme", "globex"]),
    st.just("interaction"),
    CHANNELS,
    st.none(),
    st.tuples(st.one_of(st.none(), st.sampled_from("xy"))),
)
_FAR_MS = NOW_MS * 2


@settings(deadline=None)
@given(st.lists(st.one_of(DIMS, st.none()), max_size=60), st.integers(1, 6))
def test_what_was_counted_is_found_again_whatever_room_there_is_by_then(
    events: list[Dims | None], max_series: int
) -> None:
    """None: the series that live are looked up anew, of which some may have gone."""
    placer, placed = Placer(VIEWS, ("plan",), max_series), list[tuple[Dims, Placement]]()
    for dims in events:
        if dims is None:
            recent = placed[-2:]
            placer.restore([(each.tenant, series) for _, each in recent for series in each.series])
        else:
            placed.append((dims, placer.place(dims)))
        for former, placement in placed:
            assert placement.series == placer.replace(former, placement.overflow).series


@settings(deadline=None)
@given(st.lists(DIMS, max_size=60), st.integers(1, 6))
def test_no_tenant_has_more_named_series_than_the_bound(events: list[Dims], max_series: int) -> None:
    """Totals and `other` come on top; who has a name keeps it."""
    placer, named = Placer(VIEWS, ("plan",), max_series), dict[str, set[tuple[str, ...]]]()
    for dims in events:
        found = placer.place(dims).series
        own = {series for series in found if series[1] != "total" and series[2] != "other"}
        named.setdefault(dims.tenant, set()).update(own)
        assert len(named[dims.tenant]) <= max_series


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
