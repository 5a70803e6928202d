"""What a partition contributes to series and panes."""

from stream.intake.names import SeriesLabels
from stream.intake.pack import CellRow
from stream.intake.placement import Placement
from stream.intake.tally import Change, Tallies
from stream.scoring.panes import ladders
from stream.values import Window

WINDOWS = (Window("1m", 60_000), Window("1h", 3_600_000))
TOTAL: SeriesLabels = ("interaction", "total", "", "", "")
WEB: SeriesLabels = ("interaction", "channel", "web", "", "")
PLACEMENT = Placement("acme", (TOTAL, WEB), 0, ())
AT_MS = 3_600_000
PROMOTER, PASSIVE = 0, 1


def tallies(*, by_event_time: bool = False) -> Tallies:
    """Panes of a second and of a minute."""
    return Tallies(ladders(WINDOWS), by_event_time=by_event_time)


def settled(of: Tallies, stamp: int = 7, now_ms: int = AT_MS) -> tuple[list[Change], list[CellRow]]:
    """Changelog records, and the rows of acme's NPS."""
    of.settle(stamp, now_ms)
    changes, rows = of.changes()
    return changes, rows.get(("acme", "nps"), [])


def test_an_answer_counts_in_the_panes_of_every_window_and_series() -> None:
    """In each window's own pane."""
    of = tallies()
    of.add(PLACEMENT, "nps", PROMOTER, AT_MS + 1_500)
    _, rows = settled(of)
    assert sorted(
        (window, pane, 0, series, [1, 0, 0])
        for window, pane in ((0, 3_601), (1, 60))
        for series in (TOTAL, WEB)
    ) == sorted(rows)


def test_an_answer_exactly_at_a_panes_end_counts_in_the_next_pane() -> None:
    """Panes are half-open."""
    of = tallies()
    of.add(PLACEMENT, "nps", PROMOTER, AT_MS - 1)
    of.add(PLACEMENT, "nps", PASSIVE, AT_MS)
    _, rows = settled(of)
    found = {(window, pane): counts for window, pane, _, series, counts in rows if series == TOTAL}
    assert {(0, 3_599): [1, 0, 0], (0, 3_600): [0, 1, 0], (1, 59): [1, 0, 0], (1, 60): [0, 1, 0]} == found


def test_what_is_taken_out_again_before_a_checkpoint_is_no_change() -> None:
    """An edit within a checkpoint moves one count, and leaves nothing where it came from."""
    of = tallies()
    of.add(PLACEMENT, "nps", PROMOTER, AT_MS)
    of.add(PLACEMENT, "nps", PROMOTER, AT_MS, -1)
    of.add(PLACEMENT, "nps", PASSIVE, AT_MS)
    _, rows = settled(of)
    assert [[0, 1, 0]] * 4 == [counts for *_, counts in rows]


def test_rows_are_absolute_and_only_those_that_changed() -> None:
    """What was sent before is sent again as a whole, the rest not at all."""
    of = tallies()
    of.add(PLACEMENT, "nps", PROMOTER, AT_MS)
    settled(of)
    of.add(PLACEMENT, "nps", PROMOTER, AT_MS + 1_000)
    _, rows = settled(of, 8)
    assert {(0, 3_601): [1, 0, 0], (1, 60): [2, 0, 0]} == {(w, p): counts for w, p, _, _, counts in rows}
    assert ([], []) == settled(of, 9)


def test_panes_are_forgotten_when_their_window_has_passed_them() -> None:
    """By the wall clock: sixty panes are kept, of which the last holds the highest time that was stored."""
    of = tallies()
    of.add(PLACEMENT, "nps", PROMOTER, AT_MS)
    settled(of)
    kept, _ = settled(of, 8, AT_MS + 59_999)
    gone, _ = settled(of, 9, AT_MS + 60_000)
    assert [] == kept
    assert [None] == [value for _, value in gone]
    assert {(1, 60)} == set(of.groups["acme", "nps"].packs)


