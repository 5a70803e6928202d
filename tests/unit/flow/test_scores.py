"""Stage two of one partition: drops are raised out of the checkpoint that holds the evidence."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest
from faust.types import TP

from stream.export.service import ServiceMetrics
from stream.flow.changelog import FencedError, Pair
from stream.flow.outbox import Outbox, Outgoing
from stream.flow.scores import ScoresWork
from stream.scoring.message import Labels, Mark, Message, encode
from stream.settings import Settings
from tests.support.staging import FakeClock

TOTAL: Labels = ("interaction", "total", "", "", "")
GOOD, BAD = (50, 30, 20), (10, 30, 60)
START = 30_000
WATCHED = """
[alerts]
[[alerts.watch]]
metric = "nps"
normal = 30
answers_per_month = 72000
"""


class Read(NamedTuple):
    """A record of the topic of tallies."""

    offset: int
    value: bytes


class Sent(Outbox):
    """Keeps what was sent, and notes it among what happened."""

    def __init__(self, happened: list[str]) -> None:
        self.happened = happened
        self.alerts: list[tuple[bytes | None, Any]] = []

    async def send(self, topic: str, partition: int, records: Any) -> None:
        outgoing: list[Outgoing] = list(records)
        if topic == "cx.alerts":
            self.happened.append("alerts")
            self.alerts += [(key, orjson.loads(value or b"")) for key, value, _ in outgoing]


class Bed:
    """A partition's work, its changelog, and what it did in which order."""

    def __init__(self, folder: Path, watched: str = WATCHED, *, publishing: bool = True) -> None:
        (folder / "cx.toml").write_text(watched, encoding="utf-8")
        self.settings = Settings.from_env(
            {
                "CX_CONFIG": str(folder / "cx.toml"),
                "CX_PARTITIONS": "1",
                "CX_WINDOWS": "1h",
                "CX_CLOCK": "event",
            }
        )
        self.publishing = publishing
        self.happened: list[str] = []
        self.outbox = Sent(self.happened)
        self.log: dict[bytes, bytes] = {}
        self.fails: Exception | None = None
        self.offset = -1
        self.work = self.another()

    def another(self) -> ScoresWork:
        """A worker that begins with what stands in the changelog."""
        made = ScoresWork(
            TP("cx.tallies", 0),
            self.settings,
            self.outbox,
            ServiceMetrics(),
            FakeClock(),
            publishing=self.publishing,
        )
        made.load(list(self.log.items()))
        asyncio.run(made.begin(None, clean=False))
        return made

    def tell(self, tally: Sequence[int], minutes: int) -> None:
        """So many minutes of answers like these, in both kinds of panes."""
        for _ in range(minutes):
            pane = START + (self.offset + 1) // 2
            rows = [(1, pane, 0, TOTAL, tally), (0, pane, 0, TOTAL, tally)]
            self._fold(Message("surveys-0", self.offset, "acme", "nps", pane * 60_000, rows))
            self._fold(Mark("surveys-0", self.offset, (pane + 2) * 60_000, 1))

    def _fold(self, told: Message | Mark) -> None:
        self.offset += 1
        self.work.fold([Read(self.offset, encode(self.settings.app_id, told))])

    def flush(self) -> None:
        asyncio.run(self.work.flush(self._write))

    async def _write(self, pairs: Sequence[Pair]) -> int:
        self.happened.append("write")
        if self.fails is not None:
            raise self.fails
        for key, value in pairs:
            if value is None:
                self.log.pop(key, None)
            else:
                self.log[key] = value
        return 0

    @property
    def kept_for_alerts(self) -> set[bytes]:
        """Kinds of what the changelog holds for them."""
        return {key[:2] for key in self.log if key.startswith(b"a")}


