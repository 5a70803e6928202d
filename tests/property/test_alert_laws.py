"""Laws of the detector: the bound, the arithmetic, restarts, and where a drop comes from."""

import math
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.alerts.attribution import Contribution, contributions
from stream.alerts.bets import DAY_MS, Odds, odds
from stream.alerts.closing import Closing, Key
from stream.alerts.evidence import Evidence
from stream.alerts.scale import SCALES, Scale
from stream.alerts.watcher import WHOLE, Guard, Pane, Part, Reach, Signal, State, step
from stream.scoring.families import Tally

SCALE = st.sampled_from(list(SCALES.values()))
WEIGHTS = st.integers(0, 100)


@st.composite
def bets(draw: st.DrawFn, scale: Scale) -> Odds:
    """Any calibration that is accepted."""
    width = scale.high - scale.low
    normal = scale.low + width * draw(st.floats(0.01, 1))
    tolerate = draw(st.floats(0, 0.99)) * (normal - scale.low)
    variance = draw(st.floats(0, 0.25)) * width**2
    return odds(scale, normal, tolerate, variance)


@given(SCALE.flatmap(lambda scale: st.tuples(st.just(scale), bets(scale))), st.data())
def test_no_bet_wins_on_average_while_the_score_is_not_below_the_bar(
    chosen: tuple[Scale, Odds], data: st.DataObject
) -> None:
    """The bound rests on this alone: for every mix of answers whose mean is the bar or better."""
    scale, calibrated = chosen
    worth = [each for each in scale.worth if each is not None]
    shares = data.draw(st.lists(WEIGHTS, min_size=len(worth), max_size=len(worth)).filter(any))
    mean = sum(n * each for n, each in zip(shares, worth, strict=True)) / sum(shares)
    best = max(worth)
    # The worst mix that the null allows: as many of the best answers as lift the mean to the bar.
    lift = 0.0 if mean >= calibrated.bar else (calibrated.bar - mean) / (best - mean)
    for logs in calibrated.logs:
        factors = [math.exp(log) for log, each in zip(logs, scale.worth, strict=True) if each is not None]
        average = sum(n * f for n, f in zip(shares, factors, strict=True)) / sum(shares)
        assert (1 - lift) * average + lift * factors[worth.index(best)] <= 1 + 1e-9


@given(st.lists(st.tuples(*[st.integers(0, 30)] * 3).filter(any), min_size=1, max_size=20))
def test_the_evidence_is_that_of_exact_arithmetic(panes: list[Tally]) -> None:
    """Fractions instead of logarithms."""
    calibrated, evidence = odds(SCALES["nps"], 30, 5, 4_000), Evidence()
    capital = [Fraction(0)] * 6
    cap = 10 * Fraction(720)
    for counts in panes:
        evidence.take(calibrated, counts, sum(counts), 720)
        for bet, rate in enumerate(map(Fraction, calibrated.rates)):
            factor = math.prod(
                (1 + rate * (25 - worth)) ** n for worth, n in zip((100, 0, -100), counts, strict=True)
            )
            capital[bet] = min(cap, (capital[bet] + Fraction(sum(counts), 6)) * factor)
    assert float(sum(capital) / 720) == pytest.approx(evidence.ratio(720), rel=1e-9)


TALLIES = st.tuples(*[st.integers(0, 12)] * 3)


@st.composite
def stories(draw: st.DrawFn) -> list[Pane]:
    """Panes in order, minutes to days apart, split over a few values of two views."""
    at_ms, panes = 20_000 * DAY_MS, []
    for _ in range(draw(st.integers(1, 40))):
        at_ms += draw(st.sampled_from([60_000, 3_600_000, DAY_MS, 5 * DAY_MS]))
        parts = draw(st.dictionaries(st.sampled_from(["a", "b", "c"]), TALLIES, max_size=3))
        rest = draw(TALLIES)
        whole = tuple(map(sum, zip(rest, *parts.values(), strict=True)))
        panes.append(Pane(at_ms, whole, {("channel", value): each for value, each in parts.items()}))
    return panes


GUARDS = st.sampled_from([Guard(SCALES["nps"], normal, 5, 720, min_answers=10) for normal in (None, 30, 90)])


@settings(max_examples=100, deadline=None)
@given(stories(), GUARDS, st.data())
def test_restarts_change_nothing(panes: list[Pane], guard: Guard, data: st.DataObject) -> None:
    """From the bytes of the state, before any pane."""

    def told(state: State, *, restarting: bool) -> tuple[list[Signal | None], State]:
        signals = []
        for pane in panes:
            if restarting and data.draw(st.booleans()):
                state = msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=State)
            signals.append(step(state, guard, pane, 1))
        return signals, state

    assert told(State(), restarting=False) == told(State(), restarting=True)


