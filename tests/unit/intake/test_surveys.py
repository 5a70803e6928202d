"""What survey events change: a former contribution out, a new one in."""

from collections import Counter
from typing import Any

import pytest

from stream.intake.partition import Intake
from tests.support.folding import (
    MINUTE_MS,
    NOW_MS,
    SURVEYS,
    Stored,
    Told,
    answered,
    entities,
    folded,
    rules,
    stored,
    totals,
)

TOTAL = ("interaction", "total", "", "", "")
WEB, APP = (("interaction", "channel", name, "", "") for name in ("web", "app"))
JOURNEY, JOURNEY_MAIL = ("journey", "total", "", "", ""), ("journey", "channel", "mail", "", "")
PROMOTER, DETRACTOR, NOTHING = [1, 0, 0], [0, 0, 1], dict[tuple[str, ...], list[int]]()
HOUR_MS = 60 * MINUTE_MS
CSAT = [{"metric": "csat", "value": 1}]


def sent(offset: int, at_ms: int = NOW_MS, **data: Any) -> Stored:
    """An invitation by mail, of a journey."""
    own = {
        "invitation_id": "i-1",
        "survey_id": "s",
        "metrics": ["nps"],
        "level": "journey",
        "channel": "mail",
    }
    return stored(offset, "survey.sent", at_ms, **{**own, **data})


def retracted(offset: int, at_ms: int = NOW_MS, **data: Any) -> Stored:
    """A retraction of the response that `answered` makes."""
    own: dict[str, Any] = {} if "all_of_subject" in data else {"response_id": "r-1"}
    return stored(offset, "survey.retracted", at_ms, reason="gdpr", **{**own, **data})


def taken(*records: Stored, **changed: str) -> tuple[Intake, Told]:
    """The intake after these records, each in a checkpoint of its own, and what was counted."""
    intake = Intake(SURVEYS, rules(**changed))
    return intake, Told.of([folded([record], intake) for record in records])


def test_an_answer_counts_in_the_total_and_in_its_channel() -> None:
    """Once."""
    intake, told = taken(answered(0, 9, channel="web"))
    assert {TOTAL: PROMOTER, WEB: PROMOTER} == totals(intake)
    assert Counter(counted=1) == told.outcomes


@pytest.mark.parametrize(
    ("revisions", "expected", "outcomes"),
    [
        ([(1, 9), (2, 3)], DETRACTOR, Counter(counted=2)),
        ([(2, 9), (1, 3)], PROMOTER, Counter(counted=1, duplicate=1)),
        ([(2, 9), (2, 3)], PROMOTER, Counter(counted=1, duplicate=1)),
        ([(1, 3), (5, 9), (4, 3)], PROMOTER, Counter(counted=2, duplicate=1)),
    ],
)
def test_the_highest_revision_counts_whatever_the_order(
    revisions: list[tuple[int, int]], expected: list[int], outcomes: Counter[str]
) -> None:
    """A lower or equal one is a duplicate."""
    records = [answered(i, value, revision=revision) for i, (revision, value) in enumerate(revisions)]
    intake, told = taken(*records)
    assert {TOTAL: expected} == totals(intake)
    assert outcomes == told.outcomes
    assert outcomes["counted"] - 1 == told.corrections["revision"]


def test_an_edit_moves_a_response_to_another_channel() -> None:
    """Out of the one, into the other; the total stays."""
    intake, _ = taken(answered(0, 9, channel="web"), answered(1, 9, channel="app", revision=2))
    assert {TOTAL: PROMOTER, APP: PROMOTER} == totals(intake)


def test_a_skipped_answer_counts_nowhere() -> None:
    """Nor does it answer the invitation."""
    skipped = stored(
        1,
        "survey.answered",
        answers=[{"metric": "nps", "skipped": True}],
        response_id="r-1",
        invitation_id="i-1",
    )
    intake, told = taken(sent(0), skipped)
    assert NOTHING == totals(intake)
    assert {JOURNEY: [1, 0], JOURNEY_MAIL: [1, 0]} == totals(intake, "response")
    assert Counter(counted=2) == told.outcomes


def test_an_answer_inherits_from_its_invitation_and_answers_it() -> None:
    """What it says itself it keeps."""
    intake, _ = taken(sent(0), answered(1, 9, invitation_id="i-1"))
    assert {JOURNEY: PROMOTER, JOURNEY_MAIL: PROMOTER} == totals(intake)
    assert {JOURNEY: [1, 1], JOURNEY_MAIL: [1, 1]} == totals(intake, "response")
    own, _ = taken(sent(0), answered(1, 9, invitation_id="i-1", channel="web", level="interaction"))
    assert {TOTAL: PROMOTER, WEB: PROMOTER} == totals(own)


