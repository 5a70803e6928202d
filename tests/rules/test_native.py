"""The monitoring configuration in real programs: Prometheus scrapes, evaluates, and tells the Alertmanager.

Every expression of the dashboard and of the recording rules must return data; of an alert, every selector
must (the whole is empty as long as all is well; that it fires is what the promtool tests show).
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stream import topics
from stream.alerts.attribution import Contribution
from stream.alerts.lookout import Standing
from stream.client import Publisher
from stream.export.http import start_http
from stream.export.service import ServiceMetrics
from stream.intake.rejection import Reason
from stream.scoring.families import (
    BUYER_FAMILIES,
    FAMILIES,
    INDEX_METRICS,
    JOURNEY_FAMILIES,
    PYRAMID_METRICS,
    TICKET_FAMILIES,
    Row,
    Rows,
    Series,
)
from stream.settings import Settings
from tests.support import promql
from tests.support.monitoring import Alertmanager, Prometheus
from tests.support.processes import Worker
from tests.support.tallies import of_n
from tests.support.wait import eventually

pytestmark = pytest.mark.slow

# Two scrapes, so that rates exist, and an evaluation after them; then another for rules that rest on rules.
_DEADLINE_S = 90
_OWN_LEVEL = {
    "positive": "interaction",
    **dict.fromkeys(JOURNEY_FAMILIES, "journey"),
    **dict.fromkeys((*TICKET_FAMILIES, "churn_subscription", *BUYER_FAMILIES), ""),
}
"""Families that have one level only."""


class MadeUp:
    """Rows of every view, level and KPI family, and a little of everything the service says of itself."""

    def __init__(self) -> None:
        """Fill the service's own figures."""
        self.metrics = ServiceMetrics()
        self.metrics.budget(1.0)
        total = "acme", "nps", ("interaction", "total", "", "", "")
        part = Contribution("channel", "web", "rate", -2.0, 1.0)
        self.watched = [
            Standing(total, 0.4, active=False, points=-2.0, since_ms=0, contributions=[part], late=1)
        ]
        for topic in ("surveys", "interactions"):
            self.metrics.records(topic, "counted", 1000)
            self.metrics.watermark(topic, 1_750_000_000_000)
            self.metrics.lag(topic, 0)
        self.metrics.rejected("surveys", Reason.OFF_SCALE, 3)
        self.metrics.overflowed("channel")
        self.metrics.ages.observe(120, 1000)
        self.metrics.recovered(0.4)
        self.metrics.ready(is_ready=True)

    def series(self) -> list[Rows]:
        """Return the tallies."""
        return [
            (Row(Series("acme", level, by, channel, touchpoint, ""), family, window, of_n(family, 400)),)
            for level in ("", "interaction", "journey", "relationship")
            for by, channel, touchpoint in (
                ("total", "", ""),
                ("channel", "web", ""),
                ("touchpoint", "", "pay"),
            )
            for window in ("5m", "1h", "24h", "30d")
            for family in FAMILIES
            if _OWN_LEVEL.get(family, level or "none") == level
        ]

    def standings(self) -> list[Standing]:
        """Return what is watched."""
        return list(self.watched)

    def ready(self) -> tuple[bool, str]:
        """Return that all is well."""
        return True, ""


@pytest.fixture
def made_up_worker() -> Iterator[str]:
    """`host:port` of the service's own HTTP port over made-up rows."""
    source, loop = MadeUp(), asyncio.new_event_loop()
    settings = Settings.from_env({"CX_METRICS_PORT": "0"})
    runner = loop.run_until_complete(start_http(settings, source, source.metrics))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield "{}:{}".format(*runner.addresses[0])
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def expect_data(prometheus: Prometheus) -> None:
    """Wait until every expression has returned data, and tell those that have not."""
    wanted = [expression.chosen() for expression in promql.of_dashboards()]
    wanted += [promql.Expression(rule["record"], rule["record"]) for rule in promql.recordings()]
    wanted += [
        promql.Expression(expression.where, str(selector))
        for expression in promql.of_rules()
        for selector in expression.selectors
    ]
    missing = wanted

    def all_there() -> bool:
        nonlocal missing
        missing = [expression for expression in missing if not prometheus.query(expression.text)]
        assert not missing, "\n".join(map(str, missing))
        return True

    eventually(all_there, _DEADLINE_S, "every expression returns data")


def expect_sound_rules(prometheus: Prometheus) -> None:
    """Every rule has been evaluated without an error, and every target has been scraped."""
    rules = [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]
    assert len(promql.rules()) == len(rules)
    assert {"ok"} == {rule["health"] for rule in rules}
    assert {"up"} == {target["health"] for target in prometheus.get("targets")["activeTargets"]}


