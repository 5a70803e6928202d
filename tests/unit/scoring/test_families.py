"""What every answer adds 1 to."""

import pytest

from stream.scoring.families import FAMILIES, PYRAMID_METRICS, SURVEY_FAMILIES, cell_of


@pytest.mark.parametrize(
    ("cell", "answers"), [("promoter", (9, 10)), ("passive", (7, 8)), ("detractor", (0, 1, 2, 3, 4, 5, 6))]
)
def test_nps_answers_fall_into_their_categories(cell: str, answers: tuple[int, ...]) -> None:
    """The class comes from the answer's value, never from the place of an option in a list."""
    assert {cell} == {FAMILIES["nps"].cells[cell_of("nps", answer)] for answer in answers}


@pytest.mark.parametrize("metric", PYRAMID_METRICS)
@pytest.mark.parametrize(("cell", "answers"), [("high", (4, 5)), ("middle", (3,)), ("low", (1, 2))])
def test_answers_of_the_pyramid_fall_into_three_boxes(metric: str, cell: str, answers: tuple[int]) -> None:
    """The upper two count for, the lower two against."""
    assert {cell} == {FAMILIES[metric].cells[cell_of(metric, answer)] for answer in answers}


@pytest.mark.parametrize(("metric", "highest"), [("csat", 5), ("ces", 7)])
def test_csat_and_ces_keep_a_cell_for_each_answer(metric: str, highest: int) -> None:
    """Means and their intervals need the whole distribution."""
    assert [str(answer) for answer in range(1, highest + 1)] == [
        FAMILIES[metric].cells[cell_of(metric, answer)] for answer in range(1, highest + 1)
    ]


@pytest.mark.parametrize(
    ("metric", "value"), [("nps", 11), ("nps", -1), ("csat", 0), ("csat", 6), ("ces", 0), ("ces", 8)]
)
def test_a_value_off_the_scale_has_no_cell(metric: str, value: int) -> None:
    """Decoding rejects such values; here they must not slip into a neighbouring cell."""
    with pytest.raises(KeyError):
        cell_of(metric, value)


def test_nps_alone_is_on_a_scale_from_0_to_10_and_no_other_metric_becomes_nps() -> None:
    """An answer's metric names its family; its scale never does."""
    assert tuple(range(11)) == tuple(FAMILIES["nps"].cell_by_value)
    with pytest.raises(KeyError):
        cell_of("satisfaction", 9)


@pytest.mark.parametrize("name", [name for name in FAMILIES if FAMILIES[name].cell_by_value])
def test_every_cell_is_reached_and_an_empty_tally_has_one_zero_for_each(name: str) -> None:
    """A cell that nothing adds to would always export 0."""
    family = FAMILIES[name]
    assert set(range(len(family.cells))) == set(family.cell_by_value.values())
    assert (0,) * len(family.cells) == family.empty


def test_survey_metrics_are_names_of_families() -> None:
    """The intake takes an answer's metric for its family."""
    assert set(SURVEY_FAMILIES) <= set(FAMILIES)
