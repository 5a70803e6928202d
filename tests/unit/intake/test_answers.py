"""Scores and the answers that carry them; retractions."""

from typing import Any

import pytest

from stream.intake.decode import Decoder
from stream.intake.rejection import Rejection
from tests.support.decoding import ANSWERED, RETRACTED, answered, decode, reason
from tests.support.events import event, written


@pytest.mark.parametrize("name", ["revision", "skipped"])
def test_null_beside_an_answer_is_absent(name: str) -> None:
    """Also where the absent field is not None."""
    content = answered({"metric": "nps", "value": 9, "skipped": None})
    content["data"][name] = None
    assert decode(answered({"metric": "nps", "value": 9})) == decode(content)


@pytest.mark.parametrize("value", [True, False, 9.0, 9.5, "9", "", [], [9], {}, {"value": 9}])
def test_only_integers_are_scores(value: Any) -> None:
    """Neither booleans nor floats nor strings; null is no score either."""
    assert reason(answered({"metric": "nps", "value": value})) == "bad_type"
    assert reason(answered({"metric": "nps", "value": None})) == "bad_type"


@pytest.mark.parametrize("spelling", ["9.0", "9e0", "90E-1", "1e1", "1e999", "-0.0", "9." + "0" * 5_000])
def test_number_written_as_a_float_is_no_score(spelling: str) -> None:
    """Even when it is whole."""
    value = written(answered({"metric": "nps", "value": 7})).replace(b"7}", spelling.encode() + b"}")
    rejection = Decoder("surveys").decode(value)
    assert isinstance(rejection, Rejection)
    assert rejection.reason == "bad_type"


SCALES = {
    "nps": (0, 10),
    "csat": (1, 5),
    "ces": (1, 7),
    "satisfaction": (1, 10),
    "expectations": (1, 10),
    "ideal": (1, 10),
    "needs": (1, 5),
    "ease": (1, 5),
    "enjoyment": (1, 5),
}


@pytest.mark.parametrize("metric", SCALES)
def test_each_metric_has_its_own_scale(metric: str) -> None:
    """Its ends are on it, what is beyond them is off it, however long the integer."""
    low, high = SCALES[metric]
    for value in (low, high):
        assert reason(answered({"metric": metric, "value": value})) is None
    for value in (low - 1, high + 1, -(10**40), 2**63, 2**64, 10**400):
        assert reason(answered({"metric": metric, "value": value})) == "off_scale"


@pytest.mark.parametrize("digits", ["9" * 4_301, "-" + "9" * 20_000, "1" + "0" * 60_000])
def test_integer_longer_than_python_reads_is_off_scale(digits: str) -> None:
    """It is an integer nevertheless."""
    value = written(answered({"metric": "nps", "value": 7})).replace(b"7}", digits.encode() + b"}")
    rejection = Decoder("surveys").decode(value)
    assert isinstance(rejection, Rejection)
    assert rejection.reason == "off_scale"


def test_minus_zero_is_zero() -> None:
    """JSON's `-0` is an integer."""
    value = written(answered({"metric": "nps", "value": 7})).replace(b"7}", b"-0}")
    decoded = Decoder("surveys").decode(value)
    assert not isinstance(decoded, Rejection)
    assert decoded == decode(answered({"metric": "nps", "value": 0}))


@pytest.mark.parametrize(
    ("expected", "answers"),
    [
        (None, []),
        (None, [{"metric": "nps", "skipped": True}]),
        (None, [{"metric": "nps", "skipped": True, "value": None}]),
        (None, [{"metric": "nps", "value": 9, "skipped": False}]),
        (None, [{"metric": "nps", "value": 9, "why": "because"}]),
        ("missing_field", [{}]),
        ("missing_field", [{"metric": "nps"}]),
        ("missing_field", [{"value": 9}]),
        ("missing_field", [{"skipped": True}]),
        ("missing_field", [{"metric": "nps", "skipped": False}]),
        ("missing_field", [{"metric": "nps", "skipped": "yes"}]),
        ("missing_field", [{"metric": "nps", "value": 9, "skipped": True}, {"metric": "csat"}]),
        ("bad_type", [{"metric": "nps", "value": 9, "skipped": True}]),
        ("bad_type", [{"metric": "nps", "value": 9, "skipped": "yes"}]),
        ("bad_type", [{"metric": "nps", "value": 9}, {"metric": "nps", "value": 9}]),
        ("bad_type", [{"metric": "nps", "value": 9}, {"metric": "nps", "skipped": True}]),
        ("bad_type", [{"metric": "nps", "value": 99}, {"metric": "nps", "value": 9}]),
        ("bad_type", [{"metric": "NPS", "value": 9}]),
        ("bad_type", [{"metric": "happiness", "value": 3}]),
        ("bad_type", [{"metric": 5, "value": 3}]),
        ("bad_type", [9]),
        ("bad_type", [None]),
        ("bad_type", {"nps": 9}),
        ("bad_type", "9"),
    ],
)
def test_answers_are_valued_or_skipped_one_a_metric(expected: str | None, answers: Any) -> None:
    """A missing value is found before anything that is ill-typed."""
    assert expected == reason(event(ANSWERED, {"answers": answers}))


@pytest.mark.parametrize(
    ("expected", "data"),
    [
        (None, {"response_id": "r-1"}),
        (None, {"all_of_subject": True}),
        (None, {"all_of_subject": True, "response_id": None}),
        (None, {"all_of_subject": True, "response_id": "r-1"}),
        ("missing_field", {}),
        ("missing_field", {"all_of_subject": False}),
        ("bad_type", {"response_id": None}),
        ("bad_type", {"all_of_subject": "true", "response_id": "r-1"}),
        ("bad_type", {"all_of_subject": 1, "response_id": "r-1"}),
    ],
)
def test_retraction_names_a_response_or_all_of_them(expected: str | None, data: dict[str, Any]) -> None:
    """A false `all_of_subject` names nothing."""
    content = event(RETRACTED)
    content["data"] = {"reason": "consent", **data}
    assert expected == reason(content)
