"""Which series have names, as kept over restarts."""

from stream.intake.names import Names, SeriesLabels
from stream.scoring.panes import Ladder

HOUR = Ladder("1h", 60_000, 60)


def series(channel: str) -> SeriesLabels:
    """Of a view of channels."""
    return "interaction", "channel", channel, "", ""


def names(most: int = 2, pane: int = 0) -> Names:
    """By a clock that stands in this pane."""
    return Names(most, HOUR, lambda _: pane * 60_000)


def test_what_is_loaded_is_what_was_written() -> None:
    """The last pane with it; what did not change is not written again."""
    of, again = names(), names(pane=62)
    assert [True, True, False] == [of.use("acme", series(each), 3) for each in "abc"]
    of.use("acme", series("a"), 1)
    changes = of.changes()
    assert 2 == len(changes)
    assert [] == of.changes()
    for key, value in changes:
        again.load(key, value)
    assert not again.free("acme")
    assert not again.use("acme", series("c"), 3)


def test_names_that_were_freed_are_deleted_a_part_at_a_time() -> None:
    """One checkpoint must not hold all of them; who is named again meanwhile stays."""
    of = names(30_000, pane=60)
    for number in range(25_000):
        of.use("acme", series(f"c{number}"), 0)
    of.changes()
    assert of.expire(60 * 60_000)
    assert 20_000 == of.pending
    of.use("acme", series("c24999"), 60)
    assert [20_000, 4_999, 0] == [sum(value is None for _, value in of.changes()) for _ in range(3)]


def test_a_tenant_without_names_costs_nothing() -> None:
    """Nor does one of whom nothing comes any more."""
    of = names(pane=60)
    of.use("acme", series("a"), 0)
    of.expire(60 * 60_000)
    assert {} == of._tenants
    assert not of.expire(60 * 60_000)
