"""Laws of the lookout: a restart neither loses evidence nor raises twice, wherever it strikes."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stream.alerts.lookout import Lookout, Terms
from stream.alerts.watches import alerts
from stream.scoring.families import Tally
from stream.scoring.message import Labels, Mark, Message, Row
from stream.values import views

HOUR_MS = 3_600_000
START = 500_000
VIEWS = views("total,channel")
TOTAL: Labels = ("interaction", "total", "", "", "")
CHANNELS: list[Labels] = [("interaction", "channel", each, "", "") for each in ("web", "app")]
TABLE = {
    "watch": [
        {"metric": "nps", "normal": 30, "tolerate": 0},
        {"metric": "nps", "view": "channel", "normal": 30, "answers_per_month": 100},
        {"metric": "csat", "tenant": "globex"},
    ]
}
TERMS = Terms(
    alerts(TABLE, frozenset(view.label for view in VIEWS)),
    VIEWS,
    rung=1,
    width_ms=HOUR_MS,
    grace_ms=HOUR_MS // 2,
    sources={"surveys": 2},
    min_answers=1,
    kept=20,
)
TALLIES: dict[str, st.SearchStrategy[Tally]] = {
    "nps": st.sampled_from([(5, 3, 2), (1, 3, 6), (0, 0, 9), (9, 0, 0), (0, 0, 0)]),
    "csat": st.sampled_from([(0, 0, 1, 5, 4), (6, 2, 1, 0, 0)]),
}


@st.composite
def topics(draw: st.DrawFn) -> list[Message | Mark | None]:
    """What two sources tell in one partition of the tallies, hour by hour; some of it late, some again."""
    told: list[Message | Mark | None] = []
    counts: dict[tuple[str, str, str, int, Labels], Tally] = {}
    for hour in range(draw(st.integers(1, 25))):
        for source in ("surveys-0", "surveys-1"):
            pane = START + hour - draw(st.sampled_from([0, 0, 0, 1, 4]))
            tenant, family = draw(st.sampled_from([("acme", "nps"), ("acme", "nps"), ("globex", "csat")]))
            channel = draw(st.sampled_from(CHANNELS))
            tally = draw(TALLIES[family])
            rows: list[Row] = []
            for series in (TOTAL, channel):
                key = source, tenant, family, pane, series
                counts[key] = tuple(map(sum, zip(tally, counts.get(key, (0,) * len(tally)), strict=True)))
                rows.append((1, pane, 0, series, counts[key]))
            told.append(Message(source, len(told), tenant, family, 0, rows))
            if draw(st.booleans()):
                told.append(Mark(source, len(told), (START + hour) * HOUR_MS, 2))
        if draw(st.integers(0, 9)) == 0:
            told.append(None)
    told += [Mark(source, len(told) + 1, (START + 40) * HOUR_MS, 2) for source in ("surveys-0", "surveys-1")]
    return told


class Broker:
    """The changelog and the topic of alerts: what outlives a worker."""

    def __init__(self) -> None:
        self.log: list[tuple[bytes, bytes | None]] = []
        self.alerts: list[bytes] = []

    def write(self, lookout: Lookout) -> None:
        """A checkpoint: one batch."""
        self.log += lookout.changes()

    def compact(self) -> None:
        """Keep the last record of each key, as a broker does at times."""
        self.log = [(key, value) for key, value in dict(self.log).items() if value is not None]

    def send(self, lookout: Lookout) -> None:
        """Send what is durable."""
        outgoing = lookout.outgoing()
        self.alerts += [value for _, value in outgoing]
        lookout.sent([name for name, _ in outgoing])

    def recovered(self) -> Lookout:
        """A worker that begins with what was stored."""
        lookout = Lookout(TERMS)
        for key, value in self.log:
            lookout.kept.load(key, value)
        lookout.begin()
        return lookout


def _uninterrupted(told: list[Message | Mark | None]) -> tuple[Lookout, list[bytes]]:
    broker, lookout = Broker(), Lookout(TERMS)
    for offset, each in enumerate(told):
        lookout.fold(offset, each)
    broker.write(lookout)
    broker.send(lookout)
    return lookout, broker.alerts


@settings(max_examples=150, deadline=None)
@given(topics(), st.data())
def test_crashes_lose_no_evidence_and_raise_nothing_twice(
    told: list[Message | Mark | None], data: st.DataObject
) -> None:
    """Before a checkpoint, between it and the sending, or after that: the same standings, the same events."""
    broker, lookout, offset = Broker(), Lookout(TERMS), 0
    crashes = 0
    while offset < len(told):
        lookout.fold(offset, told[offset])
        offset += 1
        strike = data.draw(
            st.sampled_from(["go on", "write", "send", "crash", "write, crash", "send, crash"])
        )
        if "write" in strike or "send" in strike:
            broker.write(lookout)
        if "send" in strike:
            broker.send(lookout)
        if "crash" in strike and crashes < 5:
            crashes += 1
            if data.draw(st.booleans()):
                broker.compact()
            lookout = broker.recovered()
            # What was not committed is read again.
            offset = max(0, lookout.kept.position + 1 - data.draw(st.integers(0, 5)))
    broker.write(lookout)
    broker.send(lookout)

    wanted, events = _uninterrupted(told)
    assert _sorted(wanted) == _sorted(lookout)
    assert set(events) == set(broker.alerts)
    assert len(events) == len(set(events))
    # Sent again only by a restart between the sending and the next checkpoint.
    assert len(broker.alerts) <= len(events) * (1 + crashes)


def _sorted(lookout: Lookout) -> list[Any]:
    return sorted(lookout.standings(), key=lambda each: each.series)


@settings(max_examples=60, deadline=None)
@given(topics())
def test_a_state_that_is_written_is_read_back_whole(told: list[Message | Mark | None]) -> None:
    """Panes, marks, states, events, position; and what has gone is gone."""
    broker, lookout = Broker(), Lookout(TERMS)
    for offset, each in enumerate(told):
        lookout.fold(offset, each)
        broker.write(lookout)
        again = broker.recovered().kept
        kept = lookout.kept
        assert (kept.position, kept.day, kept.told) == (again.position, again.day, again.told)
        assert kept.states == again.states
        assert kept.unsent == again.unsent
        for topic, closing in kept.closings.items():
            other = again.closings[topic]
            assert (closing.closed, closing.marks) == (other.closed, other.marks)
            assert closing.open == other.open
            assert closing.known == other.known


def test_the_stories_of_these_laws_raise_and_clear() -> None:
    """A law about events that never come says nothing."""
    told: list[Message | Mark | None] = []
    for hour in range(60):
        tally = (1, 3, 6) if 20 <= hour < 30 else (8, 1, 1)
        for source in ("surveys-0", "surveys-1"):
            rows = [(1, START + hour, 0, TOTAL, tally)]
            told.append(Message(source, len(told), "acme", "nps", 0, rows))
            told.append(Mark(source, len(told), (START + hour) * HOUR_MS, 1))
    _, events = _uninterrupted(told)
    assert 2 == len(events)