def test_an_answer_before_its_invitation_moves_when_that_arrives() -> None:
    """And the invitation is answered."""
    intake, told = taken(answered(0, 9, invitation_id="i-1"), sent(1))
    assert {JOURNEY: PROMOTER, JOURNEY_MAIL: PROMOTER} == totals(intake)
    assert {JOURNEY: [1, 1], JOURNEY_MAIL: [1, 1]} == totals(intake, "response")
    assert Counter(late_invitation=1) == told.corrections


def test_an_answer_that_said_everything_does_not_move() -> None:
    """No correction is counted for it."""
    intake, told = taken(
        answered(0, 9, invitation_id="i-1", level="interaction", channel="web", touchpoint="shop"), sent(1)
    )
    assert {TOTAL: PROMOTER, WEB: PROMOTER} == totals(intake)
    assert Counter() == told.corrections


def test_an_invitation_is_answered_once_however_many_answer_it() -> None:
    """Until the last of them is taken back."""
    both = [answered(i, 9, invitation_id="i-1", response_id=f"r-{i}") for i in (1, 2)]
    intake, _ = taken(sent(0), *both)
    assert [1, 1] == totals(intake, "response")[JOURNEY]
    folded([retracted(3)], intake)
    assert [1, 1] == totals(intake, "response")[JOURNEY]
    folded([retracted(4, response_id="r-2")], intake)
    assert [1, 0] == totals(intake, "response")[JOURNEY]


@pytest.mark.parametrize("waiting", [True, False])
def test_an_invitation_takes_no_more_room_however_many_answer_it(*, waiting: bool) -> None:
    """One record of the changelog must never outgrow what a broker takes."""
    answers = [answered(i, 9, invitation_id="i-1", response_id=f"r-{i}") for i in range(1, 120)]
    records = [*answers, sent(500)] if waiting else [sent(0), *answers]
    intake = Intake(SURVEYS, rules())
    folded(records, intake)
    assert [1, 1] == totals(intake, "response")[JOURNEY]
    assert [119] == [len(intake._surveys.memory.by_customer.of(key[:12])) for key in _invitations(intake)]
    assert all(len(packed) < 100 for packed in _invitations(intake).values())
    folded([retracted(501, all_of_subject=True)], intake)
    assert [1, 0] == totals(intake, "response")[JOURNEY]


def _invitations(intake: Intake) -> dict[bytes, bytes]:
    return dict(intake._surveys.memory.invitations.packed)


def test_an_invitation_sent_twice_counts_once() -> None:
    """The second, with another id of its event, is a duplicate."""
    intake, told = taken(sent(0), sent(1, channel="web"))
    assert {JOURNEY: [1, 0], JOURNEY_MAIL: [1, 0]} == totals(intake, "response")
    assert Counter(counted=1, duplicate=1) == told.outcomes


def test_an_answer_to_another_customers_invitation_inherits_nothing() -> None:
    """Ids are a customer's own."""
    intake, _ = taken(sent(0), answered(1, 9, invitation_id="i-1", subject="c-2"))
    assert {TOTAL: PROMOTER} == totals(intake)
    assert [1, 0] == totals(intake, "response")[JOURNEY]


def test_a_retraction_takes_a_response_out_and_keeps_it_out() -> None:
    """Whichever comes first, and whatever revision comes later."""
    after, told = taken(answered(0, 9), retracted(1), answered(2, 9, revision=2))
    assert NOTHING == totals(after)
    assert Counter(counted=2, retracted=1) == told.outcomes
    assert Counter(retraction=1) == told.corrections
    before, told = taken(retracted(0), answered(1, 9))
    assert NOTHING == totals(before)
    assert Counter(counted=1, retracted=1) == told.outcomes
    assert Counter() == told.corrections


def test_all_of_a_subject_is_taken_out_and_nothing_of_others() -> None:
    """Later responses of the customer count again."""
    records = [answered(i, 9, response_id=f"r-{i}") for i in range(3)]
    other = answered(3, 0, subject="c-2")
    intake, told = taken(*records, other, retracted(4, all_of_subject=True))
    assert {TOTAL: DETRACTOR} == totals(intake)
    assert 3 == told.corrections["retraction"]
    folded([answered(5, 9, response_id="r-9")], intake)
    assert {TOTAL: [1, 0, 1]} == totals(intake)


