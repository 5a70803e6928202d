"""The whole way without Kafka against the oracle: every cell, whatever the steps of reading."""

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from stream.export.render import Renderer
from stream.flow.intake import rules
from stream.intake.record import Source
from stream.recount import Recount
from stream.settings import Settings
from tests.support import exposition
from tests.support.configured import configured
from tests.support.oracle import Record, Rules, cells, recount
from tests.support.recount.model import Cell
from tests.support.spoiled import encode, rfc3339
from tests.support.stories import DAY, HOUR, MINUTE, Message, as_stored
from tests.support.trouble import KNOWN_TENANTS, Trouble

Cells = dict[Cell, float]
NOW_MS = 1_790_000_000_000
SETTINGS = {
    "CX_WINDOWS": "5m,1h,30d",
    "CX_TENANTS": KNOWN_TENANTS,
    "CX_DEDUP_RECORDS": "100",
    "CX_MIN_PRIVACY": "2",
    "CX_VIEWS": "total,channel,touchpoint,plan+region",
}


class Stored:
    """A record as the intake takes it."""

    def __init__(self, record: Record) -> None:
        self.offset, self.timestamp = record.offset, record.timestamp_ms
        self.key, self.value = record.key, record.value
        self.headers: Sequence[tuple[str, bytes]] = record.headers


class Outcome(NamedTuple):
    """What service and oracle must agree on: cells, and counters by topic and outcome, reason or kind."""

    cells: Cells
    records: Counter[tuple[str, ...]]
    rejected: Counter[tuple[str, ...]]
    corrections: Counter[str]
    misplaced: Counter[str]


def service(records: list[Record], env: dict[str, str], rng: random.Random) -> Outcome:
    """The service's: partitions by turns, a checkpoint after each few records."""
    settings = Settings.from_env(env)
    counting, found = (
        Recount(rules(settings), NOW_MS, NOW_MS),
        Outcome({}, Counter(), Counter(), Counter(), Counter()),
    )
    waiting: defaultdict[Source, list[Record]] = defaultdict(list)
    for record in records:
        waiting[Source(record.topic, record.partition)].append(record)
    while waiting:
        source = rng.choice(list(waiting))
        count = rng.choice((1, 3, 40)) if len(records) > 100 else 1
        for counts in counting.take(source, [Stored(each) for each in waiting[source][:count]]):
            found.records.update({(source.topic, outcome): n for outcome, n in counts.outcomes.items()})
            found.rejected.update({(source.topic, reason): n for reason, n in counts.reasons.items()})
            found.corrections.update(counts.corrections)
            found.misplaced[source.topic] += counts.misplaced
        waiting[source] = waiting[source][count:]
        if not waiting[source]:
            del waiting[source]
    limits = settings.limits
    text = b"".join(Renderer(limits).parts(counting.rows(), openmetrics=False)).decode()
    return found._replace(cells=exposition.scores(exposition.parse(text), still=True))


def oracle(records: list[Record], env: dict[str, str]) -> Outcome:
    """The oracle's."""
    oracle_rules = Rules.from_env(env)
    found = recount(records, oracle_rules)
    shown = exposition.scores(cells(found, oracle_rules, NOW_MS), still=True)
    return Outcome(shown, found.records, found.rejected, found.corrections, found.misplaced)


def stored_at(stretches: Sequence[tuple[int, list[Message]]]) -> list[Record]:
    """The records of messages that are stored at these times."""
    times = [at_ms for at_ms, messages in stretches for _ in messages]
    records = as_stored([each for _, messages in stretches for each in messages], NOW_MS)
    return [record._replace(timestamp_ms=at_ms) for record, at_ms in zip(records, times, strict=True)]


def both(records: list[Record], env: dict[str, str], seed: int) -> tuple[Cells, Cells]:
    """The cells of the service and of the oracle; all else must be equal."""
    got, expected = service(records, env, random.Random(seed)), oracle(records, env)
    for name in ("records", "rejected", "misplaced", "corrections"):
        assert +getattr(expected, name) == +getattr(got, name), name
    return got.cells, expected.cells


def assert_equal(records: list[Record], env: dict[str, str], seed: int) -> None:
    """Every cell of every window."""
    got, expected = both(records, env, seed)
    assert len(expected) > 500
    assert [] == exposition.differences(expected, got)


