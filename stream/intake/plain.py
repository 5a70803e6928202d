"""Whether a typed event is beyond doubt, by its labels, subject and answers: most are."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from stream.intake.checks import SCALES
from stream.intake.events import Interaction, SurveyAnswered, SurveySent
from stream.intake.times import is_time

_ON_SCALE: Final[Mapping[str, frozenset[int | None]]] = {
    metric: frozenset(scale) for metric, scale in SCALES.items()
}


def _is_plain(event: Any, known: set[str | None]) -> bool:
    """Whether nothing needs a second look: known labels, no trace of an e-mail address."""
    data, subject = event.data, event.subject
    return (
        data.channel in known
        and data.touchpoint in known
        and (data.segments is None or known.issuperset(data.segments.values()))
        and "@" not in subject
        and "%" not in subject
    )


def _is_plain_answered(event: SurveyAnswered, known: set[str | None]) -> bool:
    """The same for a response, whose answers are also on their scales and of different metrics."""
    answers = event.data.answers
    for answer in answers:
        if answer.value is not None if answer.skipped else answer.value not in _ON_SCALE[answer.metric]:
            return False
    return (
        _is_plain(event, known)
        and event.data.survey_id in known
        and (len(answers) < 2 or len({answer.metric for answer in answers}) == len(answers))
    )


def _is_plain_sent(event: SurveySent, known: set[str | None]) -> bool:
    """The same for an invitation."""
    data = event.data
    return (
        _is_plain(event, known)
        and data.survey_id in known
        and (data.expires_at is None or is_time(data.expires_at))
    )


PLAIN: Final[Mapping[str, Callable[[Any, set[str | None]], bool]]] = {
    Interaction.type: _is_plain,
    SurveyAnswered.type: _is_plain_answered,
    SurveySent.type: _is_plain_sent,
}
"""The event types that come in numbers; others have checks.py look at each event."""
