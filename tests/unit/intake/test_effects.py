"""What answers add to tallies, as far as answers that are alike share it."""

from stream.intake.partition import Intake
from tests.support.folding import MINUTE_MS, NOW_MS, SURVEYS, answered, counts, folded, rules


def test_answers_alike_are_counted_apart_where_room_became_free_between_them() -> None:
    """The first in `other`, since the only name was taken; the second under its own, by then."""
    intake = Intake(SURVEYS, rules(CX_VIEWS="channel", CX_MAX_SERIES="1", CX_CLOCK="event"))
    first = [
        answered(0, 9, channel="app"),
        answered(1, 9, response_id="r-2", channel="web"),
    ]
    folded(first, intake)
    assert {"app", "other"} == _channels(intake)
    later_ms = NOW_MS + 70 * MINUTE_MS
    intake = Intake(SURVEYS, rules(CX_VIEWS="channel", CX_MAX_SERIES="1", CX_CLOCK="event"))
    folded([*first, answered(2, 9, later_ms, response_id="r-3", channel="web")], intake)
    assert {"web"} == _channels(intake)


def _channels(intake: Intake) -> set[str]:
    return {channel for *_, (_, by, channel, _, _) in counts(intake) if by == "channel"}
