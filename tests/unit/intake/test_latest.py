"""Where only a customer's latest answer of each metric and level counts."""

from typing import Any

from stream.intake.partition import Intake
from tests.support.folding import MINUTE_MS, NOW_MS, SURVEYS, answered, folded, rules, stored, totals

TOTAL = ("interaction", "total", "", "", "")


def intake() -> Intake:
    """With the setting on."""
    return Intake(SURVEYS, rules(CX_LATEST_PER_CUSTOMER="on"))


def answer(offset: int, value: int, minute: int = 0, **data: Any) -> Any:
    """An NPS answer under an id of its own, some minutes before now, stored now."""
    record = answered(offset, value, NOW_MS - minute * MINUTE_MS, **({"response_id": f"r-{offset}"} | data))
    return record._replace(timestamp=NOW_MS)


def nps(into: Intake, level: str = "interaction") -> list[int] | None:
    """Promoters, passives and detractors of an hour."""
    return totals(into, "nps", 1).get((level, "total", "", "", ""))


def test_the_later_answer_counts_over_all_channels() -> None:
    """In whatever order they come; by their times."""
    first, second = answer(0, 9, 2, channel="web"), answer(1, 3, 1, channel="app")
    for records in ((first, second), (second._replace(offset=0), first._replace(offset=1))):
        found = intake()
        folded(records, found)
        assert [0, 0, 1] == nps(found)


def test_of_one_time_the_answer_that_came_last_counts() -> None:
    """There is nothing else to go by."""
    found = intake()
    folded([answer(0, 9), answer(1, 3)], found)
    assert [0, 0, 1] == nps(found)


def test_a_retraction_brings_the_former_answer_back() -> None:
    """And both changes are corrections."""
    found = intake()
    step = folded([answer(0, 9), answer(1, 3)], found)
    assert {"latest_per_customer": 1} == +step.counts.corrections
    step = folded([stored(2, "survey.retracted", response_id="r-1", reason="error")], found)
    assert [1, 0, 0] == nps(found)
    assert {"latest_per_customer": 1, "retraction": 1} == +step.counts.corrections


def test_an_edit_to_an_earlier_time_brings_the_former_answer_back() -> None:
    """An answer counts at the time of its last revision."""
    found = intake()
    edited = answer(2, 4, 5, response_id="r-1", revision=2)
    folded([answer(0, 9, 2), answer(1, 3, 1), edited], found)
    assert [1, 0, 0] == nps(found)


def test_levels_and_metrics_stand_apart() -> None:
    """A later answer of another level, of another metric, of another customer."""
    found = intake()
    other = [{"metric": "csat", "value": 2}]
    folded(
        [
            answer(0, 9, 3),
            answer(1, 3, 2, level="journey"),
            stored(2, "survey.answered", NOW_MS, response_id="r-2", answers=other),
            answer(3, 7, 1, subject="c-2"),
        ],
        found,
    )
    assert ([1, 1, 0], [0, 0, 1]) == (nps(found), nps(found, "journey"))


def test_a_skipped_answer_supersedes_nothing() -> None:
    """It is no answer."""
    found = intake()
    folded(
        [
            answer(0, 9, 2),
            stored(1, "survey.answered", response_id="r-1", answers=[{"metric": "nps", "skipped": True}]),
        ],
        found,
    )
    assert [1, 0, 0] == nps(found)


def test_every_invitation_that_was_answered_counts_as_answered() -> None:
    """Whichever answer is the latest."""
    found = intake()
    sent: dict[str, Any] = {"survey_id": "s", "metrics": ["nps"], "level": "interaction"}
    folded(
        [
            *(stored(n, "survey.sent", invitation_id=f"i-{n}", **sent) for n in range(2)),
            *(answer(n + 2, 9, n, invitation_id=f"i-{n}") for n in range(2)),
        ],
        found,
    )
    assert [2, 2] == totals(found, "response", 1)[TOTAL]
    assert [1, 0, 0] == nps(found)
