"""Laws of an intake: neither how records are read nor a crash anywhere changes what is counted."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.intake.checkpoint import Checkpoint
from stream.intake.partition import Intake
from stream.intake.record import Source
from stream.intake.rules import Rules
from stream.intake.store import MemoryStore, Store
from stream.intake.tally import Change
from stream.scoring.families import Row
from stream.scoring.merge import Merger
from stream.scoring.message import Message
from stream.scoring.panes import ladders
from tests.support.events import event, written
from tests.support.folding import NOW_MS, Stored, Told, compacted, counts, entities, recovered, rules, stored
from tests.support.spoiled import rfc3339

_MINUTE_MS = 60_000
_WALL_MS = NOW_MS + 365 * 24 * 60 * _MINUTE_MS
CLOCKS = st.sampled_from(["wall", "event"])


class Step(NamedTuple):
    """Some records are read; then a checkpoint may be written, its counts sent, and the worker may end."""

    records: int
    written: bool
    more: int
    """Records read while the checkpoint is written."""
    sent: bool
    crashes: bool
    back: int
    """Records that are read again after a crash, though they were done."""


STEPS = st.lists(
    st.builds(
        Step,
        records=st.sampled_from([1, 2, 3, 12]),
        written=st.booleans(),
        more=st.sampled_from([0, 1, 8]),
        sent=st.booleans(),
        crashes=st.booleans(),
        back=st.integers(0, 5),
    ),
    max_size=12,
)
_ANSWERS: list[list[dict[str, object]]] = [
    [{"metric": "nps", "value": 9}],
    [{"metric": "csat", "value": 1}],
    [{"metric": "nps", "skipped": True}],
    [{"metric": "satisfaction", "value": 7}, {"metric": "ideal", "value": 3}],
    [{"metric": "needs", "value": 5}, {"metric": "ease", "value": 1}, {"metric": "enjoyment", "value": 3}],
]
_DATA = st.one_of(
    st.tuples(
        st.just("survey.answered"),
        st.fixed_dictionaries(
            {
                "response_id": st.sampled_from(["r-1", "r-2"]),
                "answers": st.sampled_from(_ANSWERS),
            },
            optional={
                "revision": st.integers(1, 3),
                "invitation_id": st.sampled_from(["i-1", "i-2"]),
                "channel": st.sampled_from(["web", "app"]),
                "test": st.sampled_from([True]),
            },
        ),
    ),
    st.tuples(
        st.just("survey.sent"),
        st.fixed_dictionaries(
            {
                "survey_id": st.just("s"),
                "invitation_id": st.sampled_from(["i-1", "i-2"]),
                "metrics": st.just(["nps"]),
                "level": st.sampled_from(["interaction", "journey"]),
            },
            optional={"channel": st.sampled_from(["mail", "web"]), "expires_at": st.just(rfc3339(NOW_MS))},
        ),
    ),
    st.tuples(
        st.just("survey.retracted"),
        st.one_of(
            st.fixed_dictionaries(
                {"reason": st.just("gdpr"), "response_id": st.sampled_from(["r-1", "r-2"])}
            ),
            st.fixed_dictionaries({"reason": st.just("gdpr"), "all_of_subject": st.sampled_from([True])}),
        ),
    ),
)


@st.composite
def streams(draw: st.DrawFn, source: str = "surveys") -> list[Stored]:
    """Records with gaps between their offsets, of a few customers and tenants, over some hours."""
    offset, now_ms, records = 0, NOW_MS, []
    for number in range(draw(st.integers(1, 60))):
        offset += draw(st.sampled_from([1, 1, 1, 4]))
        now_ms += draw(st.sampled_from([0, 1, 5_000, 3 * _MINUTE_MS, 40 * _MINUTE_MS]))
        kind, data = draw(_ON[source])
        content = event(f"cx.{kind}.v1")
        content |= {
            "data": data,
            "id": f"e-{draw(st.integers(0, number))}",
            "time": rfc3339(
                now_ms - draw(st.sampled_from([0, 0, 0, 2_000, 4 * _MINUTE_MS, 100 * _MINUTE_MS]))
            ),
            "subject": draw(st.sampled_from(["c-1", "c-2"])),
            "tenantid": draw(st.sampled_from(["acme", "acme", "globex"])),
        }
        value = b"spoiled" if draw(st.integers(0, 15)) == 0 else written(content)
        records.append(Stored(offset, value, now_ms))
    return records


_INTERACTION = st.fixed_dictionaries(
    {
        "interaction_id": st.just("i"),
        "channel": st.sampled_from(["web", "app"]),
        "valence": st.sampled_from(["positive", "neutral", "negative"]),
    },
    optional={"test": st.sampled_from([True])},
)


_JOURNEY_IDS = st.sampled_from(["j-1", "j-2"])
_TICKET_IDS = st.sampled_from(["t-1", "t-2"])
_OUTCOMES = st.sampled_from(["achieved", "failed"])
_ON_INTERACTIONS = st.one_of(
    st.tuples(st.just("interaction"), _INTERACTION),
    st.tuples(
        st.just("journey.started"),
        st.fixed_dictionaries({"journey_id": _JOURNEY_IDS, "name": st.just("move")}),
    ),
    st.tuples(
        st.just("journey.ended"), st.fixed_dictionaries({"journey_id": _JOURNEY_IDS, "outcome": _OUTCOMES})
    ),
    st.tuples(
        st.just("ticket.opened"),
        st.fixed_dictionaries({"ticket_id": _TICKET_IDS, "channel": st.sampled_from(["web", "app"])}),
    ),
    st.tuples(
        st.just("ticket.responded"),
        st.fixed_dictionaries(
            {"ticket_id": _TICKET_IDS, "responder": st.sampled_from(["human", "human", "bot"])}
        ),
    ),
    st.tuples(
        st.sampled_from(["ticket.reopened", "ticket.handed_over", "ticket.resolved"]),
        st.fixed_dictionaries({"ticket_id": _TICKET_IDS}),
    ),
)


_EFFECTIVE = st.sampled_from([-200, -30, 0, 20, 90]).map(
    lambda minutes: rfc3339(NOW_MS + minutes * _MINUTE_MS)
)
_ORDER = st.tuples(
    st.sampled_from(["purchase", "purchase", "refund"]),
    st.fixed_dictionaries(
        {
            "order_id": st.sampled_from(["o-1", "o-2", "o-3"]),
            "amount": st.sampled_from(["9.90", "0.1"]),
            "currency": st.sampled_from(["SEK", "EUR"]),
        },
        optional={"margin": st.sampled_from(["-3", "2.5"])},
    ),
)
_SUBSCRIPTION = st.tuples(
    st.sampled_from(
        [f"subscription.{what}" for what in ("started", "started", "paused", "resumed", "cancelled")]
    ),
    st.fixed_dictionaries(
        {"subscription_id": st.sampled_from(["s-1", "s-2"])}, optional={"effective_at": _EFFECTIVE}
    ),
)
_ON_RELATIONSHIPS = st.one_of(_SUBSCRIPTION, _ORDER)
_ON = {"surveys": _DATA, "interactions": _ON_INTERACTIONS, "relationships": _ON_RELATIONSHIPS}


def _rules(clock: str) -> Rules:
    """Customers are lost within the hours of a stream."""
    return rules(CX_CLOCK=clock, CX_DEDUP_RECORDS="8")._replace(inactivity_ms=50 * _MINUTE_MS)


class Run:
    """An intake, its changelog and the merger behind it, as they live through a plan of steps."""

    def __init__(
        self,
        source: str,
        clock: str,
        records: Sequence[Stored],
        stores: Callable[[], Store] = MemoryStore,
        *,
        latest: bool = False,
    ) -> None:
        """`stores` makes what each worker keeps its entities in."""
        rules_ = _rules(clock)._replace(latest_per_customer=latest)
        self.intake = Intake(Source(source, 0), rules_, stores())
        self.records = records
        self.log: dict[bytes, bytes] = {}
        self.written: list[Change] = []
        """The changelog before it is compacted."""
        self._stores = stores
        self.told: list[Checkpoint] = []
        self.merger = Merger(ladders(self.intake.rules.windows), by_event_time=clock == "event")
        self._offset = 0
        self._committed = 0
        self._next = 0

    def live(self, steps: Sequence[Step]) -> "Run":
        """Through the steps and then to the end."""
        for step in steps:
            self._read(step.records)
            if step.written:
                self._checkpoint(step.more, sent=step.sent or not step.crashes)
            if step.crashes:
                self._crash(step.back)
        self._read(len(self.records))
        self._checkpoint(0, sent=True)
        self.merger.advance(self.intake.clocks.stored_ms)
        return self

    def _read(self, n: int) -> None:
        records = self.records[self._next : self._next + n]
        self._next += len(records)
        self.intake.fold(records, _WALL_MS)

    def _checkpoint(self, more: int, *, sent: bool) -> None:
        step = self.intake.checkpoint()
        self._read(more)
        compacted(self.log, step)
        self.written += step.changes
        self.told.append(step)
        if sent:
            self._send(list(self.intake.messages(step.position, step.rows)))
            self._committed = step.position + 1

    def _send(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self.merger.fold(self._offset, message)
            self._offset += 1
        self.merger.advance(self.intake.clocks.stored_ms)
        self.merger.series()  # a scrape now and then: what it remembers is seen at the end

    def _crash(self, back: int) -> None:
        self.intake.close()
        self.intake = recovered(self.written, self.records, self.intake, self._stores())
        position = self.intake.position
        if position >= 0:
            rows = self.intake.above(self._committed)
            self._send(list(self.intake.messages(position, rows)))
        done = sum(record.offset <= position for record in self.records)
        self._next = max(0, done - back)

    def rows(self) -> list[Row]:
        """What is exported: whatever counts something in some window."""
        rows = self.merger.rows()
        alive = {(row.series, row.family) for row in rows if any(row.tally)}
        return sorted(row for row in rows if (row.series, row.family) in alive)


def assert_same(
    source: str, clock: str, records: Sequence[Stored], steps: Sequence[Step], *, latest: bool = False
) -> None:
    """All that can be seen, and all that is remembered."""
    straight, troubled = (Run(source, clock, records, latest=latest).live(plan) for plan in ((), steps))
    assert counts(straight.intake) == counts(troubled.intake)
    assert entities(straight.intake) == entities(troubled.intake)
    assert Told.of(straight.told) == Told.of(troubled.told)
    assert straight.rows() == troubled.rows()
    again = recovered(troubled.log, records, troubled.intake)
    assert counts(straight.intake) == counts(again)
    assert entities(straight.intake) == entities(again)


@settings(max_examples=150, deadline=None)
@given(streams(), STEPS, CLOCKS)
def test_surveys_count_the_same_however_they_are_read_and_whenever_a_worker_ends(
    records: list[Stored], steps: list[Step], clock: str
) -> None:
    """Any folds and checkpoints; crashes before and after a checkpoint, and between its write and sending."""
    assert_same("surveys", clock, records, steps)


@settings(max_examples=100, deadline=None)
@given(streams(), STEPS, CLOCKS)
def test_latest_answers_count_the_same_however_they_are_read_and_whenever_a_worker_ends(
    records: list[Stored], steps: list[Step], clock: str
) -> None:
    """The same law where only a customer's latest answer counts."""
    assert_same("surveys", clock, records, steps, latest=True)


