"""Steps of customers: against looking at both ends of every window."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from stream.intake.spells import union
from stream.scoring.steps import Spell, changes, reached

WIDTH, PANES = 10, 6
_SPANS = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=5)


def flat(found: dict[int, int]) -> list[int]:
    """Changes as a sparse tally."""
    return [each for item in sorted(found.items()) for each in item]


def is_active(spells: list[Spell], pane: int) -> bool:
    """Whether a customer is active when a pane ends."""
    last_ms = (pane + 1) * WIDTH - 1
    return any(from_ms <= last_ms < to_ms for from_ms, to_ms in spells)


@given(_SPANS)
def test_the_steps_are_what_both_ends_of_every_window_show(spans: list[Spell]) -> None:
    """Active when the pane before the window ended; lost if no longer so when its last pane ends."""
    spells = union(spans)
    found = flat(changes(spells, WIDTH, PANES))
    for pane in range(60):
        start, end = pane >= PANES and is_active(spells, pane - PANES), is_active(spells, pane)
        assert (int(start), int(start and not end)) == reached(found, pane)


@given(_SPANS)
def test_a_customer_whose_spells_have_passed_leaves_nothing(spans: list[Spell]) -> None:
    """So it may be forgotten: its changes add up to nothing once every window has passed them."""
    assert (0, 0) == reached(flat(changes(union(spans), WIDTH, PANES)), 10_000)


@given(_SPANS)
def test_spans_are_joined(spans: list[Spell]) -> None:
    """The same moments, in order, apart."""
    joined = union(spans)
    assert all(one[1] < other[0] for one, other in pairwise(joined))
    for at in range(0, 301, 3):
        assert any(a <= at < b for a, b in spans) == any(a <= at < b for a, b in joined)