def test_declined_and_expired_invitations_count_and_change_nothing() -> None:
    """Other KPIs will read them."""
    intake, told = taken(
        sent(0),
        *(stored(i, f"survey.{kind}", invitation_id="i-1") for i, kind in ((1, "declined"), (2, "expired"))),
    )
    assert [1, 0] == totals(intake, "response")[JOURNEY]
    assert Counter(counted=3) == told.outcomes


def test_an_entity_is_remembered_until_no_window_and_no_late_event_can_concern_it() -> None:
    """The longest window and CX_MAX_LATENESS; then its id is free again."""
    keep_ms = HOUR_MS + 10 * MINUTE_MS
    intake, told = taken(answered(0, 9), answered(1, 3, NOW_MS + keep_ms))
    assert Counter(counted=1, duplicate=1) == told.outcomes
    assert 1 == len(entities(intake))
    intake, told = taken(answered(0, 9), answered(1, 3, NOW_MS + keep_ms + 1))
    assert Counter(counted=2) == told.outcomes
    assert {TOTAL: DETRACTOR} == totals(intake)


def test_an_invitation_is_remembered_until_it_expires() -> None:
    """Its answers inherit from it, long after every window."""
    early = sent(0, NOW_MS - 24 * HOUR_MS)
    intake, _ = taken(early, answered(1, 9, invitation_id="i-1"))
    assert {JOURNEY: PROMOTER, JOURNEY_MAIL: PROMOTER} == totals(intake)
    short = sent(0, NOW_MS - 24 * HOUR_MS, expires_at="2026-09-20T00:00:00Z")
    intake, _ = taken(short, answered(1, 9, invitation_id="i-1"))
    assert {TOTAL: PROMOTER} == totals(intake)


def test_an_invitation_is_remembered_for_a_year_at_most() -> None:
    """Whatever its expiry says: memory must not depend on what a publisher writes there."""
    keep_ms = 366 * 24 * HOUR_MS
    for late_ms, place in ((0, JOURNEY), (1, TOTAL)):
        far = sent(0, expires_at="9999-12-31T00:00:00Z")
        intake, _ = taken(far, answered(1, 9, NOW_MS + keep_ms + late_ms, invitation_id="i-1"))
        assert PROMOTER == totals(intake)[place]


EVENT = {"CX_CLOCK": "event"}
KEEP_MS = HOUR_MS + 10 * MINUTE_MS


def test_an_answer_waits_for_its_invitation_by_the_time_of_its_own_kpis() -> None:
    """Another KPI moved the tenant's clock on; no NPS came, so its windows still end where they did."""
    other = stored(1, "survey.answered", NOW_MS + 2 * KEEP_MS, answers=CSAT, response_id="r-2")
    asked = sent(2, NOW_MS + KEEP_MS)
    intake, _ = taken(answered(0, 9, invitation_id="i-1"), other, asked, **EVENT)
    assert PROMOTER == totals(intake)[JOURNEY_MAIL]
    assert [1, 1] == totals(intake, "response")[JOURNEY]
    folded([retracted(3, NOW_MS + 2 * KEEP_MS)], intake)
    assert NOTHING == totals(intake)
    assert [1, 0] == totals(intake, "response")[JOURNEY]


@pytest.mark.parametrize(("late_ms", "expected"), [(0, [1, 1]), (1, [1, 0])])
def test_an_answer_waits_as_long_as_it_is_remembered(late_ms: int, expected: list[int]) -> None:
    """An invitation sent so long after its answer does not find it."""
    later = answered(1, 9, NOW_MS + KEEP_MS + late_ms, response_id="r-2")
    asked = sent(2, NOW_MS + KEEP_MS)
    intake, _ = taken(answered(0, 9, invitation_id="i-1"), later, asked, **EVENT)
    assert expected == totals(intake, "response")[JOURNEY]


def test_an_answer_can_be_taken_back_while_the_response_rate_holds_its_invitation() -> None:
    """Though no window of its own KPI does."""
    early = answered(1, 9, NOW_MS - HOUR_MS, invitation_id="i-1")
    later = answered(2, 3, NOW_MS + HOUR_MS, response_id="r-2")
    intake, _ = taken(sent(0), early, later, **EVENT)
    assert [1, 1] == totals(intake, "response")[JOURNEY]
    folded([retracted(3, NOW_MS + HOUR_MS)], intake)
    assert [1, 0] == totals(intake, "response")[JOURNEY]