@settings(max_examples=100, deadline=None)
@given(stories(), GUARDS)
def test_raised_and_cleared_take_turns_and_every_drop_adds_up(panes: list[Pane], guard: Guard) -> None:
    """Numbers rise by one; nothing counted before or since is negative; parts are within the whole."""
    state = State()
    signals = [signal for pane in panes if (signal := step(state, guard, pane, 1)) is not None]
    assert [(number // 2 + 1, number % 2 == 0) for number in range(len(signals))] == [
        (signal.number, signal.raised) for signal in signals
    ]
    for signal in signals:
        for side in (signal.drop.before, signal.drop.after):
            for cell in range(3):
                parts = [tally[cell] for part, tally in side.items() if part != WHOLE]
                assert 0 <= sum(parts) <= side.get(WHOLE, (0, 0, 0))[cell]
        _adds_up(guard.scale, signal.drop)


def _adds_up(scale: Scale, reach: Reach) -> None:
    """For every view."""
    _adds_up_to(scale, reach, contributions(scale, reach))
    hidden = contributions(scale, reach, min_privacy=20)
    _adds_up_to(scale, reach, hidden)
    for view, value in {(each.view, each.value) for each in hidden if each.value}:
        for side in (reach.before, reach.after):
            assert not 0 < scale.answers(side.get((view, value), (0,) * len(scale.worth))) < 20


def _adds_up_to(scale: Scale, reach: Reach, found: list[Contribution]) -> None:
    for view in {each.view for each in found}:
        change = scale.mean(reach.after[WHOLE]) - scale.mean(reach.before[WHOLE])
        assert abs(change - math.fsum(each.points for each in found if each.view == view)) < 1e-9
    assert all(math.isfinite(each.standard_error) for each in found)


@settings(max_examples=200, deadline=None)
@given(SCALE, st.data())
def test_parts_add_up_to_the_change(scale: Scale, data: st.DataObject) -> None:
    """To 1e-9: any counts, values that come and go, answers without a value."""
    cells = len(scale.worth)
    tally = st.tuples(*[st.integers(0, 1_000_000)] * cells)
    sides: list[dict[Part, Tally]] = []
    for _ in range(2):
        parts = data.draw(st.dictionaries(st.sampled_from("abcd"), tally, max_size=4))
        rest = data.draw(tally)
        whole = tuple(map(sum, zip(rest, *parts.values(), strict=True)))
        sides.append({WHOLE: whole, **{("channel", value): each for value, each in parts.items()}})
    _adds_up(scale, Reach(0, *sides))


KEYS: list[Key] = [("acme", "nps", ("interaction", "channel", each, "", "")) for each in ("web", "app")]
SAID = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from(KEYS), st.tuples(*[st.integers(0, 3)] * 3)), max_size=15
)


@settings(max_examples=100, deadline=None)
@given(st.tuples(SAID, SAID), st.data())
def test_what_closes_is_what_the_sources_said_last_in_time(
    said: tuple[list[tuple[int, Key, Tally]], ...], data: st.DataObject
) -> None:
    """In any interleaving, told twice, restarted; the rest is late, and all is one or the other."""
    closing = Closing(width_ms=1_000, grace_ms=0, sources=2, kept=100)
    waiting = [(f"s-{number}", list(each)) for number, each in enumerate(said)]
    closed: dict[tuple[int, Key], int] = {}
    last: dict[tuple[str, int, Key], int] = {}
    late, highest = 0, [0, 0]
    while waiting := [(source, each) for source, each in waiting if each]:
        source, each = data.draw(st.sampled_from(waiting))
        pane, key, more = each.pop(0)
        # Absolute counts that only grow, as those of a source do.
        counts = (last.get((source, pane, key), 0) + sum(more), 0, 0)
        last[source, pane, key] = counts[0]
        for _ in range(data.draw(st.integers(1, 2))):
            late += closing.put(source, pane, key, counts)
        number = int(source[2:])
        highest[number] = max(highest[number], data.draw(st.integers(0, 6)) * 1_000)
        closing.mark(source, highest[number])
        for end_ms, found in closing.close():
            assert end_ms <= min(highest)
            assert (end_ms, 0) > max(((end, 0) for end, _ in closed), default=(-1, 0))
            closed |= {(end_ms, key): sum(tally) for key, tally in found.items()}
        closing = msgspec.msgpack.decode(msgspec.msgpack.encode(closing), type=Closing)
    open_ = sum(
        sum(tally)
        for sources in closing.open.values()
        for cells in sources.values()
        for tally in cells.values()
    )
    assert sum(last.values()) == sum(closed.values()) + late + open_
