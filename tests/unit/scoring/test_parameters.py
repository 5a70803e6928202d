"""The table `kpis`: what it may say of models, and what is wrong with it."""

from typing import Any

import pytest

from stream.scoring.lifetime import Frequency, Spend
from stream.scoring.parameters import Prediction, parameters

OFTEN: dict[str, Any] = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
SPEND: dict[str, Any] = {"p": 6.25, "q": 3.74, "v": 15.44}


def test_models_are_read_with_weeks_and_a_year_as_defaults() -> None:
    """Whole numbers are numbers too."""
    found = parameters({"bg_nbd": OFTEN | {"a": 2}, "gamma_gamma": {"SEK": SPEND}}).prediction
    day_ms = 86_400_000
    expected = (
        Frequency(0.243, 4.414, 2.0, 2.426),
        7 * day_ms,
        364 * day_ms,
        {"SEK": Spend(6.25, 3.74, 15.44)},
    )
    assert Prediction(*expected) == found


def test_without_models_nothing_is_predicted() -> None:
    """There is no default: parameters are fitted to a shop."""
    assert parameters({}).prediction is None


@pytest.mark.parametrize(
    ("table", "named"),
    [
        ({"bg_nbd": OFTEN}, "both or neither"),
        ({"gamma_gamma": {"SEK": SPEND}}, "both or neither"),
        ({"bg_nbd": OFTEN | {"a": 1}, "gamma_gamma": {}}, "`a` that is not 1"),
        ({"bg_nbd": OFTEN | {"r": 0}, "gamma_gamma": {}}, "`r` of [kpis.bg_nbd]"),
        ({"bg_nbd": OFTEN | {"b": True}, "gamma_gamma": {}}, "`b` of [kpis.bg_nbd]"),
        ({"bg_nbd": OFTEN | {"beta": 1}, "gamma_gamma": {}}, "instead of beta in [kpis.bg_nbd]"),
        ({"bg_nbd": OFTEN | {"unit": "soon"}, "gamma_gamma": {}}, "`unit` of [kpis.bg_nbd]"),
        ({"bg_nbd": OFTEN, "gamma_gamma": {"SEK": SPEND | {"q": 1}}}, "`q` of [kpis.gamma_gamma.SEK]"),
        ({"bg_nbd": OFTEN, "gamma_gamma": {"kronor": SPEND}}, "instead of kronor"),
        ({"bg_nbd": OFTEN, "gamma_gamma": SPEND}, "instead of p"),
        ({"bg_nbd": OFTEN, "gamma_gamma": 3}, "[kpis.gamma_gamma]"),
    ],
)
def test_what_is_wrong_is_named(table: Any, named: str) -> None:
    """So that a person can mend it."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is what is looked at
        parameters(table)
    assert named in str(caught.value)
