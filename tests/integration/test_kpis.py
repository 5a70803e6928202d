"""Every KPI on a real Kafka, two workers, by the event clock: each exported cell against the oracle."""

from collections import Counter
from collections.abc import Mapping
from itertools import count
from pathlib import Path

import pytest

from tests.support import exposition
from tests.support.configured import configured
from tests.support.recount.model import Cell
from tests.support.replayed import Replayed, StartWorker
from tests.support.spoiled import encode, rfc3339
from tests.support.stories import DAY, HOUR, Message
from tests.support.trouble import KNOWN_TENANTS, MAKERS, Trouble
from tests.support.truth import scores_of

SEED = 20260504
NOW_MS = 1_790_000_000_000
SETTINGS = {
    "CX_CLOCK": "event",
    "CX_WINDOWS": "5m,1h,30d",
    "CX_TENANTS": KNOWN_TENANTS,
    "CX_VIEWS": "total,channel,plan+region",
    "CX_MIN_PRIVACY": "2",
    "CX_MAX_LATENESS": "20d",
}
STEPS_MS = (2 * HOUR, 3 * DAY, 15 * DAY, -DAY)
_numbers = count()
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.mark.parametrize("latest", ["off", "on"])
def test_every_cell_of_every_kpi(
    cx_env: dict[str, str], start_worker: StartWorker, tmp_path: Path, latest: str
) -> None:
    """Few customers do all that can be done, in no order, over weeks; half is there before the workers."""
    store = {"off": "memory", "on": "rocksdb"}[latest]
    env = cx_env | SETTINGS | {"CX_CONFIG": configured(tmp_path)}
    env |= {"CX_LATEST_PER_CUSTOMER": latest, "CX_STORE": store}
    trouble = Trouble(SEED, NOW_MS, customers=240, makers=MAKERS | {"other": 90})
    service = Replayed(env, start_worker, 0)
    service.send(trouble.messages(3_000))
    service.workers += [service.start(), service.start()]
    for worker in service.workers:
        worker.wait_until_ready()
    for step_ms in STEPS_MS:
        trouble.pass_time(step_ms)
        service.send(trouble.messages(800))
        assert_no_share_above_one(service)
    expected = service.assert_exact()
    assert_told(expected)
    assert_no_share_above_one(service)


def assert_no_share_above_one(service: Replayed) -> None:
    """The response rate above all, whatever has been taken by now."""
    shares = {cell: value for cell, value in scores_of(service.workers).items() if cell[0].endswith("_ratio")}
    assert {} == {cell: value for cell, value in shares.items() if not 0 <= value <= 1}


def assert_told(expected: Mapping[Cell, float]) -> None:
    """There is something of every KPI, and of each more than nothing: else the comparison says little."""
    families = {name.removesuffix("_lower").removesuffix("_upper") for name, _ in expected}
    assert {*exposition.SCORED, *exposition.AGEING} == families
    most: Counter[str] = Counter()
    for (name, labels), value in expected.items():
        own = dict(labels)
        kind = own.get("kind") or own.get("method") or own.get("clock") or own.get("dimension") or ""
        most[f"{name} {kind}".strip()] = max(most[f"{name} {kind}".strip()], int(100 * value))
    assert [] == [
        name
        for name in (
            "cx_customers_lost purchase",
            "cx_customers_lost subscription",
            "cx_clv_mean historical",
            "cx_clv_mean predicted",
            "cx_first_response_seconds wall",
            "cx_first_response_seconds business",
            "cx_tickets_waiting",
            "cx_oldest_waiting_seconds",
            "cx_one_time_buyer_ratio",
            "cx_journey_duration_seconds",
            "cx_satisfaction_index",
            "cx_pyramid_score overall",
            "cx_survey_response_ratio",
        )
        if most[name] <= 0
    ]


def order(kind: str, subject: str, days: float, amount: str) -> Message:
    """An order, or the refund of the customer's first one, so many days after the start."""
    number = next(_numbers)
    order_id = "o-1" if kind == "refund" else f"o-{number}"
    event = {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": "/shop",
        "type": f"cx.{kind}.v1",
        "time": rfc3339(NOW_MS + int(days * DAY)),
        "subject": subject,
        "data": {"order_id": order_id, "amount": amount, "currency": "SEK"},
    }
    return Message("relationships", f"default:{subject}".encode(), encode(event))


def test_a_late_purchase_takes_a_lost_customer_back(
    cx_env: dict[str, str], start_worker: StartWorker, tmp_path: Path
) -> None:
    """Nobody says that a customer is lost: the others' time passes. And what they bought counts once more."""
    env = cx_env | SETTINGS | {"CX_CONFIG": configured(tmp_path), "CX_MIN_PRIVACY": "1"}
    service = Replayed(env, start_worker, 2)
    service.send([order("purchase", "lost", -35, "10.10"), order("purchase", "loyal", -35, "5")])
    service.send([order("purchase", "loyal", -days, "5") for days in (30, 25, 20, 15, 10, 5, 0)])
    assert (2.0, 1.0) == customers(service)
    service.send([order("purchase", "lost", -4, "0.05")])
    assert (2.0, 0.0) == customers(service)
    service.send([order("refund", "lost", -3, "0.15")])
    assert (2.0, 0.0) == customers(service)


def customers(service: Replayed) -> tuple[float, float]:
    """Who bought and was active thirty days ago, and who of these is lost; every other cell is right too."""
    by_name = {
        name: value
        for (name, labels), value in service.assert_exact().items()
        if {("window", "30d"), ("kind", "purchase")} <= set(labels)
    }
    return by_name["cx_customers_active"], by_name["cx_customers_lost"]
