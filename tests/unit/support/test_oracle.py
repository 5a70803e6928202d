"""The oracle on streams so small that the answer can be told by hand."""

import json
from collections import Counter
from typing import Any

import pytest

from tests.support.oracle import Record, Recount, Rules, cells, recount
from tests.support.recount.murmur import murmur2
from tests.support.recount.windows import holds
from tests.support.spoiled import rfc3339

NOW_MS = 1_790_000_000_000
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
RULES = Rules(windows=(("5m", 5 * MINUTE_MS), ("1h", HOUR_MS)), min_privacy=1, partitions=1)
Event = dict[str, Any]


def event(kind: str, data: Event, back_ms: int = 0, **attributes: Any) -> Event:
    """An event of one customer; its id is that of its place in the stream unless given."""
    envelope = {
        "specversion": "1.0",
        "source": "/t",
        "type": f"cx.{kind}.v1",
        "time": rfc3339(NOW_MS - back_ms),
    }
    return {**envelope, "subject": "c-1", **attributes, "data": data}


def answered(response: str, value: int | None = 9, back_ms: int = 0, **data: Any) -> Event:
    """An NPS answer, skipped without a value."""
    answer = {"metric": "nps", "skipped": True} if value is None else {"metric": "nps", "value": value}
    return event("survey.answered", {"response_id": response, "answers": [answer], **data}, back_ms)


def sent(invitation: str, **data: Any) -> Event:
    """An invitation."""
    fields = {"survey_id": "s", "invitation_id": invitation, "metrics": ["nps"], "level": "journey"}
    return event("survey.sent", {**fields, **data})


def retracted(**data: Any) -> Event:
    """A retraction."""
    return event("survey.retracted", {**data, "reason": "gdpr"})


def counted(*events: Event, rules: Rules = RULES) -> Recount:
    """The events as records of one partition, stored now."""
    topics = {"interaction": "interactions", "survey": "surveys"}
    records = [
        Record(
            topics[each["type"].split(".")[1]],
            0,
            offset,
            NOW_MS,
            b"k",
            json.dumps({"id": f"e{offset}", **each}).encode(),
        )
        for offset, each in enumerate(events)
    ]
    return recount(records, rules)


def shown(found: Recount, name: str, rules: Rules = RULES, **labels: str) -> dict[str, float]:
    """The cells of a family with these labels, by the labels that are left."""
    wanted = {"by": "total", "window": "1h", **labels}
    return {
        ",".join(
            value for label, value in own if label not in {*wanted, "tenant", "metric"} and value
        ): number
        for (family, own), number in cells(found, rules, NOW_MS).items()
        if family == name and wanted.items() <= dict(own).items()
    }


@pytest.mark.parametrize(
    ("expected", "events"),
    [
        pytest.param({"interaction": 100.0}, [answered("r")], id="one promoter"),
        pytest.param({}, [answered("r", None)], id="a skipped answer is no answer"),
        pytest.param(
            {"interaction": -100.0}, [answered("r"), answered("r", 0, revision=2)], id="an edit replaces"
        ),
        pytest.param(
            {"interaction": 100.0}, [answered("r"), answered("r", 0)], id="the same revision does not"
        ),
        pytest.param(
            {"interaction": 100.0},
            [answered("r", revision=3), answered("r", 0, revision=2)],
            id="nor a lower",
        ),
        pytest.param({}, [answered("r"), retracted(response_id="r")], id="retracted"),
        pytest.param({}, [retracted(response_id="r"), answered("r")], id="retracted before"),
        pytest.param(
            {}, [answered("r"), answered("q", 0), retracted(all_of_subject=True)], id="all retracted"
        ),
        pytest.param(
            {"interaction": 100.0},
            [answered("r"), retracted(all_of_subject=True), answered("r")],
            id="all leaves no mark",
        ),
        pytest.param({"journey": 100.0}, [sent("i"), answered("r", invitation_id="i")], id="inherited"),
        pytest.param({"journey": 100.0}, [answered("r", invitation_id="i"), sent("i")], id="inherited later"),
        pytest.param(
            {"relationship": 100.0},
            [sent("i"), answered("r", invitation_id="i", level="relationship")],
            id="own level",
        ),
        pytest.param({}, [answered("r", test=True)], id="test"),
        pytest.param({"interaction": 0.0}, [answered("r"), answered("q", 3)], id="zero is a score"),
    ],
)
def test_nps_by_level(expected: dict[str, float], events: list[Event]) -> None:
    """What stands in the end decides."""
    assert expected == shown(counted(*events), "cx_nps_score")


def test_segments_are_inherited_key_by_key() -> None:
    """The answer's own value stands before the invitation's."""
    rules = Rules(windows=RULES.windows, views=("plan", "region", "plan+region"), min_privacy=1, partitions=1)
    invitation = sent("i", segments={"plan": "pro", "region": "eu", "other": "x"})
    found = counted(invitation, answered("r", invitation_id="i", segments={"plan": "free"}), rules=rules)
    answers = Counter[str]()
    for view in rules.views:
        answers.update(shown(found, "cx_nps_score", rules, by=view))
    assert {"journey,free", "journey,eu", "journey,free+eu"} == set(answers)


