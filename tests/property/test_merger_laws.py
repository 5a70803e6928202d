"""Laws of the merger: what it shows depends on what the sources counted, and not on how that was told."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from stream.intake.tally import Change
from stream.scoring.families import Row, Series
from stream.scoring.merge import Merger
from stream.scoring.message import Labels, Message
from stream.scoring.panes import ladders
from stream.values import Window

RUNGS = ladders((Window("1m", 60_000), Window("5m", 300_000)))
START_MS = 36_000_000
SERIES: list[Labels] = [
    ("interaction", "total", "", "", ""),
    *(("interaction", "channel", name, "", "") for name in ("web", "app", "mail")),
]
Cell = tuple[int, int, Labels]
"""window index, pane, series."""
CLOCKS = st.booleans()


@st.composite
def histories(draw: st.DrawFn, source: str) -> list[Message]:
    """What one source tells of one family: absolute counts of cells, each count at its own position."""
    counts: dict[Cell, list[int]] = {}
    at_ms = high_ms = START_MS
    messages = []
    for position in range(draw(st.integers(0, 8))):
        changed: set[Cell] = set()
        for _ in range(draw(st.integers(0, 4))):
            at_ms = high_ms + draw(st.sampled_from([-70_000, -1_000, 0, 1, 999, 30_000, 61_000]))
            high_ms = max(high_ms, at_ms)
            for window, rung in enumerate(RUNGS):
                cell = window, rung.pane(at_ms), draw(st.sampled_from(SERIES))
                counts.setdefault(cell, [0, 0, 0])[draw(st.integers(0, 2))] += 1
                changed.add(cell)
        rows = [
            (window, pane, SERIES.index(series) // 2, series, tuple(counts[window, pane, series]))
            for window, pane, series in sorted(changed)
        ]
        messages.append(Message(source, position, "acme", "nps", high_ms, rows))
    return messages


HISTORIES = st.tuples(*(histories(f"surveys-{number}") for number in range(3)))


def told(messages: Sequence[Message], *, by_event_time: bool, now_ms: int) -> Merger:
    """A merger that has heard these."""
    merger = Merger(RUNGS, by_event_time=by_event_time)
    for offset, message in enumerate(messages):
        merger.fold(offset, message)
    merger.advance(now_ms)
    return merger


def rows(merger: Merger) -> list[Row]:
    """What is exported."""
    return sorted(merger.rows())


def naive(histories: Sequence[Sequence[Message]], *, by_event_time: bool, now_ms: int) -> set[Row]:
    """Sums over the last word of every source on every cell, window by window; only rows with a count."""
    last = {
        (message.source, window, pane, series): counts
        for history in histories
        for message in history
        for window, pane, _, series, counts in message.rows
    }
    high_ms = max((message.high_ms for history in histories for message in history), default=-1)
    end_ms = high_ms if by_event_time else now_ms
    sums: dict[tuple[str, Labels], list[int]] = {}
    for (_, window, pane, series), counts in last.items():
        rung = RUNGS[window]
        if rung.first(end_ms) <= pane <= rung.pane(end_ms):
            former = sums.setdefault((rung.label, series), [0, 0, 0])
            sums[rung.label, series] = [a + b for a, b in zip(former, counts, strict=True)]
    return {
        Row(Series("acme", *series), "nps", label, tuple(counts))
        for (label, series), counts in sums.items()
        if any(counts)
    }


def interleaved(draw: st.DataObject, histories: Sequence[Sequence[Message]]) -> list[Message]:
    """The messages in any order that keeps each source's own."""
    waiting, order = [list(history) for history in histories if history], []
    while waiting:
        chosen = draw.draw(st.integers(0, len(waiting) - 1))
        order.append(waiting[chosen].pop(0))
        waiting = [history for history in waiting if history]
    return order


@settings(max_examples=100, deadline=None)
@given(HISTORIES, CLOCKS, st.integers(0, 400_000), st.data())
def test_any_order_of_the_sources_gives_the_sums_of_their_last_words(
    histories: tuple[list[Message], ...], by_event_time: bool, later_ms: int, data: st.DataObject
) -> None:
    """The same as a naive recount."""
    now_ms = START_MS + later_ms
    merger = told(interleaved(data, histories), by_event_time=by_event_time, now_ms=now_ms)
    assert naive(histories, by_event_time=by_event_time, now_ms=now_ms) == {
        row for row in merger.rows() if any(row.tally)
    }


@settings(max_examples=100, deadline=None)
@given(HISTORIES, CLOCKS, st.integers(0, 400_000), st.data())
def test_messages_that_come_again_or_late_change_nothing(
    histories: tuple[list[Message], ...], by_event_time: bool, later_ms: int, data: st.DataObject
) -> None:
    """From a producer that repeats itself, and from former owners of a partition."""
    now_ms = START_MS + later_ms
    order = interleaved(data, histories)
    stale = [
        again
        for i, message in enumerate(order)
        for again in (message, *data.draw(st.lists(st.sampled_from(order[: i + 1]), max_size=2)))
    ]
    expected, found = (told(each, by_event_time=by_event_time, now_ms=now_ms) for each in (order, stale))
    assert rows(expected) == rows(found)


@settings(max_examples=100, deadline=None)
@given(HISTORIES, CLOCKS, st.lists(st.integers(0, 60_000), min_size=1, max_size=30), st.data())
def test_when_the_windows_end_and_checkpoints_are_made_does_not_matter(
    histories: tuple[list[Message], ...], by_event_time: bool, times_ms: list[int], data: st.DataObject
) -> None:
    """Ends that move a little at a time; a restart after any message, from what was written."""
    order = interleaved(data, histories)
    now_ms, log = START_MS, list[Change]()
    merger = Merger(RUNGS, by_event_time=by_event_time)
    for offset, message in enumerate(order):
        merger.fold(offset, message)
        now_ms += times_ms[offset % len(times_ms)]
        merger.advance(now_ms)
        merger.series()  # a scrape: what it remembers must not be seen at the end
        if data.draw(st.booleans()):
            log += merger.changes()
        elif data.draw(st.booleans()):
            merger = Merger(RUNGS, by_event_time=by_event_time)
            held = dict(log)
            compacted = data.draw(st.booleans())
            for key, value in log:
                if not compacted or held.get(key) is value is not None:
                    merger.load(key, value)
            merger.begin(now_ms)
            for again in range(merger.position + 1, offset + 1):
                merger.fold(again, order[again])
    merger.advance(now_ms)
    assert rows(told(order, by_event_time=by_event_time, now_ms=now_ms)) == rows(merger)
