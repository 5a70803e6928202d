"""Which series an event counts in."""

import pytest

from stream.intake.names import Names
from stream.intake.placement import Dims, Placer
from stream.scoring.panes import Ladder
from stream.values import View

TOTAL, CHANNEL, TOUCHPOINT = (
    View("total", ()),
    View("channel", ("channel",)),
    View("touchpoint", ("touchpoint",)),
)
PLAN, BOTH = View("plan", ("plan",)), View("channel+plan", ("channel", "plan"))
KEYS = ("plan", "region")
HOUR = Ladder("1h", 60_000, 60)
AT_MS, OVER_MS = 0, 60 * 60_000
"""`OVER_MS`: the first clock by which no window holds an event of `AT_MS`."""


class Clock:
    """Of every tenant."""

    now_ms = 0


def placer(views: list[View], most: int, clock: Clock | None = None) -> Placer:
    """With names for a window of an hour."""
    at = clock or Clock()
    return Placer(views, KEYS, Names(most, HOUR, lambda _: at.now_ms))


def dims(channel: str | None = None, touchpoint: str | None = None, plan: str | None = None) -> Dims:
    """Values of an interaction of acme."""
    return Dims("acme", "interaction", channel, touchpoint, (plan, None))


@pytest.mark.parametrize(
    ("view", "values", "expected"),
    [
        (TOTAL, dims(), ("interaction", "total", "", "", "")),
        (CHANNEL, dims(channel="web"), ("interaction", "channel", "web", "", "")),
        (TOUCHPOINT, dims(touchpoint="shop"), ("interaction", "touchpoint", "", "shop", "")),
        (PLAN, dims(plan="pro"), ("interaction", "plan", "", "", "pro")),
        (BOTH, dims(channel="web", plan="pro"), ("interaction", "channel+plan", "web", "", "pro")),
    ],
)
def test_a_view_has_one_series_for_each_of_its_values(
    view: View, values: Dims, expected: tuple[str, ...]
) -> None:
    """With labels only where the view splits."""
    assert (expected,) == placer([view], 10).place(values, AT_MS).series


def test_several_segments_are_joined_in_the_order_of_the_view() -> None:
    """And not in the order of the settings' keys."""
    of = placer([View("region+plan", ("region", "plan"))], 10)
    series = of.place(Dims("acme", "journey", None, None, ("pro", "eu")), AT_MS).series
    assert (("journey", "region+plan", "", "", "eu+pro"),) == series


def test_a_view_without_a_value_has_no_series() -> None:
    """An event without a channel is in no series of channels, nor of channels and plans."""
    of = placer([TOTAL, CHANNEL, PLAN, BOTH], 10)
    assert ["total", "plan"] == [series[1] for series in of.place(dims(plan="pro"), AT_MS).series]


def test_beyond_the_bound_the_labels_are_other() -> None:
    """The total needs no room; the bit of every overflowed view is set, every replaced label named."""
    of = placer([TOTAL, CHANNEL, BOTH], 2)
    first = of.place(dims(channel="web", plan="pro"), AT_MS)
    assert (0, ()) == (first.overflow, first.overflowed)
    second = of.place(dims(channel="app", plan="pro"), AT_MS)
    assert 0b110 == second.overflow
    assert ("channel", "segment") == second.overflowed
    assert ["", "other", "other"] == [series[2] for series in second.series]
    assert "other" == second.series[2][4]


def test_the_bound_is_each_tenants_own() -> None:
    """One tenant cannot use up another's room."""
    of = placer([CHANNEL], 1)
    assert 0 == of.place(dims(channel="web"), AT_MS).overflow
    assert 0 == of.place(dims(channel="app")._replace(tenant="other-one"), AT_MS).overflow
    assert 1 == of.place(dims(channel="app"), AT_MS).overflow


def test_a_name_is_kept_until_the_longest_window_has_passed_its_last_event() -> None:
    """Then its room is another's, who came last first."""
    clock = Clock()
    of = placer([CHANNEL], 1, clock)
    of.place(dims(channel="web"), AT_MS)
    clock.now_ms = OVER_MS - 1
    assert 1 == of.place(dims(channel="app"), clock.now_ms).overflow
    clock.now_ms = OVER_MS
    assert 0 == of.place(dims(channel="app"), clock.now_ms).overflow
    assert 1 == of.place(dims(channel="web"), clock.now_ms).overflow


@pytest.mark.parametrize("expires", [True, False])
def test_a_name_that_is_used_again_lives_longer(*, expires: bool) -> None:
    """By the time of its latest event, however late others come; freeing memory changes nothing."""
    clock = Clock()
    of = placer([CHANNEL], 1, clock)
    for at_ms in (AT_MS, 30 * 60_000, AT_MS):
        of.place(dims(channel="web"), at_ms)
    for clock.now_ms, overflow in ((OVER_MS, 1), (OVER_MS + 30 * 60_000 - 1, 1), (OVER_MS + 30 * 60_000, 0)):
        if expires:
            of.expire(clock.now_ms)
        assert overflow == of.place(dims(channel="app"), clock.now_ms).overflow


def test_whoever_holds_a_placement_learns_that_its_name_is_gone() -> None:
    """It is good for times before `until_ms` alone."""
    clock = Clock()
    of = placer([CHANNEL], 1, clock)
    held = of.place(dims(channel="web"), AT_MS)
    assert 60_000 == held.until_ms
    clock.now_ms = OVER_MS
    of.place(dims(channel="app"), clock.now_ms)
    assert held.until_ms < AT_MS
    assert of.place(dims(channel="app"), clock.now_ms).until_ms == OVER_MS + 60_000


def test_what_was_counted_in_other_is_found_in_other_after_there_is_room() -> None:
    """By the overflow of its placement then; a new event goes to the new series."""
    clock = Clock()
    of = placer([CHANNEL], 1, clock)
    of.place(dims(channel="web"), AT_MS)
    then = of.place(dims(channel="app"), AT_MS)
    clock.now_ms = OVER_MS
    assert "app" == of.place(dims(channel="app"), clock.now_ms).series[0][2]
    assert then.series == of.replace(dims(channel="app"), then.overflow).series


def test_what_was_counted_by_its_name_is_found_there_after_room_ran_out() -> None:
    """The other way round."""
    clock = Clock()
    of = placer([CHANNEL], 1, clock)
    then = of.place(dims(channel="web"), AT_MS)
    clock.now_ms = OVER_MS
    of.place(dims(channel="app"), clock.now_ms)
    assert "other" == of.place(dims(channel="web"), clock.now_ms).series[0][2]
    assert then.series == of.replace(dims(channel="web"), then.overflow).series


def test_totals_and_what_is_called_other_take_no_room() -> None:
    """A publisher's own `other` is the same series."""
    of = placer([TOTAL, CHANNEL], 1)
    assert 0 == of.place(dims(channel="other"), AT_MS).overflow
    assert 0 == of.place(dims(channel="web"), AT_MS).overflow
    assert ["", "other"] == [series[2] for series in of.place(dims(channel="app"), AT_MS).series]


def test_a_placement_is_found_again_without_being_made_again() -> None:
    """Tallies key their pending counts by the placement itself."""
    of = placer([TOTAL, CHANNEL], 10)
    assert of.place(dims(channel="web"), AT_MS) is of.place(dims(channel="web"), AT_MS)
