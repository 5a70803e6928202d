"""Window arithmetic, at every edge."""

import pytest

from stream.scoring.panes import PANES, Ladder, common_width_ms, ladders, rung
from stream.values import Window

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000


@pytest.mark.parametrize(
    ("size_ms", "width_ms", "panes"),
    [
        (60, 1, 60),
        (61, 1, 61),
        (5 * MINUTE_MS, 5_000, 60),
        (HOUR_MS, MINUTE_MS, 60),
        (24 * HOUR_MS, 24 * MINUTE_MS, 60),
        (7 * DAY_MS, 10_080_000, 60),
        (1_000, 10, 100),
    ],
)
def test_a_pane_is_at_most_a_sixtieth_of_its_window_and_divides_it(
    size_ms: int, width_ms: int, panes: int
) -> None:
    """The widest such pane: with it a window is never a millisecond too long."""
    made = rung(Window("w", size_ms))
    assert Ladder("w", width_ms, panes) == made
    assert size_ms == made.width_ms * made.panes
    assert made.panes >= PANES


def test_a_window_of_less_than_sixty_milliseconds_is_refused() -> None:
    """There is no pane below a millisecond."""
    with pytest.raises(ValueError, match="window 59ms is shorter"):
        rung(Window("59ms", 59))


@pytest.mark.parametrize(
    ("at_ms", "pane"), [(0, 0), (4_999, 0), (5_000, 1), (5_001, 1), (9_999, 1), (10_000, 2)]
)
def test_an_event_exactly_at_a_panes_end_counts_in_the_next_pane(at_ms: int, pane: int) -> None:
    """Panes are half-open."""
    assert pane == rung(Window("5m", 5 * MINUTE_MS)).pane(at_ms)


@pytest.mark.parametrize(
    ("end_ms", "first"), [(300_000, 1), (304_999, 1), (305_000, 2), (294_999, -1), (0, -59)]
)
def test_a_window_holds_as_many_panes_as_it_is_cut_into(end_ms: int, first: int) -> None:
    """The one in which it ends, and those before it."""
    made = rung(Window("5m", 5 * MINUTE_MS))
    assert first == made.first(end_ms)
    assert made.panes == made.pane(end_ms) - made.first(end_ms) + 1


@pytest.mark.parametrize(
    ("labels", "width_ms"),
    [
        ({"5m": 5 * MINUTE_MS, "1h": HOUR_MS}, 5_000),
        ({"1h": HOUR_MS}, MINUTE_MS),
        ({"5m": 5 * MINUTE_MS, "7m": 7 * MINUTE_MS}, 1_000),
        ({"1h": HOUR_MS, "7d": 7 * DAY_MS}, MINUTE_MS),
    ],
)
def test_the_common_width_tells_the_panes_of_every_window(labels: dict[str, int], width_ms: int) -> None:
    """No pane of any window ends within one of its width."""
    rungs = ladders([Window(label, size_ms) for label, size_ms in labels.items()])
    assert width_ms == common_width_ms(rungs)
    assert {0} == {each.width_ms % width_ms for each in rungs}
    assert list(labels) == [each.label for each in rungs]
