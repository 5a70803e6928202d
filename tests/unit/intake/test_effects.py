"""What answers add until the tallies settle: it waits at one place, and is told in full."""

from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from stream.intake.checks import SCALES
from stream.intake.effects import RESPONDED, SENT, Effects, What
from stream.intake.names import Names
from stream.intake.placement import Dims, Placer
from stream.intake.tally import Tallies
from stream.scoring.answers import code
from stream.scoring.panes import ladders
from stream.scoring.weight import of_bytes
from stream.values import View, Window

WINDOWS = (Window("1m", 60_000), Window("1h", 3_600_000))
START_MS = 1_790_000_000_000
VIEWS = (View("total", ()), View("channel", ("channel",)))
PYRAMID = bytes([code(metric, SCALES[metric][0]) for metric in ("needs", "ease", "enjoyment")])
NPS = bytes([code("nps", 9)])
WHATS: list[What] = [
    NPS,
    PYRAMID,
    SENT,
    RESPONDED,
    (RESPONDED, b"", -1),
    (NPS, b"", -1),
    (PYRAMID, PYRAMID, 1),
]
adds = st.lists(
    st.tuples(
        st.sampled_from(WHATS),
        st.sampled_from(["web", "app", None]),
        st.sampled_from([0, 500, 60_000, 7_200_000]),
        st.booleans(),
    ),
    max_size=40,
)


def made() -> tuple[Tallies, Placer, Effects]:
    """By channel, by event time."""
    tallies = Tallies(ladders(WINDOWS), by_event_time=True)
    placer = Placer(VIEWS, (), Names(10, ladders(WINDOWS)[-1], lambda _: 0))
    return tallies, placer, Effects(tallies, placer)


@given(adds=adds)
def test_what_is_told_is_no_less_than_what_is_written(adds: list[tuple[What, str | None, int, bool]]) -> None:
    """However often it was told on the way, and however closely it was looked at."""
    tallies, placer, effects = made()
    for what, channel, after_ms, told in adds:
        dims = Dims("acme", "interaction", channel, None, ())
        effects.add(dims, placer.place(dims, START_MS), START_MS + after_ms, what)
        if told:
            effects.tell()
    effects.tell()
    with mock.patch("stream.intake.pending._FEW", 0):
        pending = tallies.pending
    effects.settle()
    tallies.settle(1, START_MS)
    changes, _ = tallies.changes()
    written = [value for key, value in changes if value is not None and key[:1] == b"c"]
    assert sum(of_bytes(len(value)) for value in written) <= pending
    assert tallies.pending == 0


def test_what_is_added_and_taken_back_leaves_nothing() -> None:
    """It waits as two, and settles as one."""
    tallies, placer, effects = made()
    dims = Dims("acme", "interaction", "web", None, ())
    for what in (NPS, (NPS, b"", -1)):
        effects.add(dims, placer.place(dims, START_MS), START_MS, what)
    effects.settle()
    tallies.settle(1, START_MS)
    assert [] == [row for rows in tallies.above(0).values() for row in rows]
    assert START_MS == tallies.high_ms("acme", "nps")
