"""What orders come to: bought again or not, and accounts; told apart by their ids."""

from itertools import permutations

from stream.intake.partition import Intake
from stream.intake.record import Source
from stream.scoring.worth import SCALE, Worth, worth
from tests.support.folding import NOW_MS, Stored, folded, rules, stored, totals

DAY_MS = 86_400_000
FIRST_MS = NOW_MS - 20 * DAY_MS
TOTAL = ("", "total", "", "", "")


def order(
    offset: int, day: int = 0, kind: str = "purchase", id_: str = "o-1", amount: str = "10", **data: str
) -> Stored:
    """An order so many days after the first, stored now."""
    currency = data.pop("currency", "SEK")
    record = stored(
        offset, kind, FIRST_MS + day * DAY_MS, order_id=id_, amount=amount, currency=currency, **data
    )
    return record._replace(timestamp=NOW_MS)


def after(*records: Stored) -> Intake:
    """An intake of a window of a month."""
    intake = Intake(Source("relationships", 0), rules(CX_WINDOWS="30d"))
    folded(records, intake)
    return intake


def worth_after(*records: Stored) -> dict[str, Worth]:
    """By currency."""
    flat: dict[int, int] = {}
    for group in after(*records).tallies.groups.values():
        for pack in group.packs.values() if group.family == "value" else ():
            for cell in pack.values():
                for key, count in zip(cell[2::2], cell[3::2], strict=True):
                    flat[key] = flat.get(key, 0) + count
    return worth([each for key in sorted(flat) for each in (key, flat[key])])


def test_a_second_order_of_the_same_day_is_bought_again() -> None:
    """Orders are told apart by their ids."""
    assert {TOTAL: [1, 0]} == totals(after(order(0)), "buyers")
    assert {TOTAL: [0, 1]} == totals(after(order(0), order(1, id_="o-2")), "buyers")


def test_the_same_order_again_changes_nothing() -> None:
    """Under another event id, later, and with another amount."""
    intake = Intake(Source("relationships", 0), rules(CX_WINDOWS="30d"))
    step = folded([order(0), order(1, day=1, amount="99")], intake)
    assert {"counted": 1, "duplicate": 1} == step.counts.outcomes
    assert {TOTAL: [1, 0]} == totals(intake, "buyers")


def test_a_refund_is_taken_off_its_order_and_is_no_second_purchase() -> None:
    """The customer stays a one-time buyer."""
    records = order(0), order(1, day=3, kind="refund", amount="4")
    assert {TOTAL: [1, 0]} == totals(after(*records), "buyers")
    assert 6 * SCALE == worth_after(*records)["SEK"].total


def test_what_later_days_brought_is_kept_apart() -> None:
    """Two orders of the second day are one day; a refund of the first order is none of it."""
    records = (
        order(0),
        order(1, day=2, id_="o-2", margin="3"),
        order(2, day=2, id_="o-3", amount="5"),
        order(3, day=5, kind="refund", amount="1"),
        order(4, day=6, kind="refund", id_="o-3", amount="2"),
    )
    (found,) = worth_after(*records)["SEK"].groups
    assert (1, 2, 6 * SCALE) == (found.again, found.last_day - found.first_day, found.later)
    assert 15 * SCALE == worth_after(*records)["SEK"].total


def test_later_days_brought_nothing_where_more_was_paid_back() -> None:
    """No model takes a negative purchase."""
    records = order(0), order(1, day=2, id_="o-2"), order(2, day=3, kind="refund", id_="o-2", amount="50")
    assert (0, -30 * SCALE) == (
        worth_after(*records)["SEK"].groups[0].later,
        worth_after(*records)["SEK"].total,
    )


def test_an_account_for_each_currency() -> None:
    """A refund in a currency in which nothing was bought comes to nothing."""
    found = worth_after(
        order(0),
        order(1, day=1, id_="o-2", currency="EUR", amount="7"),
        order(2, day=1, kind="refund", currency="USD"),
    )
    assert {"SEK": 10 * SCALE, "EUR": 7 * SCALE} == {name: each.total for name, each in found.items()}


def test_the_order_of_orders_does_not_matter() -> None:
    """The first purchase may come last: the customer is counted at its time."""
    days = (
        order(0, day=4),
        order(1, day=0, id_="o-2"),
        order(2, day=9, id_="o-3", amount="0.1"),
        order(3, day=9, kind="refund", id_="o-2", amount="1"),
    )
    found = []
    for records in permutations(days):
        intake = after(*(record._replace(offset=place) for place, record in enumerate(records)))
        packs = intake.tallies.groups["acme", "value"].packs
        found.append({key: {name: cell[2:] for name, cell in pack.items()} for key, pack in packs.items()})
    assert all(each == found[0] for each in found)
