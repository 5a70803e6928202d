"""Laws of what is looked up once: it is what would be found each time."""

from hypothesis import given, settings
from hypothesis import strategies as st

from stream.intake import effects
from stream.intake.partition import Intake
from stream.intake.record import Source
from tests.property.test_intake_laws import CLOCKS, streams
from tests.support.folding import NOW_MS, Stored, Told, counts, entities, rules

_WALL_MS = NOW_MS + 365 * 24 * 60 * 60_000


def _forget(intake: Intake) -> None:
    """Everything that is remembered for speed alone."""
    surveys = intake._surveys
    surveys._splits._said.clear()
    surveys._splits._known.clear()
    surveys._effects.settle()
    surveys._hasher.forget()
    effects._recipe.cache_clear()


@given(
    records=streams(),
    clock=CLOCKS,
    latest=st.booleans(),
    views=st.sampled_from(["total", "total,channel"]),
    max_series=st.sampled_from([1, 2, 100]),
    every=st.integers(1, 20),
)
@settings(max_examples=60, deadline=None)
def test_nothing_depends_on_what_is_remembered_for_speed(
    records: list[Stored], clock: str, *, latest: bool, views: str, max_series: int, every: int
) -> None:
    """Counts, entities, what is told and what is written, with a checkpoint now and then."""
    settings_ = {"CX_CLOCK": clock, "CX_VIEWS": views, "CX_MAX_SERIES": str(max_series)}
    under = rules(**settings_, CX_LATEST_PER_CUSTOMER="1" if latest else "0")
    one, other = Intake(Source("surveys", 0), under), Intake(Source("surveys", 0), under)
    for start in range(0, len(records), every):
        part = records[start : start + every]
        one.fold(part, _WALL_MS)
        for record in part:
            _forget(other)
            other.fold([record], _WALL_MS)
        steps = one.checkpoint(), other.checkpoint()
        assert sorted(steps[0].changes) == sorted(steps[1].changes)
        assert Told.of([steps[0]]) == Told.of([steps[1]])
    assert counts(one) == counts(other)
    assert entities(one) == entities(other)