def test_what_comes_for_a_forgotten_pane_changes_nothing() -> None:
    """In that window; a longer one still counts it."""
    of = tallies()
    of.add(PLACEMENT, "nps", PROMOTER, AT_MS)
    _, rows = settled(of, 7, AT_MS + 60_000)
    assert {(1, 60)} == {(window, pane) for window, pane, *_ in rows}


def test_by_event_time_each_family_has_its_own_end() -> None:
    """Answers of another family do not age it."""
    of = tallies(by_event_time=True)
    of.add(PLACEMENT, "nps", PROMOTER, AT_MS)
    of.add(PLACEMENT, "csat", 0, AT_MS + 86_400_000)
    settled(of, 7, 0)
    assert {(0, 3_600), (1, 60)} == set(of.groups["acme", "nps"].packs)
    of.add(PLACEMENT, "nps", PROMOTER, AT_MS + 86_400_000)
    settled(of, 8, 0)
    assert {(0, 90_000), (1, 1_500)} == set(of.groups["acme", "nps"].packs)


def test_time_that_passes_without_a_count_is_told_too() -> None:
    """An answer in and out again: the family's windows end later all the same."""
    of = tallies(by_event_time=True)
    of.add(PLACEMENT, "nps", PROMOTER, AT_MS + 5)
    of.add(PLACEMENT, "nps", PROMOTER, AT_MS + 5, -1)
    of.settle(7, 0)
    changes, rows = of.changes()
    assert {("acme", "nps"): []} == rows
    assert [(b'g["acme","nps"]', b"3600005")] == changes


def test_only_counts_above_an_offset_are_sent_again() -> None:
    """A stamp tells up to where a count is right; every family is among them, for its time."""
    of = tallies()
    of.add(PLACEMENT, "nps", PROMOTER, AT_MS)
    settled(of, 7)
    of.add(PLACEMENT, "nps", PROMOTER, AT_MS + 1_000)
    settled(of, 9)
    assert {(0, 3_601), (1, 60)} == {(window, pane) for window, pane, *_ in of.above(8)["acme", "nps"]}
    assert 6 == len(of.above(7)["acme", "nps"])
    assert {("acme", "nps"): []} == of.above(10)


def test_what_is_loaded_is_what_was_written() -> None:
    """Counts, stamps and times; deleted counts are gone."""
    of, again = tallies(), tallies()
    of.add(PLACEMENT, "nps", PROMOTER, AT_MS)
    changes = settled(of)[0] + settled(of, 8, AT_MS + 60_000)[0]
    for key, value in changes:
        again.load(key, value)
    packs, loaded = (each.groups["acme", "nps"].packs for each in (of, again))
    assert packs == {key: pack for key, pack in loaded.items() if pack}
    assert of.high_ms("acme", "nps") == again.high_ms("acme", "nps") == AT_MS


def channels(*numbers: int) -> Placement:
    """So many series."""
    names = [("interaction", "channel", f"c{number}", "", "") for number in numbers]
    return Placement("acme", tuple(names), 0, ())


def sheets(changes: list[Change]) -> list[bytes]:
    """Of the longer window, those that are written."""
    return sorted(key for key, value in changes if value is not None and key.startswith(b'c["acme","nps",1,'))


def test_a_few_series_of_a_pane_are_one_record() -> None:
    """A count that changes writes its sheet anew, and is told of alone."""
    of = tallies()
    of.add(channels(*range(20)), "nps", PROMOTER, AT_MS)
    changes, rows = settled(of)
    first, *_, last = sheets(changes)
    assert (b'c["acme","nps",1,60,0]', b'c["acme","nps",1,60,2]') == (first, last)
    assert [8, 8, 4] * 2 == [
        sum(row[0] == window and row[2] == n for row in rows) for window in (0, 1) for n in range(3)
    ]
    of.add(channels(9), "nps", PASSIVE, AT_MS)
    changes, rows = settled(of, 8)
    assert [b'c["acme","nps",1,60,1]'] == sheets(changes)
    assert [(1, 60, 1, channels(9).series[0], [1, 1, 0])] == [row for row in rows if row[0] == 1]


