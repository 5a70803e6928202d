"""A service that watches the NPS of a shop, and simulated traffic through it, part by part."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import orjson

from stream.alerts.lookout import Lookout
from stream.client import Publisher
from stream.flow.scores import terms
from stream.scoring.message import decode
from stream.settings import Settings
from stream.simulate import Plan, events
from tests.support.records import records

START_MS = 1_790_000_000_000
HOUR_MS = 3_600_000
RATE = 3.5
"""Events a second: about 800 NPS answers to visits an hour."""
WATCHED = """
[alerts]
false_alarms_per_month = 1.0
[[alerts.watch]]
metric = "nps"
normal = 30
tolerate = 5
answers_per_month = 100000
"""


def watching(settings: dict[str, str], folder: Path, watched: str = WATCHED) -> dict[str, str]:
    """These settings, with an eye on the NPS; windows and panes end where the events do."""
    file = folder / "cx.toml"
    file.write_text(watched, encoding="utf-8")
    return settings | {
        "CX_CONFIG": str(file),
        "CX_CLOCK": "event",
        "CX_GRACE": "10m",
        "CX_WINDOWS": "5m,1h,24h",
    }


def plan(scenario: str, seed: int = 1) -> Plan:
    """Two hours as usual, two in which the scenario's trouble is on, and whatever comes after."""
    return Plan(seed, START_MS, RATE, scenario, START_MS + 2 * HOUR_MS, START_MS + 4 * HOUR_MS)


class Traffic:
    """The events of a scenario, published part by part."""

    def __init__(self, settings: dict[str, str], plan: Plan) -> None:
        self.published = 0
        self._settings = Settings.from_env(settings)
        self._start_ms = plan.start_ms
        self._events = events(plan)
        self._next: Any = next(self._events)

    def publish(self, hours: float) -> int:
        """Publish what happens up to so many hours from the start; returns how many events that were."""
        before = self.published
        with Publisher(self._settings) as publisher:
            while self._next[0] < self._start_ms + hours * HOUR_MS:
                publisher.publish(self._next[1])
                self.published += 1
                self._next = next(self._events)
        return self.published - before


def alerts(settings: dict[str, str]) -> list[dict[str, Any]]:
    """The events in the topic of alerts, each as often as it was sent."""
    own = Settings.from_env(settings)
    return [orjson.loads(record.value) for record in records(own.bootstrap, own.topic("alerts"))]


def replayed(settings: dict[str, str]) -> list[dict[str, Any]]:
    """The events that follow from the topic of tallies, without a worker."""
    own = Settings.from_env(settings)
    lookouts: dict[int, Lookout] = defaultdict(lambda: Lookout(terms(own)))
    for record in records(own.bootstrap, own.topic("tallies")):
        lookouts[record.partition].fold(record.offset, decode(own.app_id, record.value))
    return [orjson.loads(value) for each in lookouts.values() for _, value in each.outgoing()]