@pytest.mark.parametrize(("late_ms", "expected"), [(0, "duplicate"), (1, "counted")])
def test_an_id_is_free_again_when_neither_the_answer_nor_its_invitation_counts(
    late_ms: int, expected: str
) -> None:
    """Then even a lower revision is a new answer."""
    early = answered(1, 9, NOW_MS - HOUR_MS, invitation_id="i-1", revision=2)
    later_ms = NOW_MS + KEEP_MS + late_ms
    others = [answered(2, 3, later_ms, response_id="r-2"), sent(3, later_ms, invitation_id="i-2")]
    _, told = taken(sent(0), early, *others, answered(4, 0, later_ms), **EVENT)
    assert Counter(["counted"] * 4 + [expected]) == told.outcomes


@pytest.mark.parametrize("checkpoints", [True, False])
def test_what_is_over_is_not_brought_back_by_a_later_invitation_of_the_same_id(*, checkpoints: bool) -> None:
    """Whether it was freed by then or not: outcomes do not depend on checkpoints."""
    later_ms = NOW_MS + 2 * HOUR_MS
    records = [
        answered(0, 9, invitation_id="i-1"),
        answered(1, 9, later_ms, response_id="r-2"),
        sent(2, later_ms),
        answered(3, 3, later_ms, invitation_id="i-1"),
    ]
    intake = Intake(SURVEYS, rules())
    steps = [folded([each], intake) for each in records] if checkpoints else [folded(records, intake)]
    assert Counter(counted=4) == Told.of(steps).outcomes
    assert 1 == totals(intake)[JOURNEY][2]


def test_what_is_over_is_freed_at_a_checkpoint() -> None:
    """Memory holds what may still matter."""
    intake, _ = taken(*(answered(i, 9, response_id=f"r-{i}") for i in range(5)))
    assert 5 == len(intake._surveys.memory.responses.packed)
    folded([answered(9, 9, NOW_MS + 3 * HOUR_MS, response_id="r-9")], intake)
    assert 1 == len(intake._surveys.memory.responses.packed)


def test_no_id_and_no_subject_is_kept_in_clear() -> None:
    """Neither in memory nor in what is written."""
    secret = answered(0, 9, subject="jane-doe", response_id="resp-secret", invitation_id="inv-secret")
    intake = Intake(SURVEYS, rules())
    step = folded([secret], intake)
    text = b"".join(key + (value or b"") for key, value in step.changes)
    for word in (b"jane", b"secret", b"e-0"):
        assert word not in text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"channel": "web"}, {"channel": "app"}),
        ({"touchpoint": "cart"}, {"touchpoint": "shop"}),
        ({"level": "journey"}, {"level": "relationship"}),
        ({"segments": {"plan": "pro"}}, {"segments": {"plan": "free"}}),
    ],
)
def test_answers_that_differ_in_one_label_alone_count_apart(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    """Also where the rest of their labels was looked up together before."""
    records = [answered(i, 9, response_id=f"r-{i}", **(one, other)[i % 2]) for i in range(6)]
    expected: Counter[tuple[str, ...]] = Counter()
    for some in (records, records[::2], records[1::2]):
        intake = Intake(SURVEYS, rules(CX_VIEWS="total,channel,touchpoint,plan"))
        folded(some, intake)
        found = {series: sum(counts) for series, counts in totals(intake).items()}
        if some is records:
            expected.update(found)
        else:
            expected.subtract(found)
    assert {0} == set(expected.values())


def test_an_answer_is_taken_back_from_other_also_when_its_channel_has_a_name_by_then() -> None:
    """The only name was free again when the next answer by the channel came."""
    intake = Intake(SURVEYS, rules(CX_CLOCK="event", CX_MAX_SERIES="1", CX_VIEWS="channel"))
    other = ("interaction", "channel", "other", "", "")
    answers = ((0, "web", "a", 1), (30, "app", "b", 1), (70, "app", "c", 1), (71, "app", "b", 2))
    found = []
    for offset, (minute, channel, name, revision) in enumerate(answers):
        at_ms = NOW_MS + minute * MINUTE_MS
        each = answered(offset, 9, at_ms, channel=channel, response_id=name, revision=revision)
        folded([each], intake, at_ms)
        found.append(totals(intake, window=1))
    assert {APP: [2, 0, 0]} == found[-1]
    assert {APP: PROMOTER, other: PROMOTER} == found[-2]