@pytest.mark.parametrize("clock", ["wall", "event"])
def test_every_cell_as_configured(tmp_path: Path, clock: str) -> None:
    """Business hours by a schedule of a channel, and one for the others; buyers who are lost within days."""
    month = Trouble(9, NOW_MS, customers=20).messages(1500)
    env = SETTINGS | {"CX_CONFIG": configured(tmp_path), "CX_CLOCK": clock}
    got, expected = both(as_stored(month, NOW_MS), env, 9)
    assert {"wall", "business"} == {dict(labels).get("clock") for _, labels in expected} - {None}
    lost = [value for (name, _), value in expected.items() if name == "cx_customers_lost"]
    assert max(lost) > 0
    worth = {dict(labels).get("method", "") for name, labels in expected if name == "cx_clv_mean"}
    assert {"historical", "predicted"} == worth
    assert [] == exposition.differences(expected, got)


@pytest.mark.parametrize("clock", ["wall", "event"])
def test_every_cell_of_the_latest_answers(clock: str) -> None:
    """Few customers with many answers; edits, retractions and late invitations among them."""
    month = as_stored(Trouble(4, NOW_MS, customers=25).messages(1500), NOW_MS)
    env = SETTINGS | {"CX_CLOCK": clock, "CX_MIN_PRIVACY": "0"}
    latest = env | {"CX_LATEST_PER_CUSTOMER": "on"}
    assert_equal(month, latest, 4)
    fewer, all_ = (oracle(month, each).cells for each in (latest, env))
    assert sum(value for (name, _), value in fewer.items() if name == "cx_survey_responses") < sum(
        value for (name, _), value in all_.items() if name == "cx_survey_responses"
    )
    assert oracle(month, latest).corrections["latest_per_customer"] > 20


@pytest.mark.parametrize("seed", range(3))
def test_every_cell_by_the_wall_clock(seed: int) -> None:
    """Events of the last month and of the last minutes."""
    month = Trouble(seed, NOW_MS, customers=80).messages(1500)
    minutes = Trouble(seed + 100, NOW_MS + 29 * DAY - 2 * MINUTE, customers=30).messages(300)
    assert_equal(as_stored(month + minutes, NOW_MS), SETTINGS, seed)


@pytest.mark.parametrize("seed", range(3))
def test_every_cell_by_the_event_clock(seed: int) -> None:
    """Stretches of minutes to months, some of them back in time."""
    rng = random.Random(seed)
    at_ms, messages = NOW_MS - 300 * DAY, []
    for number in range(5):
        at_ms += rng.choice((3 * MINUTE, HOUR, 2 * DAY, 31 * DAY, -MINUTE, -DAY))
        messages += Trouble(10 * seed + number, at_ms, customers=30).messages(600)
    assert_equal(as_stored(messages, NOW_MS), SETTINGS | {"CX_CLOCK": "event"}, seed)


STEPS_MS = (3 * MINUTE, HOUR, 2 * DAY, 15 * DAY, 31 * DAY, 40 * DAY, -MINUTE, -DAY)


@pytest.mark.parametrize("seed", range(3))
def test_every_cell_by_the_event_clock_about_the_same_customers(seed: int) -> None:
    """Edits, retractions and invitations that concern what is long over, or about to be."""
    rng, trouble, messages = random.Random(seed), Trouble(seed, NOW_MS - 300 * DAY, customers=30), []
    for _ in range(7):
        messages += trouble.messages(400)
        trouble.pass_time(rng.choice(STEPS_MS))
    assert_equal(as_stored(messages, NOW_MS), SETTINGS | {"CX_CLOCK": "event"}, seed)


@pytest.mark.parametrize("seed", range(3))
def test_every_cell_by_the_wall_clock_after_months(seed: int) -> None:
    """The same by the time at which records were stored, up to now."""
    rng, trouble = random.Random(seed), Trouble(seed, NOW_MS - 100 * DAY, customers=30)
    stretches, back_ms = [], 100 * DAY
    while back_ms > 0:
        stretches.append((NOW_MS - back_ms, trouble.messages(400)))
        step_ms = rng.choice([step for step in STEPS_MS if step > HOUR])
        trouble.pass_time(step_ms)
        back_ms -= step_ms
    trouble.pass_time(back_ms)
    stretches.append((NOW_MS, trouble.messages(800)))
    assert_equal(stored_at(stretches), SETTINGS, seed)


def message(number: int, kind: str, time_ms: int, **data: object) -> Message:
    """A survey event of one customer."""
    event = {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": "/t",
        "type": f"cx.survey.{kind}.v1",
        "subject": "c",
    }
    return Message("surveys", b"default:c", encode({**event, "time": rfc3339(time_ms), "data": data}))


