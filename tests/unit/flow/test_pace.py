"""How long a partition waits from one flush to the next."""

import pytest

from stream.flow.pace import is_behind, spacing_s


@pytest.mark.parametrize(("waiting", "behind"), [(None, False), (0, False), (10_000, False), (10_001, True)])
def test_who_is_behind(waiting: int | None, behind: bool) -> None:
    """What is not known counts as nothing."""
    assert is_behind(waiting) is behind


def test_flushing_takes_a_fifth_of_the_time_at_most() -> None:
    """Up to a second, which is what anybody waits at most."""
    assert [spacing_s(0.05, cost_s, behind=False) for cost_s in (0.0, 0.0625, 0.5)] == [0.05, 0.25, 1.0]


def test_a_backlog_is_flushed_seldom() -> None:
    """However cheap it is."""
    assert spacing_s(0.05, 0.0, behind=True) == 4.0