def test_every_expression_returns_data_of_made_up_scores(made_up_worker: str, tmp_path: Path) -> None:
    """Without Kafka: the real HTTP port, Prometheus, Alertmanager; an alert arrives with links that work."""
    alertmanager = Alertmanager(tmp_path / "alertmanager")
    prometheus = Prometheus(
        tmp_path / "prometheus", workers=[made_up_worker], alertmanagers=[alertmanager.address]
    )
    with alertmanager.process, prometheus.process:
        expect_data(prometheus)
        expect_sound_rules(prometheus)
        for rule in promql.alerts():
            assert prometheus.page(f"/consoles/{rule['alert']}.md").startswith(f"# {rule['alert']}\n")
        (alert,) = eventually(alertmanager.alerts, _DEADLINE_S, "the overflow reaches the Alertmanager")
        assert {"alertname": "CxLabelsOverflowed", "label": "channel", "severity": "warning"} == alert[
            "labels"
        ]
        assert f"{prometheus.url}/consoles/CxLabelsOverflowed.md" == alert["annotations"]["runbook_url"]
        assert "http://127.0.0.1:3000/d/cx-stream" == alert["annotations"]["dashboard_url"]
        assert "today" == alert["receivers"][0]["name"]


def test_every_expression_returns_data_of_a_real_worker(
    cx_env: dict[str, str], start_worker: Callable[[dict[str, str]], Worker], tmp_path: Path
) -> None:
    """The whole way: events in a real Kafka, a worker, a Prometheus. No alert fires but the one provoked."""
    config = tmp_path / "cx.toml"
    config.write_text(
        '[schedules.default]\ntimezone = "UTC"\nhours = {}\n'
        '[[alerts.watch]]\nmetric = "csat"\nnormal = 0.3\n',
        encoding="utf-8",
    )
    settings = cx_env | {"CX_MAX_SERIES": "3", "CX_CONFIG": str(config), "CX_GRACE": "1s"}
    asyncio.run(topics.ensure(Settings.from_env(settings)))
    with Publisher(Settings.from_env(settings)) as publisher:
        for event in _events():
            publisher.publish(event)
    worker = start_worker(settings)
    worker.wait_until_ready()
    prometheus = Prometheus(tmp_path / "prometheus", workers=[f"127.0.0.1:{worker.port}"])
    with prometheus.process:
        expect_data(prometheus)
        expect_sound_rules(prometheus)
        (n,) = prometheus.query(
            'series:cx_survey_responses:sum{tenant="acme",level="interaction",by="total",window="1h",metric="nps"}'
        )
        assert str(_CUSTOMERS) == n["value"][1]
        firing = eventually(
            lambda: prometheus.query('ALERTS{alertstate="firing"}'), _DEADLINE_S, "the overflow fires"
        )
        assert {"CxLabelsOverflowed"} == {sample["metric"]["alertname"] for sample in firing}


_CUSTOMERS = 60
_TRIOS = (*PYRAMID_METRICS, *INDEX_METRICS)
_AGO = timedelta(seconds=90)
"""Longer than a pane, so that the detector takes it at once."""


def _events() -> Iterator[dict[str, Any]]:
    """Yield a little of every KPI for each customer, of more channels than may be."""
    for number in range(_CUSTOMERS):
        where = {"channel": f"channel-{number % 5}", "touchpoint": "pay"}
        ids = {"survey_id": "s", "invitation_id": "i"}
        answers = [{"metric": metric, "value": 1 + number % 5} for metric in ("nps", "csat", "ces", *_TRIOS)]
        valence = "negative" if number % 3 else "positive"
        yield _event(number, "cx.survey.sent.v1", where | ids | {"metrics": ["nps"], "level": "interaction"})
        yield _event(number, "cx.survey.answered.v1", ids | {"response_id": "r", "answers": answers})
        for level in ("journey", "relationship"):
            asked = {"response_id": f"r-{level}", "level": level, "answers": answers}
            yield _event(number, "cx.survey.answered.v1", asked, level)
        yield _event(number, "cx.interaction.v1", where | {"interaction_id": "x", "valence": valence})
        yield _event(number, "cx.journey.started.v1", {"journey_id": "j", "name": "move"})
        yield _event(number, "cx.journey.ended.v1", {"journey_id": "j", "outcome": "achieved"})
        since = {"subscription_id": "s", "effective_at": "2020-01-01T00:00:00Z"}
        yield _event(number, "cx.subscription.started.v1", since)
        order = {"order_id": "o", "amount": "9.90", "currency": "SEK"}
        yield _event(number, "cx.purchase.v1", order)
        for ticket in ("answered", "waiting"):
            opened = {"ticket_id": ticket, "channel": "channel-1"}
            yield _event(number, "cx.ticket.opened.v1", opened, ticket)
        yield _event(number, "cx.ticket.responded.v1", {"ticket_id": "answered", "responder": "human"})


def _event(customer: int, type_: str, fields: dict[str, Any], part: str = "") -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"{type_}-{customer}-{part}",
        "source": "/test",
        "type": type_,
        "time": (datetime.now(UTC) - _AGO).isoformat(),
        "subject": f"c-{customer}",
        "tenantid": "acme",
        "data": fields,
    }
