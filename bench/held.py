"""How much memory a worker's state takes: `python -m bench.held answers|invitations|panes …`; no Kafka.

One kind of state in a process that holds nothing else, in the store in memory:

    answers        an answer of a customer each, with channel and touchpoint, never edited
    invitations    an open invitation of a customer each
    panes          every pane of six windows of many series, `--traffic` events in each; in the intake and,
                   unless `--alone`, in the merger behind it

Resident memory is looked at again and again while the state grows. Dicts grow by leaps, so the highest mean
of the later half counts; panes come and pass on the way, so of them what the end leaves.
"""

import argparse
import gc
import json
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import count, islice
from pathlib import Path

from stream.flow.intake import rules
from stream.intake.partition import Intake
from stream.intake.record import Source
from stream.scoring.merge import Merger
from stream.scoring.message import Message, decode, encode
from stream.scoring.panes import ladders
from stream.settings import Settings
from tests.support.folding import Stored

_NOW_MS = 1_790_000_000_000
_STEP = 2_000
_LOOKS = 20
_WARM_UP = 5_000
_SETTINGS = {
    "CX_CLOCK": "event",
    # The last ids and where customers belong take memory of their own, bounded whatever comes: about 8 and
    # 10 MB a source partition. With one partition all belong there.
    "CX_PARTITIONS": "1",
    "CX_DEDUP_RECORDS": "1000",
    "CX_VIEWS": "channel",
    "CX_MAX_SERIES": "1000000",
}
_ENVELOPE = (
    '{"specversion":"1.0","id":"e-%d","source":"/s","type":"cx.%s.v1","time":"%s","subject":"c-%d",'
    '"tenantid":"acme","data":{%s}}'
)
_ANSWER = (
    '"response_id":"r-%d","survey_id":"after-visit","answers":[{"metric":"nps","value":%d}],'
    '"channel":"web","touchpoint":"cart"'
)
_INVITATION = (
    '"invitation_id":"i-%d","survey_id":"after-visit","metrics":["nps"],"level":"interaction",'
    '"channel":"web","touchpoint":"cart"'
)
_INTERACTION = '"interaction_id":"i-%d","channel":"channel-%d","valence":"positive"'


class State:
    """Both stages for one source partition."""

    def __init__(self, topic: str, *, alone: bool) -> None:
        """`alone`: without the merger."""
        self.settings = Settings.from_env(_SETTINGS)
        self.intake = Intake(Source(topic, 0), rules(self.settings))
        self.merger = None if alone else Merger(ladders(self.settings.windows), by_event_time=True)
        self.taken = self.counted = 0
        """Records given, and those of them that counted."""
        self._messages = count()

    def take(self, records: Sequence[Stored]) -> None:
        """Count records, and hand on what they change; nothing of the way is kept."""
        self.taken += len(records)
        self.intake.fold(records, records[-1].timestamp)
        step = self.intake.checkpoint()
        self.counted += step.counts.outcomes["counted"]
        for message in self.intake.messages(step.position, step.rows):
            if self.merger is not None:
                # Through bytes, as over the topic: what is decoded shares nothing with what was encoded.
                told = decode("cx", encode("cx", message))
                assert isinstance(told, Message)
                self.merger.fold(next(self._messages), told)
        if self.merger is not None:
            self.merger.changes()

    def panes(self) -> int:
        """Counts held of a series in a pane."""
        groups = self.intake.tallies.groups.values()
        return sum(len(pack) for group in groups for pack in group.packs.values())


def answers(number: int) -> Stored:
    """The answer of one more customer."""
    return _stored(number, "survey.answered", _ANSWER % (number, number % 11), _NOW_MS + number)


def invitations(number: int) -> Stored:
    """The invitation of one more customer."""
    return _stored(number, "survey.sent", _INVITATION % number, _NOW_MS + number)


def interactions(series: int, traffic: int) -> Iterator[Stored]:
    """So many events in every pane of every window, ever later, until all windows are full."""
    rungs = ladders(Settings.from_env(_SETTINGS).windows)
    ages_ms = sorted(
        {rung.width_ms * pane + rung.width_ms // 2 for rung in rungs for pane in range(rung.panes)},
        reverse=True,
    )
    numbers = count()
    for age_ms in ages_ms:
        for channel in range(series):
            for number in islice(numbers, traffic):
                data = _INTERACTION % (number, channel)
                yield _stored(number, "interaction", data, _NOW_MS - age_ms)


def _stored(number: int, kind: str, data: str, at_ms: int) -> Stored:
    time = datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    value = _ENVELOPE % (number, kind, time, number, data)
    return Stored(number, value.encode(), at_ms, b"acme:c-%d" % number)


def grown(state: State, make: Callable[[int], Stored], entities: int) -> float:
    """Bytes an entity, one a record: the highest mean of the later half of the looks."""
    state.take([make(number) for number in range(_WARM_UP)])
    before, step = _rss(), entities // _LOOKS
    looks = []
    for start in range(_WARM_UP, _WARM_UP + entities, step):
        for at in range(start, start + step, _STEP):
            state.take([make(number) for number in range(at, min(at + _STEP, start + step))])
        looks.append((_rss() - before) / (start + step - _WARM_UP))
    return max(looks[len(looks) // 2 :])


def filled(state: State, series: int, traffic: int) -> float:
    """Bytes a pane of a series."""
    before = _rss()
    records = interactions(series, traffic)
    while step := list(islice(records, _STEP)):
        state.take(step)
    return (_rss() - before) / state.panes()


def _rss() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Measure one kind, and write what was found as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=("answers", "invitations", "panes"))
    parser.add_argument("--count", type=int, required=True, help="entities; of panes, series")
    parser.add_argument("--traffic", type=int, default=1)
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    told = parser.parse_args()
    state = State("interactions" if told.kind == "panes" else "surveys", alone=told.alone)
    if told.kind == "panes":
        size = filled(state, told.count, told.traffic)
    else:
        size = grown(state, {"answers": answers, "invitations": invitations}[told.kind], told.count)
    found = {"bytes": size, "taken": state.taken, "counted": state.counted}
    told.out.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