def test_an_answer_can_be_taken_back_while_a_window_holds_it() -> None:
    """By the event clock a window ends with its KPI family: invitations a year later move no NPS."""
    answers = [{"metric": "nps", "value": 9}]
    invitation = {"survey_id": "s", "metrics": ["nps"], "level": "journey"}
    stream = [
        message(1, "answered", NOW_MS - 400 * DAY, response_id="r", answers=answers, channel="web"),
        message(2, "answered", NOW_MS - 400 * DAY, response_id="q", answers=answers, channel="web"),
        *(message(3 + i, "sent", NOW_MS - 35 * DAY, invitation_id=f"i{i}", **invitation) for i in range(3)),
        message(9, "retracted", NOW_MS - 35 * DAY, response_id="r", reason="gdpr"),
    ]
    got, expected = both(
        as_stored(stream, NOW_MS), SETTINGS | {"CX_CLOCK": "event", "CX_MIN_PRIVACY": "1"}, 1
    )
    assert 1.0 == max(value for (name, labels), value in expected.items() if ("metric", "nps") in labels)
    assert [] == exposition.differences(expected, got)


def test_an_answer_belongs_to_its_invitation_while_a_window_holds_it() -> None:
    """The other way round: answers a year later, and the response window still ends at the invitation."""
    answers = [{"metric": "nps", "value": 9}]
    stream = [
        message(
            1, "sent", NOW_MS - 400 * DAY, invitation_id="i", survey_id="s", metrics=["nps"], level="journey"
        ),
        message(2, "answered", NOW_MS - 35 * DAY, response_id="r", answers=answers),
        message(3, "answered", NOW_MS - 35 * DAY, response_id="q", answers=answers, invitation_id="i"),
    ]
    got, expected = both(
        as_stored(stream, NOW_MS), SETTINGS | {"CX_CLOCK": "event", "CX_MIN_PRIVACY": "1"}, 1
    )
    assert {1.0} == {
        value for (name, labels), value in expected.items() if name == "cx_survey_response_ratio"
    }
    assert [] == exposition.differences(expected, got)


def summed(found: Cells) -> Counter[tuple[str, ...]]:
    """Counts of the view of channels added up, by everything but the channel."""
    totals: Counter[tuple[str, ...]] = Counter()
    for (name, labels), value in found.items():
        own = dict(labels)
        if own["by"] == "channel" and name in ("cx_survey_responses", "cx_interactions", "cx_surveys_sent"):
            assert value >= 0
            del own["channel"]
            totals[name, *own.values()] += int(value)
    return +totals


@pytest.mark.parametrize("seed", range(2))
def test_values_beyond_the_limit_count_as_other_and_nothing_is_lost(seed: int) -> None:
    """Edits and retractions take out where they were put in: the parts still add up."""
    messages = Trouble(seed, NOW_MS, customers=60).messages(1500)
    env = SETTINGS | {"CX_VIEWS": "total,channel", "CX_MIN_PRIVACY": "0"}
    got, expected = both(as_stored(messages, NOW_MS), env | {"CX_MAX_SERIES": "3"}, seed)
    assert "other" in {dict(labels)["channel"] for _, labels in got}
    assert summed(expected) == summed(got)
    totals = {cell: value for cell, value in expected.items() if ("by", "total") in cell[1]}
    assert [] == exposition.differences(
        totals, {cell: got[cell] for cell in got if ("by", "total") in cell[1]}
    )


def test_an_answer_moves_to_its_invitation_while_a_window_holds_it() -> None:
    """The invitation comes last, after another family moved the tenant's clock a month on."""
    nps, other = [{"metric": "nps", "value": 9}], [{"metric": "satisfaction", "value": 7}]
    invitation = {"survey_id": "s", "metrics": ["nps"], "level": "journey", "channel": "store"}
    stream = [
        message(
            1, "answered", NOW_MS - 70 * DAY, response_id="r", answers=nps, invitation_id="i", channel="web"
        ),
        message(2, "answered", NOW_MS - 35 * DAY, response_id="q", answers=other),
        message(3, "sent", NOW_MS - 55 * DAY, invitation_id="i", **invitation),
    ]
    got, expected = both(
        as_stored(stream, NOW_MS), SETTINGS | {"CX_CLOCK": "event", "CX_MIN_PRIVACY": "1"}, 1
    )
    assert [] == exposition.differences(expected, got)
