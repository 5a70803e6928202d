"""`cx plan-alert`: what it promises, and what it refuses."""

import pytest
from click.testing import CliRunner, Result

from stream.cli.main import main


def _run(line: str) -> Result:
    return CliRunner().invoke(main, ["plan-alert", *line.split()])


def test_the_example_of_the_documents() -> None:
    """The same every time: it is seeded."""
    result = _run("--normal 30 --drop 15 --per-day 20 --budget 1")
    assert 0 == result.exit_code
    assert (
        "watched        nps at 30, 5 tolerated; 20 answers a day\n"
        "budget         1 false alarms a month\n"
        "false alarms   at most 0.83 a month of this series while the score is 25 or better\n"
        "a drop by 15   is raised after about 8"
    ) in result.stdout
    assert result.stdout == _run("--normal 30 --drop 15 --per-day 20 --budget 1").stdout


def test_series_share_the_budget() -> None:
    """Four of them: a quarter each."""
    assert "at most 0.25 a month" in _run("--normal 30 --drop 15 --per-day 100 --series 4").stdout


def test_what_is_tolerated_is_no_drop() -> None:
    """Nor is a page promised where few are raised."""
    assert "is within the 5 that are tolerated" in _run("--normal 30 --drop 5 --per-day 20").stdout
    assert "is raised within 90 days in" in _run("--normal 30 --drop 7 --per-day 5").stdout


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("--normal 100 --drop 15 --per-day 20", "nps lies between -100 and 100"),
        ("--normal -96 --drop 1 --per-day 20", "it can be watched above -95"),
        ("--metric csat --normal 0.8 --drop 0.8 --per-day 20", "csat cannot fall below 0"),
        ("--normal 30 --drop 0 --per-day 20", "Invalid value for '--drop'"),
        ("--normal 30 --drop 15", "Missing option '--per-day'"),
    ],
)
def test_what_cannot_be_is_refused(line: str, says: str) -> None:
    """With exit status 2."""
    result = _run(line)
    assert 2 == result.exit_code
    assert says in result.stderr
