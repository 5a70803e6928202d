"""What is pending, and at most how much it changes."""

from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from stream.intake.placement import Placement
from stream.intake.tally import Tallies
from stream.scoring.panes import ladders
from stream.scoring.weight import of_bytes
from stream.values import Window

WINDOWS = (Window("1m", 60_000), Window("1h", 3_600_000), Window("24h", 86_400_000))
START_MS = 1_790_000_000_000
NAMES = [("interaction", "channel", f"c{number}", "", "") for number in range(12)]
PLACEMENTS = [
    Placement(tenant, (("interaction", "total", "", "", ""), *NAMES[first : first + 3]), 0, ())
    for tenant in ("acme", "globex")
    for first in range(10)
]
CELLS = [("nps", 0), ("nps", 2), ("value", 7), ("value", 8), ("value", 70_000)]
"""Of a family with few counts, and of a sparse one."""
AFTERS_MS = (0, 500, 60_000, 7_200_000)
Add = tuple[Placement, tuple[str, int], int]
adds = st.lists(
    st.tuples(st.sampled_from(PLACEMENTS[8:12]), st.sampled_from(CELLS), st.sampled_from(AFTERS_MS)),
    max_size=60,
)


def weighed(of: Tallies) -> tuple[int, int]:
    """What is pending, looked at closely, and what then settles, in records."""
    with mock.patch("stream.intake.pending._FEW", 0):
        pending = of.pending
    of.settle(1, START_MS)
    changes, _ = of.changes()
    counts = [value for key, value in changes if value is not None and key[:1] == b"c"]
    return pending, sum(of_bytes(len(value)) for value in counts)


def tallies() -> Tallies:
    """Panes of a second, a minute and 24 minutes; the windows end where the events do."""
    return Tallies(ladders(WINDOWS), by_event_time=True)


@given(steps=st.lists(st.lists(adds, max_size=4), max_size=3))
def test_what_is_pending_is_no_less_than_what_settles(steps: list[list[list[Add]]]) -> None:
    """However it came, and however closely it was looked at on the way."""
    of = tallies()
    for step in steps:
        for some in step:
            for placement, (family, cell), after_ms in some:
                of.add(placement, family, cell, START_MS + after_ms)
            assert of.pending >= 0
        pending, settled = weighed(of)
        assert settled <= pending
        assert of.pending == 0


def test_a_sparse_cell_is_cut_into_parts_and_weighs_what_it_holds() -> None:
    """By the parts that its keys are in, and the keys that come to what it holds already."""
    of = tallies()
    for keys in ([7], [7, 70_000, 700_000], range(7_000_000, 7_000_900), [7_000_900]):
        for key in keys:
            of.add(PLACEMENTS[0], "value", key, START_MS)
        pending, settled = weighed(of)
        assert settled <= pending < 20 * settled


def test_events_that_change_the_same_panes_weigh_little() -> None:
    """A hundred thousand of sixty combinations in two minutes are few changes."""
    of = tallies()
    for i in range(100_000):
        of.add(PLACEMENTS[i % 20], "nps", i % 3, START_MS + i % 120_000)
        if not i % 1_000:
            assert of.pending < 45_000
    pending = of.pending
    of.settle(1, START_MS)
    assert len(of.changes()[0]) < pending < 45_000


def test_who_changes_one_series_of_a_sheet_writes_all_of_them() -> None:
    """The others of four hundred weigh too."""
    of = tallies()
    names = tuple(("interaction", "channel", f"c{number}", "", "") for number in range(400))
    of.add(Placement("acme", names, 0, ()), "nps", 0, START_MS)
    weighed(of)
    of.add(Placement("acme", names[::8], 0, ()), "nps", 0, START_MS)
    pending, settled = weighed(of)
    assert 500 < settled <= pending