def test_the_response_rate_is_that_of_the_invitations_cohort() -> None:
    """Two answers to one of two invitations are one half; a skipped or retracted one is none."""
    events = [sent("i"), sent("j"), sent("i"), *(answered(r, invitation_id="i") for r in "rq")]
    assert {"journey": 0.5} == shown(counted(*events), "cx_survey_response_ratio")
    assert {"journey": 2.0} == shown(counted(*events), "cx_surveys_sent")
    events.append(answered("z", None, invitation_id="j"))
    assert {"journey": 0.5} == shown(counted(*events), "cx_survey_response_ratio")
    events.append(retracted(all_of_subject=True))
    assert {"journey": 0.0} == shown(counted(*events), "cx_survey_response_ratio")


def test_a_copy_is_a_copy_within_so_many_records_and_does_not_count_as_seen_anew() -> None:
    """Distance from the accepted one, in records; two apart is the most here."""
    rules = Rules(windows=RULES.windows, dedup_records=2, partitions=1)
    copy = event("interaction", {"interaction_id": "x", "channel": "web"}, id="same")
    found = counted(copy, copy, copy, copy, copy, rules=rules)
    assert {("interactions", "counted"): 2, ("interactions", "duplicate"): 3} == found.records


def test_outcomes_and_corrections() -> None:
    """Each record adds to one outcome."""
    found = counted(
        answered("r", invitation_id="i"),
        sent("i", channel="web"),
        sent("i"),
        answered("r", 2, revision=2),
        retracted(response_id="r"),
        answered("r", 2, revision=3),
        answered("late", back_ms=2 * MINUTE_MS),
        answered("x", test=True),
        answered("x", 11),
        event("survey.answered", {"response_id": "z", "answers": []}, -6 * MINUTE_MS),
        event("survey.answered", {"response_id": "z", "answers": []}, 26 * HOUR_MS),
    )
    outcomes = {"counted": 5, "duplicate": 1, "retracted": 1, "test": 1, "rejected": 3}
    assert {("surveys", name): n for name, n in outcomes.items()} == found.records
    assert {("surveys", name): 1 for name in ("off_scale", "future", "too_late")} == found.rejected
    assert {"late_invitation": 1, "revision": 1, "retraction": 1, "late": 1} == found.corrections


@pytest.mark.parametrize(("back_ms", "expected"), [(0, "duplicate"), (1, "counted")])
def test_what_is_over_is_as_if_it_had_never_been(back_ms: int, expected: str) -> None:
    """Here an hour and a day after it, by the clock and by the KPI: the id may come again."""
    rules = Rules(windows=RULES.windows, clock="event", min_privacy=1, partitions=1)
    former = answered("r", back_ms=25 * HOUR_MS + back_ms, revision=2)
    csat = event("survey.answered", {"response_id": "x", "answers": [{"metric": "csat", "value": 1}]})
    assert 1 == counted(former, csat, answered("r"), rules=rules).records["surveys", "duplicate"]
    found = counted(former, answered("q"), answered("r"), rules=rules)
    assert 2 + (expected == "counted") == found.records["surveys", "counted"]


def test_privacy_shows_nothing_but_low_confidence_and_an_empty_window_shows_counts_of_nothing() -> None:
    """Four answers an hour are too few; five minutes without any are none."""
    rules = Rules(windows=RULES.windows, partitions=1)
    found = counted(*(answered(f"r{i}", back_ms=30 * MINUTE_MS) for i in range(4)), rules=rules)
    assert {} == shown(found, "cx_survey_responses", rules)
    assert {"interaction": 1.0} == shown(found, "cx_low_confidence", rules)
    five_minutes = shown(found, "cx_survey_responses", rules, window="5m")
    assert {
        "promoter,interaction": 0.0,
        "passive,interaction": 0.0,
        "detractor,interaction": 0.0,
    } == five_minutes
    assert {} == shown(found, "cx_nps_score", rules, window="5m")


def test_neutral_interactions_alone_are_too_few_for_the_share() -> None:
    """Neither empty nor enough: nothing is shown."""
    rules = Rules(windows=RULES.windows, partitions=1)
    events = [
        event("interaction", {"interaction_id": str(i), "channel": "web", "valence": "neutral"})
        for i in range(9)
    ]
    assert {} == shown(counted(*events, rules=rules), "cx_interactions", rules)


def test_the_event_clock_ends_at_the_highest_time_ever_counted_of_the_family() -> None:
    """Also when what counted there was taken back at once."""
    rules = Rules(windows=(("1h", HOUR_MS),), clock="event", min_privacy=1, partitions=1)
    events = [answered("old", back_ms=61 * MINUTE_MS), answered("middle", 0, back_ms=30 * MINUTE_MS)]
    assert {"interaction": 0.0} == shown(counted(*events, rules=rules), "cx_nps_score", rules)
    events += [answered("new"), retracted(response_id="new")]
    assert {"interaction": -100.0} == shown(counted(*events, rules=rules), "cx_nps_score", rules)


def test_a_window_is_its_panes_up_to_and_with_the_one_that_holds_its_end() -> None:
    """Half-open panes of 5 s in a window of 5 minutes.

    ├──┤ … ├──┼──┤        end at 303 s: the pane [300, 305) is the last, [5, 10) the first
    """
    inside = [second for second in range(400) if holds(second * 1000, 300_000, 5_000, 303_000)]
    assert (5, 304, 300) == (inside[0], inside[-1], len(inside))


@pytest.mark.parametrize(
    ("expected", "key"),
    [
        (-973932308, b"21"),
        (-790332482, b"foobar"),
        (-985981536, b"a-little-bit-long-string"),
        (479470107, b"abc"),
    ],
)
def test_murmur2_is_that_of_the_java_client(expected: int, key: bytes) -> None:
    """Signed values of Apache Kafka's own test."""
    assert expected % 2**32 == murmur2(key)
