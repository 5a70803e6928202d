"""The detector of one series, told in stories of panes."""

import math
from collections.abc import Iterable, Iterator

import msgspec
import pytest

from stream.alerts.bets import DAY_MS, odds, threshold
from stream.alerts.scale import SCALES
from stream.alerts.watcher import WHOLE, Guard, Pane, Signal, State, step
from stream.scoring.families import Tally

MINUTE_MS = 60_000
START_MS = 20_000 * DAY_MS
NPS = SCALES["nps"]
GOOD, BAD = (5, 3, 2), (2, 3, 5)
"""Ten answers of +30, and of -30."""
WEB, APP = ("channel", "web"), ("channel", "app")


def _panes(*runs: tuple[int, Tally], every_ms: int = MINUTE_MS) -> Iterator[Pane]:
    """So many panes of each of these counts; odd ones come from the web, even ones from the app."""
    number = 0
    for n, counts in runs:
        for _ in range(n):
            number += 1
            part = {WEB if number % 2 else APP: counts}
            yield Pane(START_MS + number * every_ms, counts, part)


def _told(panes: Iterable[Pane], guard: Guard, state: State | None = None, budget: float = 1) -> list[Signal]:
    state = State() if state is None else state
    return [signal for pane in panes if (signal := step(state, guard, pane, budget)) is not None]


FIXED = Guard(NPS, 30, 5, 72_000)


def test_evidence_after_two_panes_is_the_formula() -> None:
    """Linear arithmetic, pane by pane: capital = (capital + n/6)·factor."""
    state, capital = State(), [0.0] * 6
    bets = odds(NPS, 30, 5, NPS.usual_variance(30))
    for pane in _panes((1, (3, 4, 3)), (1, (0, 1, 4))):
        step(state, FIXED, pane, 1)
        n = sum(pane.counts)
        factors = [
            math.prod((1 + rate * (25 - x)) ** k for k, x in zip(pane.counts, (100, 0, -100), strict=True))
            for rate in bets.rates
        ]
        capital = [(each + n / 6) * factor for each, factor in zip(capital, factors, strict=True)]
    assert sum(capital) / 72_000 == pytest.approx(state.ratio, rel=1e-12)


def test_a_drop_is_raised_once_and_cleared_after_it() -> None:
    """With the same number, and with when it began."""
    raised, cleared = _told(_panes((100, GOOD), (100, BAD), (400, GOOD)), FIXED)
    assert (True, 1) == (raised.raised, raised.number)
    assert START_MS + 100 * MINUTE_MS == raised.drop.since_ms
    assert START_MS + 100 * MINUTE_MS < raised.at_ms < START_MS + 110 * MINUTE_MS
    assert (False, 1) == (cleared.raised, cleared.number)
    assert cleared.at_ms > START_MS + 200 * MINUTE_MS
    assert raised.drop.since_ms == cleared.drop.since_ms


def test_a_second_drop_has_the_next_number() -> None:
    """And reaches back to the first one's end at most."""
    first, cleared, second, _ = _told(_panes(*[(100, GOOD), (50, BAD), (400, GOOD)] * 2), FIXED)
    assert (1, 1, 2) == (first.number, cleared.number, second.number)
    assert second.drop.since_ms >= cleared.at_ms


def test_before_and_since_are_counted_by_part() -> None:
    """Of the 28 days up to the onset; the parts are as the panes had them."""
    raised, *_ = _told(_panes((100, GOOD), (100, BAD)), FIXED)
    panes = (raised.at_ms - START_MS) // MINUTE_MS - 100
    assert {WHOLE: (500, 300, 200), WEB: (250, 150, 100), APP: (250, 150, 100)} == raised.drop.before
    assert raised.drop.after[WHOLE] == tuple(panes * each for each in BAD)
    assert raised.drop.after[WHOLE] == tuple(
        map(sum, zip(raised.drop.after[WEB], raised.drop.after[APP], strict=True))
    )


