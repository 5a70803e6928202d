"""What the measurement of memory counts: whole records, panes that are there, in full windows."""

import pytest

from bench.held import State, answers, interactions, invitations
from bench.measurements.memory import check_flat
from bench.results import WrongCountsError


@pytest.mark.parametrize("make", [answers, invitations])
def test_every_record_is_an_entity_that_counts(make: object) -> None:
    """A rejected one would take no memory, and flatter us."""
    state = State("surveys", alone=False)
    state.take([make(number) for number in range(50)])  # type: ignore[operator]
    assert (50, 50) == (state.taken, state.counted)


@pytest.mark.parametrize("traffic", [1, 3])
def test_windows_are_full_in_the_end_whatever_the_traffic(traffic: int) -> None:
    """Sixty panes of six windows, or one less where the end has just moved on; and nothing is lost."""
    state = State("interactions", alone=False)
    records = list(interactions(2, traffic))
    for start in range(0, len(records), 100):
        state.take(records[start : start + 100])
    assert state.merger is not None
    assert len(records) == state.taken == state.counted
    assert 2 * 6 * 59 <= state.panes() <= 2 * 6 * 60
    held = [
        cells for group in state.merger.groups.values() for panes in group.cells for cells in panes.values()
    ]
    assert state.panes() == sum(len(each) for by_source in held for each in by_source.values())
    (longest,) = {sum(row.tally) for row in state.merger.rows() if row.window == "90d"}
    assert 0 < longest <= len(records) // 2


def test_traffic_that_takes_memory_fails_the_run() -> None:
    """Panes hold counts, not events."""
    check_flat(400, 410)
    with pytest.raises(WrongCountsError, match="900 bytes a pane"):
        check_flat(400, 900)
