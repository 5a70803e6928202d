"""Money that adds up: exact, by currency, and by the days on which customers bought."""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.scoring.estimates import Limits
from stream.scoring.kpis import samples
from stream.scoring.lifetime import Frequency, Spend, purchases, spent
from stream.scoring.panes import ladders
from stream.scoring.parameters import Parameters, Prediction
from stream.scoring.parted import Parted
from stream.scoring.worth import SCALE, Account, Alike, counts_of, exact, worth
from stream.values import Window
from tests.support.tallies import of_accounts

DAY_MS = 86_400_000
LIMITS = Limits(min_privacy=2, min_responses=3)
MONEY = st.integers(-(10**36), 10**36)
ACCOUNTS = st.builds(
    Account,
    st.sampled_from(["SEK", "EUR", "AED", "ZWL"]),
    st.integers(0, 30_000),
    st.integers(0, 400),
    st.integers(0, 1_000),
    MONEY,
    MONEY.map(abs),
).map(lambda account: account._replace(last_day=account.first_day + account.last_day))


@given(st.decimals(min_value=-(10**18) + 1, max_value=10**18 - 1, allow_nan=False, places=18))
def test_decimals_are_taken_exactly(money: Decimal) -> None:
    """All 36 digits of them."""
    text = f"{money:f}"
    sign = -1 if text.startswith("-") else 1
    assert sign * int(text.lstrip("-").replace(".", "")) == exact(text)


@pytest.mark.parametrize(("text", "tenths"), [("-0.1", -1), ("-3", -30), ("007.50", 75), ("0", 0)])
def test_decimals_without_a_point_or_with_zeros(text: str, tenths: int) -> None:
    """As the schema lets them be written."""
    assert tenths * SCALE // 10 == exact(text)


@given(st.lists(ACCOUNTS, min_size=1, max_size=5))
def test_accounts_add_up_by_currency(accounts: list[Account]) -> None:
    """Customers, totals and days, whatever stands beside them; every count and key fits into 64 bits."""
    tally = of_accounts(0, accounts)[1:]
    found = worth(tally)
    assert {each.currency for each in accounts} == set(found)
    for currency, of in found.items():
        own = [each for each in accounts if each.currency == currency]
        assert (len(own), sum(each.total for each in own)) == (of.customers, of.total)
        assert Counter((a.again, a.first_day, a.last_day) for a in own) == {
            (g.again, g.first_day, g.last_day): g.customers for g in of.groups
        }
        assert sum(each.later for each in own) == sum(group.later for group in of.groups)
    assert all(abs(each) < 2**63 for each in tally)


def test_what_is_taken_away_leaves_nothing() -> None:
    """So a customer can be counted anew with every order."""
    account = Account("SEK", 20_000, 20_003, 1, exact("-12.5"), exact("3"))
    counts: Counter[int] = Counter()
    for sign in (1, -1):
        for key, count in counts_of(account):
            counts[key] += sign * count
    assert not any(counts.values())


def of(currency: str, total: str, **changed: Any) -> Account:
    """An account of a customer who bought once."""
    return Account(currency, 20_000, 20_000, 0, exact(total), 0)._replace(**changed)


def shown(day: int, accounts: Iterable[Account], prediction: Prediction | None = None) -> dict[str, float]:
    """Means by method and currency."""
    limits = LIMITS._replace(parameters=Parameters(prediction=prediction))
    return {
        " ".join(text for _, text in labels): value
        for name, labels, value in samples("value", of_accounts(day, accounts), limits)
        if name == "cx_clv_mean"
    }


def test_currencies_are_never_added() -> None:
    """Ten crowns and ten euros are neither twenty of the one nor of the other."""
    accounts = [of("SEK", "10"), of("SEK", "0.3"), of("EUR", "10"), of("EUR", "-2")]
    assert {"historical EUR": 4.0, "historical SEK": 5.15} == shown(20_001, accounts)


def test_a_currency_of_too_few_customers_is_hidden() -> None:
    """However many another one has."""
    assert {"historical SEK": 1.0} == shown(20_001, [of("SEK", "1")] * 3 + [of("EUR", "10")])


def test_a_value_is_predicted_where_both_models_are_given() -> None:
    """The mean over customers of purchases to come times mean purchase; the window's end is what is known."""
    model, money = Frequency(0.243, 4.414, 0.793, 2.426), Spend(6.25, 3.74, 15.44)
    prediction = Prediction(model, 7 * DAY_MS, 39 * 7 * DAY_MS, {"SEK": money})
    loyal = of("SEK", "60", again=2, last_day=20_213, later=exact("44.7"))
    accounts = [of("SEK", "10"), loyal, of("EUR", "1"), of("EUR", "1")]
    expected = [
        purchases(model, 0, 0.0, 272 / 7, 39.0) * spent(money, 0, 0.0),
        purchases(model, 2, 213 / 7, 272 / 7, 39.0) * spent(money, 2, 44.7),
    ]
    found = shown(20_272, accounts, prediction)
    assert sum(expected) / 2 == pytest.approx(found.pop("predicted SEK"))
    assert {"historical EUR": 1.0, "historical SEK": 35.0} == found


def test_an_account_reads_as_it_was_written() -> None:
    """One customer, by all fields."""
    account = Account("ZWL", 20_000, 20_017, 3, exact("-0.000000000000000001"), exact("7"))
    (found,) = worth(of_accounts(0, [account])[1:]).values()
    assert (1, -1, (Alike(3, 20_000, 20_017, 1, 7 * SCALE),)) == found


def test_a_prediction_is_told_anew_each_day_without_an_event() -> None:
    """The row begins with the day on which the windows end."""
    (rung,) = ladders([Window("30d", 30 * DAY_MS)])
    group = Parted("acme", "value", [rung], 10)
    flat = of_accounts(0, [of("SEK", "10")])[1:]
    noon_ms = 20_000 * DAY_MS + DAY_MS // 2
    list(group.advance(noon_ms))
    group.put(("relationships-0", 0), 0, rung.pane(noon_ms), [(("", "total", "", "", "", "0"), flat)])
    told = []
    for end_ms in (noon_ms, noon_ms + 60_000, noon_ms + DAY_MS):
        list(group.advance(end_ms))
        told.append([row.tally[0] for row in group.take_touched()])
    assert [[20_000], [], [20_001]] == told
