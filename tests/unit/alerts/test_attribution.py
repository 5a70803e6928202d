"""Mix and rate: by hand, and standard errors against many drawn samples."""

import random
import statistics

import pytest

from stream.alerts.attribution import NONE, Contribution, contributions
from stream.alerts.scale import SCALES
from stream.alerts.watcher import WHOLE, Part, Reach
from stream.scoring.families import Tally

CSAT, NPS = SCALES["csat"], SCALES["nps"]


def _csat(good: int, bad: int) -> Tally:
    return (bad, 0, 0, 0, good)


def _reach(before: dict[str, Tally], after: dict[str, Tally]) -> Reach:
    """One view, `channel`, whose values are all there is."""
    sides: list[dict[Part, Tally]] = []
    for side in (before, after):
        whole = tuple(map(sum, zip(*side.values(), strict=True)))
        sides.append({WHOLE: whole, **{("channel", value): tally for value, tally in side.items()}})
    return Reach(0, *sides)


def _points(found: list[Contribution]) -> dict[tuple[str, str], float]:
    return {(each.value, each.part): round(each.points, 12) for each in found}


def test_one_value_that_got_worse_is_all_rate() -> None:
    """Half of the answers fall from .8 to .4: a fifth."""
    found = contributions(
        CSAT,
        _reach({"web": _csat(80, 20), "app": _csat(80, 20)}, {"web": _csat(80, 20), "app": _csat(40, 60)}),
    )
    assert ("app", "rate") == (found[0].value, found[0].part)
    assert {("app", "rate"): -0.2, ("app", "mix"): 0, ("web", "rate"): 0, ("web", "mix"): 0} == _points(found)


def test_a_shift_to_the_unhappy_is_all_mix() -> None:
    """.9 and .5 as before; the shares go from a half each to a quarter and three: -0.1."""
    found = contributions(
        CSAT,
        _reach({"web": _csat(90, 10), "app": _csat(50, 50)}, {"web": _csat(45, 5), "app": _csat(75, 75)}),
    )
    assert -0.1 == pytest.approx(sum(each.points for each in found if each.part == "mix"))
    assert {0} == {round(each.points, 12) for each in found if each.part == "rate"}


def test_a_value_that_is_new_or_gone_is_mix() -> None:
    """It has no score on one side."""
    found = _points(
        contributions(
            CSAT,
            _reach(
                {"web": _csat(90, 10), "app": _csat(50, 50)}, {"web": _csat(90, 10), "kiosk": _csat(0, 50)}
            ),
        )
    )
    assert 0 == found["app", "rate"] == found["kiosk", "rate"]
    assert sum(found.values()) == pytest.approx(90 / 150 - 140 / 200)


def test_answers_without_a_value_are_a_value() -> None:
    """Two of three answers name no channel."""
    reach = Reach(
        0,
        {WHOLE: _csat(30, 0), ("channel", "web"): _csat(10, 0)},
        {WHOLE: _csat(15, 15), ("channel", "web"): _csat(10, 0)},
    )
    found = contributions(CSAT, reach)
    assert (NONE, "rate") == (found[0].value, found[0].part)
    assert -0.5 == pytest.approx(sum(each.points for each in found))


def test_nothing_to_compare_with_says_nothing() -> None:
    """A series that was never there before."""
    assert [] == contributions(CSAT, Reach(0, {}, {WHOLE: _csat(1, 1)}))


@pytest.mark.parametrize("everywhere", [True, False])
def test_standard_errors_are_the_spread_over_samples(everywhere: bool) -> None:
    """A thousand times the same change of mix and scores, drawn anew; also of a value only there after."""
    rng = random.Random(7)
    before = {"web": (0.5, (6, 2, 2)), "app": (0.3, (3, 4, 3)), "shop": (0.2 if everywhere else 0, (8, 1, 1))}
    after = {"web": (0.25, (4, 3, 3)), "app": (0.6, (2, 3, 5)), "shop": (0.15, (7, 2, 1))}

    def drawn(mix: dict[str, tuple[float, tuple[int, int, int]]], n: int) -> dict[str, Tally]:
        tallies = {value: [0, 0, 0] for value in mix}
        for value in rng.choices(list(mix), [share for share, _ in mix.values()], k=n):
            tallies[value][rng.choices(range(3), mix[value][1])[0]] += 1
        return {value: tuple(tally) for value, tally in tallies.items()}

    samples = [contributions(NPS, _reach(drawn(before, 900), drawn(after, 400))) for _ in range(1_000)]
    by_part: dict[tuple[str, str], list[Contribution]] = {}
    for sample in samples:
        for each in sample:
            by_part.setdefault((each.value, each.part), []).append(each)

    assert 6 == len(by_part)
    for found in by_part.values():
        spread = statistics.stdev(each.points for each in found)
        assert spread == pytest.approx(
            statistics.fmean(each.standard_error for each in found), rel=0.08, abs=0.02
        )


def test_values_of_few_answers_do_not_show_through() -> None:
    """They stand together with what has no value; if that is few as well, the smallest one joins them."""
    before = {"web": _csat(50, 50), "app": _csat(20, 10), "store": _csat(8, 8), "fax": _csat(1, 1)}
    after = {"web": _csat(40, 60), "app": _csat(10, 20), "store": _csat(2, 8), "fax": _csat(0, 3)}
    found = contributions(CSAT, _reach(before, after), min_privacy=5)
    assert {"web", "app", NONE} == {each.value for each in found}
    found = contributions(CSAT, _reach(before | {"gone": _csat(9, 0)}, after), min_privacy=3)
    assert {"web", "app", "store", NONE} == {each.value for each in found}