def test_before_reaches_28_days_back() -> None:
    """A pane every twelve hours; the first ones are forgotten, in whole days."""
    raised, *_ = _told(_panes((120, GOOD), (60, BAD), every_ms=DAY_MS // 2), FIXED)
    n = sum(raised.drop.before[WHOLE])
    assert 10 * 2 * 28 <= n <= 10 * 2 * 29


def test_an_unchanged_score_raises_nothing() -> None:
    """Nor does one that is lower by what is tolerated."""
    assert [] == _told(_panes((5_000, GOOD)), FIXED)
    assert [] == _told(_panes((500, (9, 6, 4)), (500, (5, 4, 2))), FIXED)


def test_silence_is_no_drop() -> None:
    """Empty panes change nothing at all."""
    state = State()
    _told(_panes((50, GOOD)), FIXED, state)
    before = msgspec.msgpack.encode(state)
    _told(_panes((500, (0, 0, 0))), FIXED, state)
    assert before == msgspec.msgpack.encode(state)


def test_too_few_answers_raise_nothing_yet() -> None:
    """However strong the evidence; with the thirtieth it is raised."""
    panes = _panes((100, GOOD), (100, (0, 0, 1)))
    raised, *_ = _told(panes, Guard(NPS, 30, 5, 720))
    assert 30 == sum(raised.drop.after[WHOLE])
    raised, *_ = _told(_panes((100, GOOD), (100, (0, 0, 1))), Guard(NPS, 30, 5, 720, min_answers=0))
    assert sum(raised.drop.after[WHOLE]) < 30


def test_a_smaller_share_of_the_budget_needs_more_evidence() -> None:
    """A hundredth of it: a hundred times as much."""
    whole, share = State(), State()
    for state, budget in ((whole, 1.0), (share, 0.01)):
        _told(_panes((3, BAD)), FIXED, state, budget)
    assert whole.ratio == pytest.approx(100 * share.ratio)


def test_volume_is_learned_when_it_is_not_given() -> None:
    """Ten answers a minute are 432 000 a month."""
    state = State()
    _told(_panes((3 * 1440, GOOD)), Guard(NPS, 30, 5), state)
    capital = sum(math.exp(each) for each in state.evidence.capital)
    assert threshold(432_000, 1) == pytest.approx(capital / state.ratio, rel=0.001)


LEARNED = Guard(NPS, None, 5)


def test_a_learned_series_is_silent_for_fourteen_days_and_then_raises() -> None:
    """Even while everybody is unhappy: nobody knows yet what is normal."""
    every_ms = 6 * MINUTE_MS * 10
    a_day = DAY_MS // every_ms
    assert [] == _told(_panes((10 * a_day, GOOD), (3 * a_day, BAD), every_ms=every_ms), LEARNED)
    raised, *_ = _told(_panes((20 * a_day, GOOD), (3 * a_day, BAD), every_ms=every_ms), LEARNED)
    assert START_MS + 20 * DAY_MS < raised.at_ms < START_MS + 21 * DAY_MS


def test_a_drop_that_lasts_is_not_absorbed() -> None:
    """After sixty days it still stands; what was learned before it is kept."""
    every_ms = DAY_MS // 24
    state = State()
    signals = _told(_panes((20 * 24, GOOD), (60 * 24, BAD), every_ms=every_ms), LEARNED, state)
    assert [True] == [signal.raised for signal in signals]
    assert state.baseline.normal is not None
    assert 25 < state.baseline.normal < 30


def test_another_normal_begins_anew() -> None:
    """Evidence against 30 is none against 0; the alarm clears."""
    state = State()
    _told(_panes((50, GOOD), (20, BAD)), FIXED, state)
    assert state.active
    (cleared,) = _told(_panes((1, (2, 6, 2))), FIXED._replace(normal=0), state)
    assert not cleared.raised


def test_the_state_survives_a_restart_anywhere() -> None:
    """As bytes; what comes after is the same."""
    panes = list(_panes((60, GOOD), (40, BAD), (300, GOOD)))
    wanted = _told(panes, FIXED)
    for cut in (0, 1, 59, 61, 63, 70, 150):
        state = State()
        first = _told(panes[:cut], FIXED, state)
        again = msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=State)
        assert wanted == first + _told(panes[cut:], FIXED, again)
