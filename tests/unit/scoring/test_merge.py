"""Counts of source partitions, merged and rolled."""

import threading

import pytest

from stream.scoring.families import Row, Series
from stream.scoring.merge import Merger
from stream.scoring.message import Labels, Message, decode, encode
from stream.scoring.panes import ladders
from stream.scoring.stepping import Steps
from stream.scoring.weight import of_bytes
from stream.values import Window

RUNGS = ladders((Window("1m", 60_000), Window("1h", 3_600_000)))
TOTAL: Labels = ("interaction", "total", "", "", "")
WEB: Labels = ("interaction", "channel", "web", "", "")
AT_MS = 36_000_000
PANES = (AT_MS // 1_000, AT_MS // 60_000)


def message(
    position: int, *counts: int, source: str = "surveys-0", at_ms: int = AT_MS, **other: str
) -> Message:
    """NPS of one series in the pane of each window at a time."""
    series, sheet = (WEB, 1) if other.get("series") == "web" else (TOTAL, 0)
    panes = [(window, rung.pane(at_ms)) for window, rung in enumerate(RUNGS)]
    rows = [(window, pane, sheet, series, counts) for window, pane in panes] if counts else []
    return Message(source, position, other.get("tenant", "acme"), other.get("family", "nps"), at_ms, rows)


def merged(*messages: Message | None, now_ms: int | None = AT_MS) -> Merger:
    """After these messages; with `now_ms` by the wall clock, else by event time."""
    merger = Merger(RUNGS, by_event_time=now_ms is None)
    for offset, each in enumerate(messages):
        merger.fold(offset, each)
    if now_ms is not None:
        merger.advance(now_ms)
    return merger


def tallies(
    merger: Merger, window: str = "1m", tenant: str = "acme"
) -> dict[tuple[str, ...], tuple[int, ...]]:
    """Tally of each series of a tenant's NPS in one window."""
    return {
        tuple(row.series[1:]): row.tally
        for row in merger.rows()
        if (row.window, row.family, row.series.tenant) == (window, "nps", tenant)
    }


def test_counts_of_all_sources_add_up() -> None:
    """Series by series."""
    merger = merged(
        message(0, 1, 0, 2), message(0, 0, 3, 0, source="surveys-1"), message(1, 1, 0, 0, series="web")
    )
    assert {TOTAL: (1, 3, 2), WEB: (1, 0, 0)} == tallies(merger)


def test_counts_are_absolute() -> None:
    """A later message of a source takes the place of the former one."""
    assert {TOTAL: (2, 0, 0)} == tallies(merged(message(0, 1, 0, 2), message(1, 2, 0, 0)))


@pytest.mark.parametrize("again", [[0], [1], [0, 1], [1, 0, 1]])
def test_a_message_that_comes_again_changes_nothing(again: list[int]) -> None:
    """Neither the last one nor one of a former owner, however late."""
    sent = [message(3, 1, 0, 0), message(7, 2, 0, 0)]
    merger = merged(*sent, *(sent[i] for i in again))
    assert {TOTAL: (2, 0, 0)} == tallies(merger)


def test_what_is_below_the_position_was_taken_before() -> None:
    """Offsets of the topic, not of the sources."""
    merger = merged(message(0, 1, 0, 0), None, message(1, 2, 0, 0))
    merger.fold(2, message(9, 9, 9, 9))
    assert 2 == merger.position
    assert {TOTAL: (2, 0, 0)} == tallies(merger)


def test_tenants_are_kept_apart() -> None:
    """In every row."""
    merger = merged(message(0, 1, 0, 0), message(0, 5, 0, 0, tenant="globex"))
    assert {TOTAL: (1, 0, 0)} == tallies(merger)
    assert {TOTAL: (5, 0, 0)} == tallies(merger, tenant="globex")


@pytest.mark.parametrize(("now_ms", "expected"), [(AT_MS + 59_999, {TOTAL: (1, 0, 0)}), (AT_MS + 60_000, {})])
def test_a_pane_leaves_its_window_when_the_end_reaches_one_window_later(
    now_ms: int, expected: dict[tuple[str, ...], tuple[int, ...]]
) -> None:
    """To the millisecond; a longer window still holds it, and the series shows zeroes in the short one."""
    merger = merged(message(0, 1, 0, 0), now_ms=now_ms)
    assert expected or {TOTAL: (0, 0, 0)} == tallies(merger)
    assert {TOTAL: (1, 0, 0)} == tallies(merger, "1h")


def test_a_future_pane_waits_until_the_end_reaches_it() -> None:
    """Event times may be ahead of the clock."""
    merger = merged(message(0, 1, 0, 0), now_ms=AT_MS - 1)
    assert {} == tallies(merger)
    merger.advance(AT_MS)
    assert {TOTAL: (1, 0, 0)} == tallies(merger)


def test_an_end_never_moves_back() -> None:
    """A clock that does leaves the windows where they are."""
    merger = merged(message(0, 1, 0, 0), now_ms=AT_MS + 10_000_000)
    merger.advance(AT_MS)
    merger.fold(5, message(9, 4, 0, 0))
    assert {} == tallies(merger)


def test_a_series_without_counts_is_gone() -> None:
    """Absent, and not zero; the merger forgets it too."""
    merger = merged(message(0, 1, 0, 0))
    merger.changes()
    merger.advance(AT_MS + 3_600_000)
    assert [] == merger.rows()
    deleted = [key for key, value in merger.changes() if value is None]
    assert [key[:1] for key in deleted] == [b"c", b"c"]


def test_by_event_time_a_family_ends_at_its_own_highest_time() -> None:
    """Of all sources; other families and tenants do not move it."""
    later = message(0, 1, 0, 0, source="surveys-1", at_ms=AT_MS + 59_000)
    stranger = message(0, 1, 0, 0, 0, 0, family="csat", at_ms=AT_MS + 10_000_000)
    merger = merged(message(0, 1, 0, 0), later, stranger, now_ms=None)
    assert {TOTAL: (2, 0, 0)} == tallies(merger)
    merger.fold(9, message(1, source="surveys-1", at_ms=AT_MS + 60_000))
    assert {TOTAL: (1, 0, 0)} == tallies(merger)


def test_by_event_time_the_clock_moves_nothing() -> None:
    """Silence keeps the last scores."""
    merger = merged(message(0, 1, 0, 0), now_ms=None)
    merger.advance(AT_MS + 10_000_000)
    assert {TOTAL: (1, 0, 0)} == tallies(merger)


def test_only_series_that_changed_are_touched() -> None:
    """Each is told once, with a row for every window."""
    merger = merged(message(0, 1, 0, 0), message(0, 1, 0, 0, source="surveys-1", series="web"))
    group = merger.groups["acme", "nps"]
    list(group.take_touched())
    merger.fold(5, message(3, 1, 0, 0))
    assert [] == list(group.take_touched())
    merger.fold(6, message(4, 3, 0, 0))
    series = Series("acme", *TOTAL)
    assert [Row(series, "nps", label, (3, 0, 0)) for label in ("1m", "1h")] == list(group.take_touched())


def test_a_series_that_did_not_change_is_the_same_object() -> None:
    """So that a scrape need not look inside; of what changed, only that is another."""
    merger = merged(message(0, 1, 0, 0), message(0, 1, 0, 0, source="surveys-1", series="web"))
    total, web = sorted(merger.series(), key=lambda rows: rows[0].series.by, reverse=True)
    merger.fold(5, message(4, 1, 0, 0))  # the same again
    merger.advance(AT_MS + 1)
    assert all(any(rows is each for each in (total, web)) for rows in merger.series())
    merger.fold(6, message(5, 3, 0, 0))
    again, same = sorted(merger.series(), key=lambda rows: rows[0].series.by, reverse=True)
    assert same is web
    assert [(3, 0, 0)] * 2 == [row.tally for row in again]


def test_who_exports_sees_a_message_as_a_whole() -> None:
    """Another thread that asks meanwhile waits until it has taken effect."""
    lock = threading.Lock()
    merger = Merger(RUNGS, by_event_time=True, lock=lock)
    merger.fold(0, message(0, 1, 0, 2))
    asking = threading.Thread(target=merger.series)
    with lock:
        asking.start()
        asking.join(0.05)
        assert asking.is_alive()
    asking.join(10)
    assert not asking.is_alive()


@pytest.mark.parametrize("steps", [(1, 3), (0, -3)])
def test_customers_who_are_lost_before_they_are_active_are_none(steps: tuple[int, ...]) -> None:
    """The messages of one checkpoint come one by one; what is between them is no share above 1."""
    group = Steps("acme", "churn_subscription", RUNGS, 10)
    group.put(("relationships-0", 0), 0, 0, [(TOTAL, steps)])
    list(group.advance(AT_MS))
    for row in group._rows(TOTAL):
        active, lost = row.tally
        assert 0 <= lost <= active


def test_how_long_a_ticket_waits_grows_with_the_clock_alone() -> None:
    """Nobody has said anything since."""
    rows = [(1, PANES[1], 0, (*TOTAL, "0"), (AT_MS - 5_000, 1))]
    merger = merged(Message("interactions-0", 0, "acme", "waiting", AT_MS, rows))
    assert {(1, 5_000)} == {row.tally for row in merger.rows()}
    merger.advance(AT_MS + 2_000)
    assert {(1, 7_000)} == {row.tally for row in merger.rows()}


def test_what_is_loaded_is_what_was_written() -> None:
    """Counts, positions and times, whatever the order of the keys; and a stale message is still stale."""
    for now_ms in (AT_MS, None):
        merger = merged(message(3, 1, 0, 2), message(5, 0, 1, 0, source="surveys-1"), now_ms=now_ms)
        changes = merger.changes()
        assert not merger.changed
        for order in (changes, changes[::-1]):
            again = Merger(RUNGS, by_event_time=now_ms is None)
            for key, value in order:
                assert value is not None
                again.load(key, value)
            again.begin(AT_MS)
            again.fold(2, message(2, 9, 9, 9))
            assert sorted(merger.rows()) == sorted(again.rows())


def test_counts_that_share_a_sheet_are_one_record() -> None:
    """And it is written anew as a whole when one of them changes; both come back, and go together."""
    rows = [(1, PANES[1], 4, series, (1, 0, 0)) for series in (TOTAL, WEB)]
    merger = merged(Message("surveys-0", 0, "acme", "nps", AT_MS, rows))
    again = Merger(RUNGS, by_event_time=False)
    for key, value in merger.changes():
        again.load(key, value)
    again.begin(AT_MS)
    again.fold(1, Message("surveys-0", 1, "acme", "nps", AT_MS, [(1, PANES[1], 4, WEB, (2, 0, 0))]))
    assert {TOTAL: (1, 0, 0), WEB: (2, 0, 0)} == tallies(again, "1h")
    (written,) = [(key, value) for key, value in again.changes() if key[:1] == b"c"]
    once_more = Merger(RUNGS, by_event_time=False)
    once_more.load(*written)
    once_more.begin(AT_MS)
    assert {TOTAL: (1, 0, 0), WEB: (2, 0, 0)} == tallies(once_more, "1h")
    again.advance(AT_MS + 3_600_000)
    assert [written[0]] == [key for key, value in again.changes() if value is None]
    gone = Merger(RUNGS, by_event_time=False)
    for record in (written, (written[0], None)):
        gone.load(*record)
    gone.begin(AT_MS)
    assert [] == gone.rows()


def test_who_changes_one_count_of_a_sheet_writes_all_of_them() -> None:
    """The others weigh too."""
    named = [(number // 8, ("interaction", "channel", f"c{number}", "", "")) for number in range(400)]
    rows = [(1, PANES[1], sheet, series, (1, 0, 0)) for sheet, series in named]
    merger = merged(Message("surveys-0", 0, "acme", "nps", AT_MS, rows))
    merger.changes()
    again = [(*row[:4], (2, 0, 0)) for row in rows[::8]]
    merger.fold(1, Message("surveys-0", 1, "acme", "nps", AT_MS, again))
    pending = merger.pending
    assert 150 < sum(of_bytes(len(value or b"")) for _, value in merger.changes()) <= pending


def test_a_message_is_decoded_as_it_was_sent_and_only_by_its_own_application() -> None:
    """A rebuild beside us writes to the same topic; a tombstone says nothing."""
    sent = message(3, 1, 0, 2)
    assert sent == decode("cx", encode("cx", sent))
    assert decode("cx-2", encode("cx", sent)) is None
    assert decode("cx", None) is None
