"""ISO 4217."""

import re

import pytest

from stream.intake.currencies import CURRENCIES


def test_every_code_is_three_capital_letters() -> None:
    """And there are about as many as the standard has."""
    assert all(re.fullmatch("[A-Z]{3}", code) for code in CURRENCIES)
    assert 170 < len(CURRENCIES) < 190


@pytest.mark.parametrize("code", ["EUR", "USD", "JPY", "SEK", "KWD", "XCG", "ZWG", "VED", "XAU", "BGN"])
def test_codes_in_use_are_known(code: str) -> None:
    """Also new ones, metals, and one that went lately."""
    assert code in CURRENCIES


@pytest.mark.parametrize("code", ["XXX", "XTS", "DEM", "BTC", "EURO", "eur", "UKP"])
def test_codes_that_no_amount_can_be_in_are_not_known(code: str) -> None:
    """Old ones, invented ones, and those that mean no currency."""
    assert code not in CURRENCIES
