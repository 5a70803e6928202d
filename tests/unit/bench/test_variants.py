"""Other windows, other views, two workers: what is compared with what."""

import pytest

from bench.bed import Backlog
from bench.measurements import two_workers, windows
from bench.results import WrongCountsError
from bench.truth import Kind, Truth
from bench.worker import expectation
from stream.settings import Settings

POSITIVE = Kind("cx_interactions", (("valence", "positive"),))
PAGE = 'cx_interactions{by="total",valence="positive"} 3.0\n'


def test_one_of_windows_and_views_varies_while_the_other_stays() -> None:
    """One, three and six of either: five cases, since both share the worker as it comes."""
    assert [(1, 3), (3, 3), (6, 1), (6, 3), (6, 6)] == windows.cases()
    for case in windows.cases():
        made = Settings.from_env(windows.settings(*case))
        assert case == (len(made.windows), len(made.views))
    assert Settings().windows == Settings.from_env(windows.settings(6, 3)).windows
    assert Settings().views == Settings.from_env(windows.settings(6, 3)).views


def test_ratios_are_costs_over_the_cost_of_one() -> None:
    """More than 1 where more windows cost more."""
    us = {(1, 3): 4.0, (3, 3): 5.0, (6, 3): 6.0, (6, 1): 3.0, (6, 6): 9.0}
    expected = {"windows_3_to_1": 1.25, "windows_6_to_1": 1.5, "views_3_to_1": 2.0, "views_6_to_1": 3.0}
    assert expected == windows.ratios(us)


@pytest.mark.parametrize(("count", "cells"), [(1, 1), (3, 3), (6, 6)])
def test_an_event_is_expected_in_every_view_and_window_that_is_set(count: int, cells: int) -> None:
    """The labels are those of the view, and no others."""
    truth = Truth()
    truth.add(("acme", "positive", "web", "cart", "pro", POSITIVE), 1_780_000_000_000)
    backlog = Backlog("p.", "interactions", 1, 0, truth)
    assert 6 * cells == len(expectation(backlog, windows.settings(6, count)))
    assert 3 * cells == len(expectation(backlog, windows.settings(cells, 3)))
    if count == 6:
        found = {
            tuple(v for k, v in labels if k in ("channel", "segment", "touchpoint"))
            for _, labels in expectation(backlog, windows.settings(1, 6))
        }
        assert {
            ("", "", ""),
            ("web", "", ""),
            ("", "", "cart"),
            ("web", "", "cart"),
            ("", "pro", ""),
            ("web", "pro", ""),
        } == found


def test_a_count_that_two_workers_show_is_seen() -> None:
    """Two owners of a series would each show all of it."""
    (cell,) = two_workers.together([PAGE])
    assert {cell: 6.0} == two_workers.together([PAGE, PAGE])


def test_a_worker_that_did_nothing_fails_the_run() -> None:
    """One worker and an idle one are no two."""
    two_workers.check_shares([50, 60])
    with pytest.raises(WrongCountsError, match="1, 99 records"):
        two_workers.check_shares([1, 99])
