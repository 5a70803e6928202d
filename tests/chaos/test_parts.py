"""What a chaos run says of itself can be relied on: its schedule, and its reckoning of who had what when."""

import pytest

from tests.chaos.presence import Sight, Stretch, doubled, joined, missing, quantile, recoveries, stretches
from tests.chaos.schedule import Action, Verb, schedule

PAIRS = {
    Verb.FREEZE: Verb.THAW,
    Verb.FILL: Verb.FREE,
    Verb.BROKER_STOP: Verb.BROKER_START,
    Verb.BROKER_KILL: Verb.BROKER_START,
    Verb.BROKER_FREEZE: Verb.BROKER_THAW,
}


@pytest.mark.parametrize("seconds", [60, 600])
def test_a_seed_gives_one_schedule_and_another_seed_another(seconds: float) -> None:
    """Or no failure could be repeated."""
    assert schedule(7, seconds) == schedule(7, seconds)
    assert schedule(7, seconds) != schedule(8, seconds)


@pytest.mark.parametrize("seed", range(50))
def test_a_minute_has_every_kind_of_strike_and_leaves_all_whole(seed: int) -> None:
    """What is frozen is thawed, what is down comes up; in the calm phase no worker dies."""
    calm, storm = schedule(seed, 60)
    assert {Verb.FREEZE, Verb.START, Verb.BROKER_KILL} <= {each.verb for each in calm.actions}
    assert not {Verb.KILL, Verb.TERM} & {each.verb for each in calm.actions}
    assert {Verb.KILL, Verb.TERM, Verb.FREEZE} <= {each.verb for each in storm.actions}
    for phase in (calm, storm):
        assert _in_the_end(phase.actions) <= {
            Verb.THAW,
            Verb.FREE,
            Verb.START,
            Verb.TERM,
            Verb.BROKER_START,
            Verb.BROKER_THAW,
        }
        for first, then in PAIRS.items():
            assert _count(phase.actions, first) <= _count(phase.actions, then)


def _in_the_end(actions: list[Action]) -> set[Verb]:
    """What was done last to each."""
    return set({each.seat: each.verb for each in actions}.values())


def _count(actions: list[Action], verb: Verb) -> int:
    return sum(each.verb is verb for each in actions)


def _sights(seat: int, seen: str, series: str = "s") -> list[Sight]:
    """A scrape a second; `x` where the series was seen."""
    return [
        Sight(seat, at_s, at_s, frozenset([series] if mark == "x" else [])) for at_s, mark in enumerate(seen)
    ]


def test_between_two_owners_a_series_is_missing() -> None:
    """From its last sight with one to its first with the other."""
    held = stretches([*_sights(0, "xxx      "), *_sights(1, "     xxxx")])["s"]
    assert [Stretch(2, 5)] == missing(held, 8)
    assert [] == doubled(held)


def test_a_series_that_does_not_come_back_is_missing_to_the_end() -> None:
    """And nothing is missing before it was first there."""
    assert [Stretch(3, 9)] == missing(stretches(_sights(0, "  xx      "))["s"], 9)


def test_a_series_with_two_workers_is_doubled_for_as_long_as_both_have_it() -> None:
    """One that froze and came back, for example."""
    held = stretches([*_sights(0, "xxxx   xx "), *_sights(1, "     xxxxx")])["s"]
    assert [Stretch(7, 8)] == doubled(held)
    assert [Stretch(3, 5)] == missing(held, 9)


def test_recovery_counts_from_the_strike_to_where_all_is_right_again() -> None:
    """A strike without effect takes 0 s; what a second one made worse counts for both."""
    wrong = [Stretch(1, 6), Stretch(21, 23), Stretch(23.5, 30)]
    assert [5, 0, 9, 7] == recoveries([1, 10, 21, 23], wrong)


def test_spans_that_overlap_are_one() -> None:
    """So that no second counts twice."""
    assert [Stretch(0, 5), Stretch(7, 8)] == joined([Stretch(7, 8), Stretch(0, 3), Stretch(2, 5)])


@pytest.mark.parametrize(("values", "expected"), [([], 0.0), ([4.0], 4.0), ([3.0, 1.0, 2.0], 2.0)])
def test_the_median_of_few(values: list[float], expected: float) -> None:
    """Nearest rank, and 0 of nothing."""
    assert expected == quantile(values, 0.5)
