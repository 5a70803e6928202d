"""Counting in one go."""

from stream.intake.rules import Rules
from stream.recount import Recount
from stream.scoring.families import Row
from tests.support.folding import NOW_MS, SURVEYS, answered, rules


def _rows(chosen: Rules) -> list[Row]:
    recount = Recount(chosen, NOW_MS, NOW_MS)
    for _ in recount.take(SURVEYS, [answered(0, 9), answered(1, 3, response_id="r-2")]):
        pass
    return sorted(recount.rows())


def test_what_is_watched_for_drops_counts_no_more_than_elsewhere() -> None:
    """The detector's panes are a worker's."""
    plain = _rows(rules())
    assert plain
    assert plain == _rows(rules()._replace(watched=frozenset({("*", "nps")})))
