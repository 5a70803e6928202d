"""What source partitions tell, as bytes and back."""

import pytest

from stream.scoring.message import Mark, Message, Row, decode, encode

TOTAL = ("interaction", "total", "", "", "")
WEB = ("interaction", "channel", "web", "", "")
ROWS: list[Row] = [
    (1, 60, 0, TOTAL, (1, 0, 2)),
    (1, 60, 3, WEB, (1, 0, 0)),
    (0, 61, 0, TOTAL, ()),
    (2, 1, 0, (*WEB, "17"), (17, 1)),
]
COUNTS = Message("surveys-0", 7, "acme", "nps", 1_000, ROWS)
MARK = Mark("surveys-0", 7, 1_000, 3, at_end=True)


@pytest.mark.parametrize("told", [COUNTS, MARK])
def test_what_is_told_comes_back(told: Message | Mark) -> None:
    """Counts and marks are told apart."""
    assert told == decode("cx", encode("cx", told))


@pytest.mark.parametrize("told", [COUNTS, MARK])
def test_what_another_application_tells_is_not_ours(told: Message | Mark) -> None:
    """A rebuild beside us shares the topic."""
    assert decode("cx", encode("cx2", told)) is None
    assert decode("cx", None) is None
