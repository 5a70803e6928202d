"""The bound on series where the source partitions are merged."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from stream.scoring.bound import Bound
from stream.scoring.families import Row
from stream.scoring.merge import Merger
from stream.scoring.message import Labels, Message
from stream.scoring.panes import ladders
from stream.values import Window

RUNGS = ladders((Window("1m", 60_000), Window("5m", 300_000)))
START_MS = 36_000_000
TOTAL: Labels = ("interaction", "total", "", "", "")
OTHER: Labels = ("interaction", "channel", "other", "", "")


def channel(name: str) -> Labels:
    """The series of a channel."""
    return ("interaction", "channel", name, "", "")


def merged(merger: Merger) -> dict[Labels, int]:
    """Positive interactions of the longest window by series."""
    rows: list[Row] = [row for row in merger.rows() if row.window == "5m" and any(row.tally)]
    return {tuple(row.series)[1:]: row.tally[0] for row in rows}


def tell(merger: Merger, source: int, at_ms: int, counts: dict[Labels, int]) -> None:
    """A source partition tells its counts in one pane of each window."""
    rows = [
        (window, rung.pane(at_ms), number, series, (n, 0, 0))
        for window, rung in enumerate(RUNGS)
        for number, (series, n) in enumerate(counts.items())
    ]
    position = merger.position + 1
    merger.fold(position, Message(f"interactions-{source}", position, "acme", "positive", at_ms, rows))


def merger(most: int = 2) -> Merger:
    """An empty merger by the event clock."""
    return Merger(RUNGS, by_event_time=True, max_series=most)


def test_sources_together_name_no_more_series_than_one_may() -> None:
    """Three channels of two partitions, room for two: the third is `other`; the total is what it was."""
    found = merger()
    tell(found, 0, START_MS, {TOTAL: 7, channel("a"): 3, channel("b"): 4})
    tell(found, 1, START_MS, {TOTAL: 6, channel("a"): 1, channel("c"): 5})

    assert {TOTAL: 13, channel("a"): 4, channel("b"): 4, OTHER: 5} == merged(found)
    assert Counter(channel=1) == found.overflowed()
    assert Counter() == found.overflowed()


def test_what_a_source_itself_calls_other_takes_no_room() -> None:
    """And is added to what is called so here."""
    found = merger()
    tell(found, 0, START_MS, {OTHER: 2, channel("a"): 1, channel("b"): 1})
    tell(found, 1, START_MS, {channel("c"): 3})

    assert {OTHER: 5, channel("a"): 1, channel("b"): 1} == merged(found)


def test_a_count_that_changes_is_taken_from_where_it_was_added() -> None:
    """Also after a named series has gone and left its room."""
    found = merger(1)
    tell(found, 0, START_MS, {channel("a"): 3})
    tell(found, 1, START_MS + 60_000, {channel("b"): 5})
    assert {channel("a"): 3, OTHER: 5} == merged(found)

    tell(found, 0, START_MS + 330_000, {channel("c"): 2})
    assert {channel("c"): 2, OTHER: 5} == merged(found), "a has passed, c has its room, b stays where it is"
    tell(found, 1, START_MS + 60_000, {channel("b"): 4})
    assert {channel("c"): 2, OTHER: 4} == merged(found)


def test_after_a_restart_the_largest_series_keep_their_names() -> None:
    """A flood of small ones does not hide what people watch."""
    found = merger(2)
    tell(found, 0, START_MS, {channel("web"): 90, channel("phone"): 80})
    tell(found, 1, START_MS, {channel(f"a{n}"): 1 for n in range(9)})
    again = merger(2)
    for key, value in sorted(found.changes()):
        assert value is not None
        again.load(key, value)
    again.begin(0)

    assert {channel("web"): 90, channel("phone"): 80, OTHER: 9} == merged(found) == merged(again)


def test_every_value_of_a_cross_becomes_other() -> None:
    """As where the events are counted; a label that the view has not stays empty."""
    bound = Bound(0)

    assert bound.shown(("journey", "channel+plan+tier", "web", "", "pro+gold")) == (
        "journey",
        "channel+plan+tier",
        "other",
        "",
        "other+other",
    )
    assert Counter(channel=1, segment=1) == bound.overflowed


@given(
    st.integers(0, 4),
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 400), st.sampled_from("abcdef"), st.integers(1, 9)),
        max_size=40,
    ),
)
def test_no_count_is_lost_or_doubled_whatever_room_there_is(
    most: int, told: list[tuple[int, int, str, int]]
) -> None:
    """The channels add up to the total at every step, by name never more than there is room for."""
    found = merger(most)
    counts: dict[tuple[int, int], Counter[Labels]] = {}
    for source, later_s, name, n in told:
        at_ms = START_MS + 1_000 * later_s
        pane = counts.setdefault((source, at_ms // 5_000), Counter())
        pane[channel(name)] += n
        pane[TOTAL] += n
        tell(found, source, at_ms, dict(pane))
        shown = merged(found)
        assert shown.pop(TOTAL, 0) == sum(shown.values())
        assert len(shown.keys() - {OTHER}) <= most
