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


def contributions(scale: Scale, reach: Reach) -> list[Contribution]:
    """Both parts of every value of every view, largest first; of each view they add up to the change.

    Empty unless there are answers both before and after.
    """
    if not all(WHOLE in side and scale.answers(side[WHOLE]) for side in (reach.before, reach.after)):
        return []
    found: list[Contribution] = []
    for view in sorted({view for side in (reach.before, reach.after) for view, _ in side if view}):
        before, after = _of_view(view, reach.before), _of_view(view, reach.after)
        for value in sorted(before.keys() | after.keys()):
            sides = (
                _side(scale, before.get(value), reach.before[WHOLE]),
                _side(scale, after.get(value), reach.after[WHOLE]),
            )
            if any(side.share for side in sides):
                found += _split(view, value, *sides)
    return sorted(found, key=lambda each: (-abs(each.points), each[:3]))


def _of_view(view: str, side: Mapping[Part, Tally]) -> dict[str, Tally]:
    """The counts by value, and what is left of all."""
    values = {value: tally for (name, value), tally in side.items() if name == view}
    rest = zip(side[WHOLE], *values.values(), strict=True)
    return {**values, NONE: tuple([whole - sum(parts) for whole, *parts in rest])}


def _side(scale: Scale, tally: Tally | None, whole: Tally) -> _Side:
    n, answers = scale.answers(whole), 0 if tally is None else scale.answers(tally)
    known = tally is not None and answers > 0
    return _Side(
        answers / n,
        scale.mean(tally) if tally is not None and known else None,
        scale.variance(tally) if tally is not None and known else 0.0,
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