def test_an_alert_is_sent_after_the_checkpoint_that_holds_it_and_then_removed(tmp_path: Path) -> None:
    """Under the key of its series."""
    bed = Bed(tmp_path)
    bed.tell(GOOD, 100)
    bed.tell(BAD, 30)
    bed.flush()
    assert ["write", "alerts"] == bed.happened
    ((key, event),) = bed.outbox.alerts
    assert (b"acme|interaction|total||||nps", "cx.alert.raised.v1") == (key, event["type"])
    assert b"ae" in bed.kept_for_alerts
    assert bed.work.changed
    bed.flush()
    assert b"ae" not in bed.kept_for_alerts
    assert 1 == len(bed.outbox.alerts)


def test_a_worker_that_is_fenced_sends_nothing(tmp_path: Path) -> None:
    """Its evidence is not stored; another worker has it."""
    bed = Bed(tmp_path)
    bed.tell(GOOD, 100)
    bed.tell(BAD, 30)
    bed.fails = FencedError("another's")
    with pytest.raises(FencedError):
        bed.flush()
    assert ["write"] == bed.happened


def test_what_was_stored_and_not_sent_is_sent_by_the_next_owner(tmp_path: Path) -> None:
    """The same bytes under the same id, with the next flush, whether anything else changed or not."""
    bed = Bed(tmp_path)
    bed.tell(GOOD, 100)
    bed.tell(BAD, 30)
    bed.flush()
    (first,) = bed.outbox.alerts
    bed.work = bed.another()
    assert bed.work.changed
    bed.flush()
    assert [first, first] == bed.outbox.alerts
    assert bed.work.lookout is not None
    (standing,) = bed.work.lookout.standings()
    assert standing.active


def test_scores_are_those_of_a_service_that_watches_nothing(tmp_path: Path) -> None:
    """The detector's panes are no window's."""
    watching, plain = Bed(tmp_path), Bed(tmp_path, "")
    for bed in (watching, plain):
        bed.tell(GOOD, 10)
    assert plain.work.merger.rows()
    assert plain.work.merger.rows() == watching.work.merger.rows()
    assert plain.work.lookout is None


def test_what_is_not_watched_any_more_leaves_the_changelog(tmp_path: Path) -> None:
    """With the first checkpoint."""
    bed = Bed(tmp_path)
    bed.tell(GOOD, 10)
    bed.flush()
    assert bed.kept_for_alerts
    after = Bed(tmp_path, "")
    after.log, after.offset = bed.log, bed.offset
    after.work = after.another()
    after.tell(GOOD, 1)
    after.flush()
    assert set() == after.kept_for_alerts


def test_a_series_that_is_not_watched_any_more_is_let_go_of(tmp_path: Path) -> None:
    """Another is."""
    bed = Bed(tmp_path)
    bed.tell(GOOD, 10)
    bed.flush()
    after = Bed(tmp_path, WATCHED.replace("nps", "csat").replace("30", "0.8"))
    after.log = bed.log
    after.work = after.another()
    assert after.work.lookout is not None
    assert [] == after.work.lookout.standings()


def test_a_rebuild_tells_nobody_what_happened_long_ago(tmp_path: Path) -> None:
    """The workers of the former application id told it."""
    bed = Bed(tmp_path, publishing=False)
    bed.tell(GOOD, 100)
    bed.tell(BAD, 30)
    bed.flush()
    bed.flush()
    assert [] == bed.outbox.alerts
    assert b"ae" not in bed.kept_for_alerts


def test_marks_alone_are_not_worth_a_checkpoint(tmp_path: Path) -> None:
    """They come every second, and again after a restart; a pane that closed is."""
    bed = Bed(tmp_path)
    bed.tell(GOOD, 10)
    bed.flush()
    bed._fold(Mark("surveys-0", bed.offset, (START + 11) * 60_000 + 1_000, 1))
    assert not bed.work.changed
    bed._fold(Mark("surveys-0", bed.offset, (START + 12) * 60_000, 1))
    assert bed.work.changed
