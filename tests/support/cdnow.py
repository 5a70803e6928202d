"""CDNOW: who bought what when, of 1997 and half of 1998 (Fader and Hardie), and what pandas makes of it.

The sample of 2 357 customers on which the parameters below were published. Offline: nothing of the service is
used, and the predictions are those of `lifetimes`.
"""

from importlib.resources import files
from typing import Any, Final

import pandas as pd
from lifetimes import BetaGeoFitter, GammaGammaFitter
from lifetimes.utils import summary_data_from_transaction_data

BG_NBD: Final = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
"""Fader, Hardie and Lee (2005), in weeks."""
GAMMA_GAMMA: Final = {"p": 6.25, "q": 3.74, "v": 15.44}
"""Fader and Hardie (2013), in dollars."""
WEEKS: Final = 39
INACTIVITY_DAYS: Final = 90
_DAY: Final = pd.Timedelta(days=1)


def orders() -> pd.DataFrame:
    """Customer, day and amount (as spelled) of each order, in the order of the days."""
    text = files("lifetimes").joinpath("datasets/CDNOW_sample.txt").read_text(encoding="ascii")
    found = pd.DataFrame(
        [(line.split()[1], line.split()[2], line.split()[4]) for line in text.splitlines()],
        columns=["customer", "day", "amount"],
    )
    found["day"] = pd.to_datetime(found["day"], format="%Y%m%d")
    found["paid"] = found["amount"].astype(float)
    return found.sort_values("day", kind="stable", ignore_index=True)


def kept(bought: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> tuple[int, int]:
    """How many were active just before a window's start, and how many of these are not at its end."""
    active = _active(bought, start)
    return len(active), len(active - _active(bought, end))


def _active(bought: pd.DataFrame, at: pd.Timestamp) -> set[str]:
    """Who bought before that time, and less than `INACTIVITY_DAYS` before it."""
    recent = bought[(bought["day"] < at) & (bought["day"] + INACTIVITY_DAYS * _DAY >= at)]
    return set(recent["customer"])


def bought_once(bought: pd.DataFrame) -> float:
    """The share of the customers with one order."""
    return float((bought.groupby("customer").size() == 1).mean())


def paid(bought: pd.DataFrame) -> float:
    """What a customer has paid, on average."""
    return float(bought.groupby("customer")["paid"].sum().mean())


def predicted(bought: pd.DataFrame) -> float:
    """What a customer will pay in the next weeks after the last order of all, on average."""
    summary = summary_data_from_transaction_data(
        bought, "customer", "day", "paid", observation_period_end=bought["day"].max(), freq="D"
    )
    often = _fitted(BetaGeoFitter(), BG_NBD).conditional_expected_number_of_purchases_up_to_time(
        WEEKS, summary["frequency"], summary["recency"] / 7, summary["T"] / 7
    )
    spent = _fitted(GammaGammaFitter(), GAMMA_GAMMA).conditional_expected_average_profit(
        summary["frequency"], summary["monetary_value"]
    )
    return float((often * spent).mean())


def _fitted(model: Any, parameters: dict[str, float]) -> Any:
    """The model as published instead of as fitted."""
    model.params_ = pd.Series(parameters)
    return model
