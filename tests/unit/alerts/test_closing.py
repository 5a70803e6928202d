"""When a pane closes, and what comes after."""

import pytest

from stream.alerts.closing import Closing, Key

WEB: Key = ("acme", "nps", ("interaction", "channel", "web", "", ""))


def _closing(sources: int = 1) -> Closing:
    """Panes of a second, a grace of half a second."""
    return Closing(width_ms=1_000, grace_ms=500, sources=sources, kept=3)


@pytest.mark.parametrize(("mark_ms", "closed"), [(2_499, []), (2_500, [2_000])])
def test_a_pane_closes_when_the_mark_is_a_grace_past_its_end(mark_ms: int, closed: list[int]) -> None:
    """To the millisecond."""
    closing = _closing()
    closing.put("s-0", 1, WEB, (1, 0, 0))
    closing.mark("s-0", mark_ms)
    assert closed == [end_ms for end_ms, _ in closing.close()]


def test_the_lowest_mark_decides_once_all_have_told_one() -> None:
    """A source that is behind holds the panes open."""
    closing = _closing(sources=2)
    closing.put("s-0", 1, WEB, (1, 0, 0))
    closing.mark("s-0", 9_000)
    assert [] == list(closing.close())
    closing.mark("s-1", 1_000)
    assert [] == list(closing.close())
    closing.put("s-1", 1, WEB, (0, 0, 2))
    closing.mark("s-1", 9_000)
    assert [(2_000, {WEB: (1, 0, 2)})] == list(closing.close())


def test_a_mark_never_goes_back() -> None:
    """Late records are no time machine."""
    closing = _closing()
    closing.mark("s-0", 9_000)
    closing.mark("s-0", 1_000)
    closing.put("s-0", 1, WEB, (1, 0, 0))
    assert [2_000] == [end_ms for end_ms, _ in closing.close()]


def test_panes_close_in_order_and_once() -> None:
    """Whatever order their counts come in."""
    closing = _closing()
    for pane in (5, 2, 3):
        closing.put("s-0", pane, WEB, (1, 0, 0))
    closing.mark("s-0", 60_000)
    assert [3_000, 4_000, 6_000] == [end_ms for end_ms, _ in closing.close()]
    assert [] == list(closing.close())


def test_what_comes_for_a_closed_pane_is_counted_and_leaves_it_closed() -> None:
    """Once, however often it is told; a pane that closed empty counts too."""
    closing = _closing()
    closing.put("s-0", 1, WEB, (1, 0, 0))
    closing.mark("s-0", 3_600)
    assert 1 == len(list(closing.close()))
    assert 2 == closing.put("s-0", 1, WEB, (1, 0, 2))
    assert 0 == closing.put("s-0", 1, WEB, (1, 0, 2))
    assert 1 == closing.put("s-0", 2, WEB, (0, 0, 1))
    assert [] == list(closing.close())


def test_closed_panes_are_forgotten_in_the_end() -> None:
    """Three panes later."""
    closing = _closing()
    for pane in range(1, 10):
        closing.put("s-0", pane, WEB, (1, 0, 0))
    closing.mark("s-0", 10_500)
    assert 9 == len(list(closing.close()))
    assert [(pane, "s-0") for pane in range(1, 7)] == closing.forget()
    assert {7, 8, 9} == set(closing.known)


def test_a_source_that_was_read_to_its_end_holds_nobody_back() -> None:
    """By event time; until it says that there is more."""
    closing = _closing(sources=2)
    closing.put("s-0", 1, WEB, (1, 0, 0))
    closing.mark("s-0", 9_000)
    closing.mark("s-1", -1, at_end=True)
    assert [2_000] == [end_ms for end_ms, _ in closing.close()]
    closing.put("s-0", 5, WEB, (1, 0, 0))
    closing.mark("s-1", 6_000, at_end=False)
    assert [] == [end_ms for end_ms, _ in closing.close()]


def test_when_all_were_read_to_their_ends_the_highest_mark_decides() -> None:
    """Nobody is left to wait for."""
    closing = _closing(sources=2)
    closing.put("s-0", 1, WEB, (1, 0, 0))
    closing.mark("s-0", 2_500, at_end=True)
    closing.mark("s-1", 1_000, at_end=True)
    assert [2_000] == [end_ms for end_ms, _ in closing.close()]


def test_a_mark_closes_an_hour_of_panes_and_the_next_the_rest() -> None:
    """After a night down others may run in between; what comes for a pane that waits still counts."""
    closing = _closing()
    for pane in range(100):
        closing.put("s-0", pane, WEB, (1, 0, 0))
    closing.mark("s-0", 1_000_000)
    assert 60 == len(list(closing.close()))
    assert 0 == closing.put("s-0", 60, WEB, (2, 0, 0))
    assert 1 == closing.put("s-0", 59, WEB, (2, 0, 0))
    rest = dict(closing.close())
    assert (40, {WEB: (2, 0, 0)}) == (len(rest), rest[61_000])
    assert 1 == closing.put("s-0", 500, WEB, (1, 0, 0))
