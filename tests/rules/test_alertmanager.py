"""The Alertmanager configuration in a real Alertmanager: who is told, and what is held back, and why."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.monitoring import Alertmanager
from tests.support.wait import eventually

_DEADLINE_S = 20
_TOTAL = {
    "alertname": "CxNoAnswers",
    "tenant": "acme",
    "level": "interaction",
    "metric": "nps",
    "by": "total",
}
_CHANNEL = _TOTAL | {"by": "channel", "channel": "chat"}
_STUCK = {"alertname": "CxWorkerStuck", "instance": "a:8000", "topic": "surveys"}


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    """One Alertmanager; each case has a tenant or topic of its own."""
    started = Alertmanager(tmp_path_factory.mktemp("alertmanager"))
    with started.process:
        yield started


def held_back(alertmanager: Alertmanager, *alerts: dict[str, str]) -> list[dict[str, str]]:
    """Hand in alerts and return those that are inhibited, once all have been looked at."""
    alertmanager.post([{"labels": alert, "annotations": {}} for alert in alerts])

    def decided() -> list[dict[str, Any]]:
        known = [alert for alert in alertmanager.alerts() if alert["labels"] in alerts]
        states = {alert["status"]["state"] for alert in known}
        return known if len(alerts) == len(known) and "unprocessed" not in states else []

    known = eventually(decided, _DEADLINE_S, "every alert is active or suppressed")
    return [alert["labels"] for alert in known if alert["status"]["inhibitedBy"]]


def test_a_channel_is_held_back_while_the_total_says_the_same(alertmanager: Alertmanager) -> None:
    """One cause, one notification; another tenant's or metric's channel is told."""
    others = [_CHANNEL | {"metric": "csat"}, _CHANNEL | {"tenant": "globex"}]
    assert [_CHANNEL] == held_back(alertmanager, _TOTAL, _CHANNEL, *others)


def test_a_drop_of_a_channel_is_held_back_while_the_total_has_dropped(alertmanager: Alertmanager) -> None:
    """The total's alert names the channel; another level is another matter."""
    total = _TOTAL | {"alertname": "CxScoreDropped", "tenant": "umbrella"}
    channel = total | {"by": "channel", "channel": "app"}
    assert [channel] == held_back(alertmanager, total, channel, channel | {"level": "journey"})


def test_silence_is_held_back_while_a_worker_stands_still(alertmanager: Alertmanager) -> None:
    """Windows that end now are empty when nothing is processed: that is no news of customers."""
    quiet = _TOTAL | {"tenant": "initech"}
    assert [quiet] == held_back(alertmanager, _STUCK, quiet)


def test_falling_behind_is_held_back_on_the_topic_that_stands_still(alertmanager: Alertmanager) -> None:
    """Another topic may be behind for another reason."""
    behind = {"alertname": "CxFallingBehind", "topic": "surveys"}
    assert [behind] == held_back(alertmanager, _STUCK, behind, behind | {"topic": "interactions"})


def test_a_missing_worker_is_held_back_when_all_are_missing(alertmanager: Alertmanager) -> None:
    """One alert, not one for each worker."""
    down = {"alertname": "CxWorkerDown", "instance": "a:8000"}
    assert [down] == held_back(alertmanager, {"alertname": "CxNoWorker"}, down)