@settings(max_examples=100, deadline=None)
@given(streams("interactions"), STEPS, CLOCKS)
def test_interactions_count_the_same_however_they_are_read_and_whenever_a_worker_ends(
    records: list[Stored], steps: list[Step], clock: str
) -> None:
    """The same law on the fast path, and for journeys and tickets among them."""
    assert_same("interactions", clock, records, steps)


@settings(max_examples=100, deadline=None)
@given(streams("relationships"), STEPS, CLOCKS)
def test_customers_count_the_same_however_they_are_read_and_whenever_a_worker_ends(
    records: list[Stored], steps: list[Step], clock: str
) -> None:
    """The same law for what is compared at the two ends of a window."""
    assert_same("relationships", clock, records, steps)


@pytest.mark.parametrize("more", [0, 1, 5])
@pytest.mark.parametrize("clock", ["wall", "event"])
def test_a_crash_after_reading_ahead_loses_no_count(clock: str, more: int) -> None:
    """What is read while a checkpoint is sent is read again: its counts must not be taken for old ones."""
    records = [stored(i, "interaction", valence="positive", channel=f"c{i}") for i in range(12)]
    ahead = Step(records=2, written=True, more=more, sent=True, crashes=True, back=0)
    after = Step(records=1, written=True, more=0, sent=True, crashes=False, back=0)
    assert_same("interactions", clock, records, [ahead, after, after])
