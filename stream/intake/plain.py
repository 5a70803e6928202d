"""Whether typed events are beyond doubt, by their segments, subjects and answers: most are. By the slice."""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, Final

from stream.intake.checks import SCALES
from stream.intake.events import Interaction, SurveyAnswered, SurveySent
from stream.intake.times import is_time

_GIVEN: Final = {(metric, value, False) for metric, scale in SCALES.items() for value in scale} | {
    (metric, None, True) for metric in SCALES
}
"""Metric and value of every answer on its scale; and whether it was skipped, without a value."""


def _are_plain(events: Sequence[Any], known: set[str | None]) -> bool:
    """Whether nothing needs a second look: known segments, no trace of an e-mail address."""
    subjects = " ".join([event.subject for event in events])
    if "@" in subjects or "%" in subjects:
        return False
    given = [event.data.segments for event in events]
    return known.issuperset(chain.from_iterable(map(dict.values, filter(None, given))))


def _are_plain_surveys(events: Sequence[Any], known: set[str | None]) -> bool:
    """The same of responses and invitations: known surveys; answers on their scales, no metric twice."""
    data = [event.data for event in events]
    answers = [each.answers for each in data]
    return (
        _are_plain(events, known)
        and known.issuperset([each.survey_id for each in data])
        and _GIVEN.issuperset(
            [(each.metric, each.value, each.skipped) for each in chain.from_iterable(answers)]
        )
        and (max(map(len, answers)) < 2 or all(map(_differ, answers)))
        and all(ends is None or is_time(ends) for ends in {each.expires_at for each in data})
    )


def _differ(answers: Sequence[Any]) -> bool:
    """Whether no metric is answered twice."""
    return len({answer.metric for answer in answers}) == len(answers)


PLAIN: Final[Mapping[str, Callable[[Sequence[Any], set[str | None]], bool]]] = {
    Interaction.type: _are_plain,
    SurveyAnswered.type: _are_plain_surveys,
    SurveySent.type: _are_plain_surveys,
}
"""By types that come in numbers, where channel and touchpoint are known; `checks.py` looks at the others."""
