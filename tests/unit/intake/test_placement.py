"""Which series an event counts in."""

import pytest

from stream.intake.placement import Dims, Placer
from stream.values import View

TOTAL, CHANNEL, TOUCHPOINT = (
    View("total", ()),
    View("channel", ("channel",)),
    View("touchpoint", ("touchpoint",)),
)
PLAN, BOTH = View("plan", ("plan",)), View("channel+plan", ("channel", "plan"))
KEYS = ("plan", "region")


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
    assert (expected,) == Placer([view], KEYS, 10).place(values).series


def test_several_segments_are_joined_in_the_order_of_the_view() -> None:
    """And not in the order of the settings' keys."""
    placer = Placer([View("region+plan", ("region", "plan"))], KEYS, 10)
    series = placer.place(Dims("acme", "journey", None, None, ("pro", "eu"))).series
    assert (("journey", "region+plan", "", "", "eu+pro"),) == series


def test_a_view_without_a_value_has_no_series() -> None:
    """An event without a channel is in no series of channels, nor of channels and plans."""
    placer = Placer([TOTAL, CHANNEL, PLAN, BOTH], KEYS, 10)
    assert ["total", "plan"] == [series[1] for series in placer.place(dims(plan="pro")).series]


def test_beyond_the_bound_the_labels_are_other() -> None:
    """The total needs no room; the bit of every overflowed view is set, every replaced label named."""
    placer = Placer([TOTAL, CHANNEL, BOTH], KEYS, 2)
    first = placer.place(dims(channel="web", plan="pro"))
    assert (0, ()) == (first.overflow, first.overflowed)
    second = placer.place(dims(channel="app", plan="pro"))
    assert 0b110 == second.overflow
    assert ("channel", "segment") == second.overflowed
    assert ["", "other", "other"] == [series[2] for series in second.series]
    assert "other" == second.series[2][4]


def test_the_bound_is_each_tenants_own() -> None:
    """One tenant cannot use up another's room."""
    placer = Placer([CHANNEL], KEYS, 1)
    assert 0 == placer.place(dims(channel="web")).overflow
    assert 0 == placer.place(dims(channel="app")._replace(tenant="other-one")).overflow
    assert 1 == placer.place(dims(channel="app")).overflow


def test_what_was_counted_in_other_is_found_in_other_after_there_is_room() -> None:
    """By the overflow of its placement then; a new event goes to the new series."""
    placer = Placer([CHANNEL], KEYS, 1)
    placer.place(dims(channel="web"))
    then = placer.place(dims(channel="app"))
    placer.restore([])
    assert "app" == placer.place(dims(channel="app")).series[0][2]
    assert then.series == placer.replace(dims(channel="app"), then.overflow).series


def test_what_was_counted_by_its_name_is_found_there_after_room_ran_out() -> None:
    """The other way round."""
    placer = Placer([CHANNEL], KEYS, 1)
    then = placer.place(dims(channel="web"))
    placer.restore([("acme", ("interaction", "channel", "app", "", ""))])
    assert "other" == placer.place(dims(channel="web")).series[0][2]
    assert then.series == placer.replace(dims(channel="web"), then.overflow).series


def test_totals_and_others_that_live_take_no_room() -> None:
    """After recovery the room is as large as before."""
    placer = Placer([CHANNEL], KEYS, 1)
    live = [("interaction", "total", "", "", ""), ("interaction", "channel", "other", "", "")]
    placer.restore([("acme", (level, by, channel, "", "")) for level, by, channel, _, _ in live])
    assert 0 == placer.place(dims(channel="web")).overflow


def test_a_placement_is_found_again_without_being_made_again() -> None:
    """Tallies key their pending counts by the placement itself."""
    placer = Placer([TOTAL, CHANNEL], KEYS, 10)
    assert placer.place(dims(channel="web")) is placer.place(dims(channel="web"))
