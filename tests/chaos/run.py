"""One run: start everything, strike as scheduled, compare."""

import asyncio
import threading
import time
from pathlib import Path

from stream import topics
from stream.settings import Settings
from tests.chaos.load import Load
from tests.chaos.presence import doubled, joined, missing, recoveries, seconds, stretches
from tests.chaos.report import Report
from tests.chaos.schedule import schedule
from tests.chaos.service import Service
from tests.chaos.verdict import compare, oracle, unrejected, wait_until_counted
from tests.chaos.watch import Watch, wrong_spans
from tests.support.traffic import SOURCES, ends

_STEP_S = 0.1
_SHOWN = 5


class Run:
    """A seeded run in a folder of its own, where logs and the broker's data are left."""

    def __init__(self, seed: int, length_s: float, rate: float, folder: Path, *, broker: bool = True) -> None:
        """`rate`: events a second; `broker`: whether that is struck as well."""
        self.service = Service(folder, seed)
        self.watch = Watch(self.service)
        members = "static" if self.service.static else "dynamic"
        self.report = Report(
            seed,
            length_s,
            f"{rate:g} events/s, {self.service.clock} clock, {members} membership, {self.service.store}, "
            f"latest per customer {self.service.latest}",
            schedule(seed, length_s, broker=broker),
            folder=str(folder),
        )
        self._rate = rate
        self._over = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, name="supervisor", daemon=True)
        self._begun_s = 0.0

    def __call__(self) -> Report:
        """Do it all; whatever happens, no process is left."""
        try:
            self.service.broker.start()
            asyncio.run(topics.ensure(Settings.from_env(self.service.env)))
            prefix, report = self.service.env["CX_TOPIC_PREFIX"], self.report
            load = Load(self.service.broker.bootstrap, prefix, report.seed, self._rate, report.seconds)
            load.start()
            self.service.start()
            self._supervisor.start()
            self._begun_s = time.monotonic()
            for phase in report.phases:
                self.report.struck += self.service.strike(phase)
                if phase.calm:
                    self._count(load)
            self._judge(load)
        finally:
            self._over.set()
            self.watch.stop()
            self.service.close()
        return self.report

    def _supervise(self) -> None:
        """Workers that end are started again, and new ones looked at."""
        while not self._over.wait(_STEP_S):
            self.service.watch_over()
            self.watch.look()

    def _count(self, load: Load) -> None:
        """Every record once in cx_records_total as long as no process died."""
        load.pause()
        prefix = self.service.env["CX_TOPIC_PREFIX"]
        self.report.calm_records = ends(self.service.broker.bootstrap, *(prefix + each for each in SOURCES))
        self.report.calm_taken = wait_until_counted(self.service, self.report.calm_records)
        self.report.calm_ended = sum(end.begun for end in self.service.ended)
        load.go_on()

    def _judge(self, load: Load) -> None:
        report = self.report
        load.stop()
        stopped_s = time.monotonic()
        report.unsent, report.disks = load.failed, self.service.limited
        truth, report.records = oracle(self.service)
        report.cells = compare(self.service, truth, stopped_s)
        self.watch.stop()
        report.unrejected = unrejected(self.service, truth)
        report.ended, report.stop_s = self.service.ended, self.service.stop_seconds
        self._measure(load, stopped_s)

    def _measure(self, load: Load, until_s: float) -> None:
        """Recovery, and when series were missing or doubled, while the load ran."""
        report = self.report
        held = stretches(sight for sight in self.watch.sights if sight.to_s <= until_s)
        gaps = [gap for stretch in held.values() for gap in missing(stretch, until_s)]
        twice = [span for stretch in held.values() for span in doubled(stretch)]
        report.watched_s = until_s - self._begun_s
        whole_s = max(1.0, len(held) * report.watched_s)
        report.watched = len(held)
        report.missing_s, report.doubled_s = seconds(gaps), seconds(twice)
        report.missing_share = sum(gap.to_s - gap.from_s for gap in gaps) / whole_s
        report.doubled_share = sum(span.to_s - span.from_s for span in twice) / whole_s
        wrong = wrong_spans(self.watch, load.acknowledged, until_s)
        report.recovery_s = recoveries([at_s for at_s, _ in report.struck], joined(span for span, _ in wrong))
        worst = sorted(wrong, key=lambda each: each[0].from_s - each[0].to_s)[:_SHOWN]
        report.worst = [
            f"{span.from_s - self._begun_s:.1f} s: {span.to_s - span.from_s:.1f} s {what}"
            for span, what in worst
        ]
