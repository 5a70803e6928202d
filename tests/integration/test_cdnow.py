"""A shop's real history through a real Kafka: each figure equals the one computed offline with pandas."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd
import pytest

from tests.support import cdnow
from tests.support.exposition import differences
from tests.support.recount.model import Cell
from tests.support.replayed import Replayed, StartWorker
from tests.support.spoiled import encode, rfc3339
from tests.support.stories import Message
from tests.support.truth import scores_of, wait_until_taken
from tests.support.wait import eventually

CONFIG = """
[kpis]
inactivity = "90d"
[kpis.bg_nbd]
r = 0.243
alpha = 4.414
a = 0.793
b = 2.426
unit = "7d"
horizon = "273d"
[kpis.gamma_gamma.USD]
p = 6.25
q = 3.74
v = 15.44
"""
SETTINGS = {"CX_CLOCK": "event", "CX_WINDOWS": "30d,600d", "CX_MIN_PRIVACY": "1"}
MONTH, WHOLE = "30d", "600d"
_LENGTH, _PANE = pd.Timedelta(days=30), pd.Timedelta(hours=12)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def test_each_month_of_cdnow_is_what_pandas_makes_of_it(
    cx_env: dict[str, str], start_worker: StartWorker, tmp_path: Path
) -> None:
    """Churn and retention of every month; of all customers so far, what they paid and will pay."""
    config = tmp_path / "cx.toml"
    config.write_text(CONFIG, encoding="utf-8")
    service = Replayed(cx_env | SETTINGS | {"CX_CONFIG": str(config)}, start_worker, 2)
    orders = cdnow.orders()
    assert (6_919, 2_357) == (len(orders), orders["customer"].nunique())
    months = orders["day"].dt.to_period("M")
    for month in months.unique():
        service.send(purchases(orders[months == month]))
        bought = orders[months <= month]
        wait_until_taken(service.workers, len(bought))
        assert_shown(service, of_the_month(bought) | of_all(bought))


def purchases(orders: pd.DataFrame) -> Iterator[Message]:
    """The orders as events."""
    for order in orders.itertuples():
        subject = f"cdnow-{order.customer}"
        event = {
            "specversion": "1.0",
            "id": f"cdnow-{order.Index}",
            "source": "/cdnow",
            "type": "cx.purchase.v1",
            "time": rfc3339(order.day.value // 1_000_000),
            "subject": subject,
            "data": {"order_id": str(order.Index), "amount": order.amount, "currency": "USD"},
        }
        yield Message("relationships", f"default:{subject}".encode(), encode(event))


def assert_shown(service: Replayed, expected: Mapping[Cell, float]) -> None:
    """Wait until the workers export these figures, and no other of their families and windows."""
    wanted = {(name, dict(labels)["window"]) for name, labels in expected}

    def equal() -> bool:
        found = {
            cell: value
            for cell, value in scores_of(service.workers).items()
            if (cell[0], dict(cell[1])["window"]) in wanted
        }
        assert [] == differences(expected, found)
        return True

    eventually(equal, 60, "the workers export what pandas computes")


def of_the_month(bought: pd.DataFrame) -> dict[Cell, float]:
    """Of the window that ends with the pane of the last order."""
    end = bought["day"].max() + _PANE
    active, lost = cdnow.kept(bought, end - _LENGTH, end)
    found = {"cx_customers_active": float(active), "cx_customers_lost": float(lost)}
    if active:
        found |= {"cx_churn_ratio": lost / active, "cx_retention_ratio": 1 - lost / active}
    return {cell(name, MONTH, kind="purchase"): value for name, value in found.items()}


def of_all(bought: pd.DataFrame) -> dict[Cell, float]:
    """Of the customers so far."""
    return {
        cell("cx_one_time_buyer_ratio", WHOLE): cdnow.bought_once(bought),
        cell("cx_clv_mean", WHOLE, method="historical", currency="USD"): cdnow.paid(bought),
        cell("cx_clv_mean", WHOLE, method="predicted", currency="USD"): cdnow.predicted(bought),
    }


def cell(name: str, window: str, **own: str) -> Cell:
    """A sample of the only series."""
    series = dict.fromkeys(("level", "channel", "touchpoint", "segment"), "")
    return name, tuple(
        sorted({**series, "tenant": "default", "by": "total", "window": window, **own}.items())
    )
