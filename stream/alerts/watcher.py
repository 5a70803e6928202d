"""The detector of one series: closed panes in, in order, and at times a signal out.

    pane ──▶ day over? learn ──▶ stake ──▶ evidence ──┬─ ≥ 1 ─▶ Raised ──▶ alarm stands ──┐
               what is normal                         └───────────── < 0.1 ◀── Cleared ◀──┘

The state is all that a restart needs, and a function of the panes. It also keeps, for each bet, the counts
of the series and of its parts before and since the bet's winnings were last nothing: when the alarm is
raised, those of the best bet say since when, by how much and where.
"""

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct, field

from stream.alerts.bets import BETS, Odds, odds, threshold
from stream.alerts.evidence import CLEAR_BELOW, RAISE_AT, Evidence
from stream.alerts.history import Baseline, History
from stream.alerts.scale import Scale
from stream.scoring.families import Tally

Part = tuple[str, str]
"""A view, and one of its values."""
WHOLE: Part = ("", "")
"""The watched series itself, among its parts."""


class Guard(NamedTuple):
    """What a series is watched for, in the scale's unit.

    `normal` None: learned. `min_answers` must have come since the change before it is raised.
    """

    scale: Scale
    normal: float | None
    tolerate: float
    answers_per_month: float | None = None
    min_answers: int = 30


class Pane(NamedTuple):
    """A closed pane: the counts of the series, and of every value of every view that splits it."""

    end_ms: int
    counts: Tally
    parts: Mapping[Part, Tally]


class Reach(Struct, array_like=True):
    """Since when, and by part (`WHOLE`: all) the counts of the 28 days before and of the time since."""

    since_ms: int = -1
    before: dict[Part, Tally] = field(default_factory=dict)
    after: dict[Part, Tally] = field(default_factory=dict)


class Signal(NamedTuple):
    """The alarm is raised, or, when `raised` is false, cleared: the `number`-th, at the pane's end."""

    raised: bool
    number: int
    at_ms: int
    drop: Reach


class State(Struct, array_like=True):
    """All that is kept of a watched series."""

    histories: dict[Part, History] = field(default_factory=dict)
    baseline: Baseline = Baseline(None, None)
    evidence: Evidence = field(default_factory=Evidence)
    reaches: list[Reach] = field(default_factory=lambda: [Reach() for _ in range(BETS)])
    ratio: float = 0.0
    """The evidence; 1 raises the alarm."""
    drop: Reach | None = None
    """While the alarm stands: the reach of the bet that was best when it was raised, carried on."""
    raises: int = 0
    held_to: tuple[float | None, float] | None = None
    """`normal` and `tolerate` that the evidence was gathered against."""
    late: int = 0
    """Answers that came for panes that had closed."""

    @property
    def active(self) -> bool:
        """Whether the alarm stands."""
        return self.drop is not None


def step(state: State, guard: Guard, pane: Pane, budget: float) -> Signal | None:
    """Take the next closed pane. `budget`: false alarms a month that this series may raise."""
    answers = guard.scale.answers(pane.counts)
    if not answers:
        return None
    _hold_to(state, guard, pane.end_ms)
    _roll(state, guard, pane)
    # What the threshold and the odds rest on was known before this pane: the bound needs that.
    whole = state.histories[WHOLE]
    limit = threshold(guard.answers_per_month or whole.answers_per_month(pane.end_ms), budget)
    bets = _odds(state, guard)
    if bets is not None:
        state.evidence.take(bets, pane.counts, answers, limit)
        state.ratio = state.evidence.ratio(limit)
    _remember(state, pane, answers)
    return _decide(state, guard, pane.end_ms)


def _hold_to(state: State, guard: Guard, at_ms: int) -> None:
    """Evidence against another score than now is watched for says nothing: begin anew."""
    if state.held_to != (guard.normal, guard.tolerate):
        state.held_to = guard.normal, guard.tolerate
        state.evidence, state.ratio = Evidence(), 0.0
        state.reaches = [Reach(at_ms) for _ in range(BETS)]


def _roll(state: State, guard: Guard, pane: Pane) -> None:
    """Begin the day of the pane, if it is a new one, and learn from those before it."""
    whole = state.histories.setdefault(WHOLE, History((0,) * len(pane.counts)))
    if not whole.roll(pane.end_ms):
        return
    for part, history in list(state.histories.items()):
        history.roll(pane.end_ms)
        if part != WHOLE and not any(history.total):
            del state.histories[part]
    if not state.active:
        state.baseline = whole.baseline(guard.scale)


def _odds(state: State, guard: Guard) -> Odds | None:
    """The bets of this pane; None while the series is still being learned, or is as low as it can be."""
    normal = guard.normal if guard.normal is not None else state.baseline.normal
    if normal is None or normal - guard.tolerate <= guard.scale.low:
        return None
    variance = state.baseline.variance
    if variance is None:
        variance = guard.scale.usual_variance(normal)
    return odds(guard.scale, normal, guard.tolerate, variance)


def _remember(state: State, pane: Pane, answers: int) -> None:
    """Add the pane to the reach of every bet that has winnings, and to the days."""
    counts = {WHOLE: pane.counts, **pane.parts}
    if state.drop is not None:
        _extend(state.drop, counts)
    else:
        for bet, climb in enumerate(state.evidence.climb):
            if climb == 0:
                state.reaches[bet] = Reach(pane.end_ms)
                continue
            if not state.reaches[bet].after:
                state.reaches[bet].before = {part: each.total for part, each in state.histories.items()}
            _extend(state.reaches[bet], counts)
    for part, tally in counts.items():
        history = state.histories.get(part)
        if history is None:
            history = state.histories[part] = History((0,) * len(tally))
            history.roll(pane.end_ms)
        history.add(tally, answers if part == WHOLE else 0, learn=not state.active)


def _extend(reach: Reach, counts: Mapping[Part, Tally]) -> None:
    for part, tally in counts.items():
        former = reach.after.get(part)
        reach.after[part] = (
            tally if former is None else tuple([a + b for a, b in zip(former, tally, strict=True)])
        )


def _decide(state: State, guard: Guard, at_ms: int) -> Signal | None:
    if state.drop is not None:
        if state.ratio >= CLEAR_BELOW:
            return None
        past, state.drop = state.drop, None
        # From nothing: then the bound holds from here as well as from the first answer.
        state.evidence, state.ratio = Evidence(), 0.0
        state.reaches = [Reach(at_ms) for _ in range(BETS)]
        return Signal(raised=False, number=state.raises, at_ms=at_ms, drop=past)
    if state.ratio < RAISE_AT:
        return None
    best = state.reaches[state.evidence.best]
    if guard.scale.answers(best.after[WHOLE]) < guard.min_answers:
        return None
    state.raises += 1
    # Carried on from here, while the signal tells how things are now.
    state.drop = Reach(best.since_ms, best.before, dict(best.after))
    return Signal(raised=True, number=state.raises, at_ms=at_ms, drop=best)
