"""Where a change of a score comes from: split exactly over the values of a view, with standard errors.

A score is ``Σ share_i · score_i`` over the values i of a view. With means over before and after (bars), the
change is the sum over the values of

    mix_i  = Δshare_i · (mean score_i - mean score)      more of the answers come from where scores are low
    rate_i = mean share_i · Δscore_i                     the value's own score has changed

Answers that have no value of the view (and those beyond the bound of series) are one more value, ``""``. A
value without answers on one side has there the score of the other side: then all of its part is mix.

The standard errors are those of the delta method: of two samples of answers, each with the variance of the
influence that one answer more would have on the part.
"""

import math
from collections.abc import Mapping
from typing import Final, NamedTuple

from stream.alerts.scale import Scale
from stream.alerts.watcher import WHOLE, Part, Reach
from stream.scoring.families import Tally

NONE: Final = ""
"""The value of what has none."""


class Contribution(NamedTuple):
    """What one value of a view adds to the change, in the scale's unit; `part` is `mix` or `rate`."""

    view: str
    value: str
    part: str
    points: float
    standard_error: float


class _Side(NamedTuple):
    """One value, before or after: its share of all n answers, score, variance; score and variance of all."""

    share: float
    score: float | None
    variance: float
    all_score: float
    all_variance: float
    n: int


def contributions(scale: Scale, reach: Reach, min_privacy: int = 0) -> list[Contribution]:
    """Both parts of every value of every view, largest first; of each view they add up to the change.

    Values with answers, but fewer than `min_privacy` before or after, are taken together with what has no
    value. Empty unless there are as many both before and after, and at least one.
    """
    sides = reach.before, reach.after
    if not all(WHOLE in side and scale.answers(side[WHOLE]) >= max(1, min_privacy) for side in sides):
        return []
    found: list[Contribution] = []
    for view in sorted({view for side in sides for view, _ in side if view}):
        for value, pair in _by_value(scale, view, sides, min_privacy).items():
            before, after = (_side(scale, own, side[WHOLE]) for own, side in zip(pair, sides, strict=True))
            if before.share or after.share:
                found += _split(view, value, before, after)
    return sorted(found, key=lambda each: (-abs(each.points), each[:3]))


def _by_value(
    scale: Scale, view: str, sides: tuple[Mapping[Part, Tally], ...], min_privacy: int
) -> dict[str, tuple[Tally, ...]]:
    """The counts before and after by value; under `NONE` what is left of all."""
    empty = (0,) * len(scale.worth)
    values = sorted({value for side in sides for name, value in side if name == view})
    shown = {value: tuple(side.get((view, value), empty) for side in sides) for value in values}

    def hidden(pair: tuple[Tally, ...]) -> bool:
        return any(0 < scale.answers(each) < min_privacy for each in pair)

    shown = {value: pair for value, pair in shown.items() if not hidden(pair)}
    while True:
        rest = tuple(
            tuple(whole - sum(own) for whole, *own in zip(side[WHOLE], *each, strict=True))
            for side, each in zip(
                sides, zip(*shown.values(), strict=True) if shown else ((), ()), strict=True
            )
        )
        if not shown or not hidden(rest):
            return {**shown, NONE: rest}
        # Who knows all and all others would know the rest: hide one more among it.
        del shown[min(shown, key=lambda value: (sum(map(scale.answers, shown[value])), value))]


def _side(scale: Scale, tally: Tally, whole: Tally) -> _Side:
    n, answers = scale.answers(whole), scale.answers(tally)
    return _Side(
        answers / n,
        scale.mean(tally) if answers else None,
        scale.variance(tally) if answers else 0.0,
        scale.mean(whole),
        scale.variance(whole),
        n,
    )


def _split(view: str, value: str, before: _Side, after: _Side) -> tuple[Contribution, Contribution]:
    first = before.score if before.score is not None else after.score
    last = after.score if after.score is not None else before.score
    assert first is not None
    assert last is not None
    both = before.score is not None and after.score is not None
    moved, apart = after.share - before.share, (first + last) / 2 - (before.all_score + after.all_score) / 2
    share = (before.share + after.share) / 2
    mix = rate = 0.0
    for side, sign in ((before, -1), (after, 1)):
        own = 0.5 if both else float(side.score is not None)
        mix += _mix_variance(side, apart, moved, own, sign) / side.n
        rate += _rate_variance(side, last - first, share, both=both) / side.n
    return (
        Contribution(view, value, "mix", moved * apart, math.sqrt(max(0.0, mix))),
        Contribution(view, value, "rate", share * (last - first), math.sqrt(rate)),
    )


def _rate_variance(side: _Side, change: float, share: float, *, both: bool) -> float:
    """Of the influence ``change/2·(1[i] - share_i) + share·1[i]·(worth - score_i)/share_i``, sign aside."""
    if not both:
        return 0.0
    return (change / 2) ** 2 * side.share * (1 - side.share) + share**2 * side.variance / side.share


def _mix_variance(side: _Side, apart: float, moved: float, own: float, sign: int) -> float:
    """Of ``sign·apart·(1[i] - share_i) + moved·(own·1[i]·(worth - score_i)/share_i - (worth - score)/2)``.

    `own` is how much of the mean score_i comes from this side: half, or all, or nothing.
    """
    score = side.all_score if side.score is None else side.score
    inner = own**2 * side.variance / side.share if side.share else 0.0
    cross = apart * moved * side.share * (score - side.all_score)
    return (
        apart**2 * side.share * (1 - side.share)
        + moved**2 * (inner - own * side.variance + side.all_variance / 4)
        - sign * cross
    )
