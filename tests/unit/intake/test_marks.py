"""How far a source partition says it is."""

from stream.intake.marks import mark
from stream.intake.partition import Intake
from stream.scoring.message import Mark
from tests.support.folding import NOW_MS, SURVEYS, answered, folded, rules


def _marked(ended_ms: int | None, ahead_ms: int = 0, **settings: str) -> Mark:
    """After two answers, of a minute ago and of now; the latter is stored so much sooner than it happened."""
    intake = Intake(SURVEYS, rules(**settings)._replace(watched=frozenset({("*", "nps")})))
    last = answered(1, 9, NOW_MS, response_id="r-2")._replace(timestamp=NOW_MS - ahead_ms)
    folded([answered(0, 9, NOW_MS - 60_000), last], intake)
    return mark(intake, ended_ms)


def test_it_is_the_highest_time_accepted() -> None:
    """While there is more to read."""
    assert Mark("surveys-0", 1, NOW_MS, 1) == _marked(None)


def test_an_answer_from_the_future_moves_nothing_beyond_its_record() -> None:
    """One wrong clock would close the panes of all others too soon."""
    assert NOW_MS - 5_000 == _marked(None, ahead_ms=5_000).mark_ms


def test_by_the_wall_clock_a_partition_read_to_its_end_is_there_where_it_was_asked() -> None:
    """Nothing that was stored before is missing."""
    found = _marked(NOW_MS + 30_000)
    assert (NOW_MS + 30_000, False) == (found.mark_ms, found.at_end)


def test_by_event_time_a_partition_read_to_its_end_holds_nobody_back() -> None:
    """Its own time stands still."""
    found = _marked(NOW_MS + 30_000, CX_CLOCK="event")
    assert (NOW_MS, True) == (found.mark_ms, found.at_end)


def test_a_partition_without_records_tells_a_mark_too() -> None:
    """Before it does, no pane closes."""
    assert Mark("surveys-0", -1, NOW_MS, 0) == mark(Intake(SURVEYS, rules()), NOW_MS)
    assert -1 == mark(Intake(SURVEYS, rules()), None).mark_ms