def test_series_keep_their_sheets_over_a_restart() -> None:
    """In whatever order records come back; those that are new go on where there is room."""
    of = tallies()
    of.add(channels(*range(11)), "nps", PROMOTER, AT_MS)
    written, _ = settled(of)
    for order in (written, written[::-1]):
        again = tallies()
        for key, value in order:
            again.load(key, value)
        again.add(channels(0, 10, 11), "nps", PROMOTER, AT_MS)
        changes, rows = settled(again, 8)
        assert [b'c["acme","nps",1,60,0]', b'c["acme","nps",1,60,1]'] == sheets(changes)
        told = {row[3]: (row[2], row[4]) for row in rows if row[0] == 1}
        expected = [(0, [2, 0, 0]), (1, [2, 0, 0]), (1, [1, 0, 0])]
        assert dict(zip(channels(0, 10, 11).series, expected, strict=True)) == told


WATCHED = frozenset({("*", "nps")})
DAY_MS = 86_400_000


def watching(watched: frozenset[tuple[str, str]] = WATCHED) -> Tallies:
    """With the detector's panes beside those of the windows."""
    return Tallies(ladders(WINDOWS), by_event_time=False, watched=watched)


def test_what_is_watched_is_counted_in_the_detectors_panes_too() -> None:
    """Minutes, as one rung more; of what is not watched, nothing more."""
    of = watching()
    of.add(PLACEMENT, "nps", PROMOTER, AT_MS)
    of.add(PLACEMENT, "csat", 0, AT_MS)
    of.settle(7, AT_MS)
    _, rows = of.changes()
    assert {0, 1, 2} == {window for window, *_ in rows["acme", "nps"]}
    assert (2, AT_MS // 60_000, 0, TOTAL, [1, 0, 0]) in rows["acme", "nps"]
    assert {0, 1} == {window for window, *_ in rows["acme", "csat"]}
    assert 1 == of.watched_tenants


def test_one_tenant_can_be_watched_alone() -> None:
    """Others pay nothing."""
    of = watching(frozenset({("globex", "nps")}))
    of.add(PLACEMENT, "nps", PROMOTER, AT_MS)
    assert {0, 1} == {window for window, *_ in settled(of)[1]}
    assert 0 == of.watched_tenants


def test_no_pane_of_the_detector_is_forgotten_before_it_was_given_out() -> None:
    """After a night down, one batch holds more than its panes."""
    of = watching()
    for hours in (0, 5, 10):
        of.add(PLACEMENT, "nps", PROMOTER, AT_MS + hours * 3_600_000)
    _, rows = settled(of, 7, AT_MS + DAY_MS)
    assert {60, 360, 660} == {pane for window, pane, *_ in rows if window == 2}
    settled(of, 8, AT_MS + DAY_MS)
    assert ("acme", "nps") not in of.groups


def test_the_detectors_panes_go_when_they_are_three_hours_old() -> None:
    """And what comes later for them changes nothing."""
    of = watching()
    of.add(PLACEMENT, "nps", PROMOTER, AT_MS)
    settled(of, 7, AT_MS)
    settled(of, 8, AT_MS + 3 * 3_600_000)
    of.add(PLACEMENT, "nps", PROMOTER, AT_MS)
    _, rows = settled(of, 9, AT_MS + 3 * 3_600_000)
    assert [] == [pane for window, pane, *_ in rows if window == 2]


def test_panes_of_what_is_not_watched_any_more_are_deleted() -> None:
    """They stand in the changelog, and nobody else would."""
    before, after = watching(), tallies()
    before.add(PLACEMENT, "nps", PROMOTER, AT_MS)
    changes, _ = settled(before)
    for key, value in changes:
        after.load(key, value)
    deleted, _ = settled(after, 8)
    assert [(b'c["acme","nps",2,60,0]', None)] == deleted


def test_deletes_of_what_is_not_watched_any_more_are_passed_over() -> None:
    """They stand in the changelog until it is compacted, and make no pane."""
    of = tallies()
    of.load(b'c["acme","nps",2,60,0]', None)
    of.load(b'c["acme","nps",1,60,0]', None)
    of.settle(7, AT_MS)
    assert {} == of.groups
