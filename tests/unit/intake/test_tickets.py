"""What the events of a ticket change."""

import itertools
from typing import Any

import pytest

from stream.intake.partition import Intake
from stream.intake.record import Source
from stream.intake.schedule import Schedule
from stream.intake.waits import RESOLVED, RESPONSE, START, Waits, waits
from stream.scoring.sketch import bucket
from tests.support.folding import MINUTE_MS, NOW_MS, Stored, Told, folded, rules, stored, totals

TOTAL, PHONE = ("", "total", "", "", ""), ("", "channel", "phone", "", "")
DAY_MS = 24 * 60 * MINUTE_MS


def about(offset: int, kind: str, minutes: int = 0, **data: Any) -> Stored:
    """An event of ticket t-1, so many minutes from now."""
    own = {"channel": "phone"} if kind == "opened" else {"responder": "human"} if kind == "responded" else {}
    at_ms = NOW_MS + minutes * MINUTE_MS
    return stored(offset, f"ticket.{kind}", at_ms, **{"ticket_id": "t-1", **own, **data})


def taken(*records: Stored, schedule: Schedule | None = None, **changed: str) -> tuple[Intake, Told]:
    """The intake after these records, each in a checkpoint of its own, and what was counted."""
    own = rules(**changed)
    if schedule is not None:
        own = own._replace(schedules={"phone": schedule})
    intake = Intake(Source("interactions", 0), own)
    return intake, Told.of([folded([record], intake) for record in records])


def responses(intake: Intake, family: str = "first_response") -> dict[tuple[str, ...], list[int]]:
    """Keys with counts by series, over all panes of the longest window."""
    return totals(intake, family, len(intake.rules.windows) - 1)


def test_a_first_response_counts_at_its_time_and_ends_the_waiting() -> None:
    """In the total and in the channel."""
    intake, _ = taken(about(1, "opened", -7), about(2, "responded"))
    assert {TOTAL: [bucket(7 * MINUTE_MS), 1], PHONE: [bucket(7 * MINUTE_MS), 1]} == responses(intake)
    assert {} == responses(intake, "waiting")


@pytest.mark.parametrize("responder", ["bot", "auto", "internal"])
def test_only_people_answer(responder: str) -> None:
    """A bot's reply is none, and neither is a note that the customer never sees."""
    intake, told = taken(about(1, "opened", -7), about(2, "responded", responder=responder))
    since = [NOW_MS - 7 * MINUTE_MS, 1]
    assert {} == responses(intake)
    assert {TOTAL: since, PHONE: since} == responses(intake, "waiting")
    assert 2 == told.outcomes["counted"]


@pytest.mark.parametrize("again", ["reopened", "handed_over"])
def test_a_new_start_begins_anew(again: str) -> None:
    """Not from the first opening; the first answer stands."""
    intake, _ = taken(
        about(1, "opened", -60), about(2, "responded", -50), about(3, again, -3), about(4, "responded")
    )
    assert [bucket(3 * MINUTE_MS), 1, bucket(10 * MINUTE_MS), 1] == responses(intake)[TOTAL]


def test_a_wait_without_an_answer_is_dropped_by_a_new_start() -> None:
    """Handed over before anybody answered."""
    intake, _ = taken(about(1, "opened", -60), about(2, "handed_over", -3), about(3, "responded"))
    assert [bucket(3 * MINUTE_MS), 1] == responses(intake)[TOTAL]


def test_a_resolved_ticket_does_not_wait() -> None:
    """Though nobody answered."""
    intake, _ = taken(about(1, "opened", -60), about(2, "resolved"))
    assert {} == responses(intake, "waiting")
    assert {} == responses(intake)


def test_the_order_of_records_does_not_matter() -> None:
    """Every order of the events of one ticket comes to the same."""
    story = [("opened", -60), ("responded", -50), ("reopened", -20), ("responded", -8), ("responded", -2)]
    found = []
    for order in itertools.permutations(story):
        intake, _ = taken(*(about(n, kind, minutes) for n, (kind, minutes) in enumerate(order, start=1)))
        found.append((responses(intake), responses(intake, "waiting")))
    assert all(each == found[0] for each in found)


def test_without_an_opening_a_ticket_is_in_no_channel_until_it_comes() -> None:
    """Then it moves."""
    intake, _ = taken(about(1, "reopened", -5), about(2, "responded"))
    assert {TOTAL} == responses(intake).keys()
    intake, _ = taken(about(1, "reopened", -5), about(2, "responded"), about(3, "opened", -60))
    assert {TOTAL, PHONE} == responses(intake).keys()


def test_events_that_are_there_already_are_duplicates() -> None:
    """A second opening, and the same response under another id."""
    _, told = taken(
        about(1, "opened", -7),
        about(2, "opened", -6, channel="web"),
        about(3, "responded"),
        about(4, "responded"),
    )
    assert {"counted": 2, "duplicate": 2} == told.outcomes


def test_business_hours_count_beside_the_wall_clock() -> None:
    """Of a channel with a schedule; without one there are none."""
    never = Schedule("UTC", ((),) * 7)
    intake, _ = taken(about(1, "opened", -7), about(2, "responded"), schedule=never)
    assert [0, 1] == responses(intake, "first_response_business")[TOTAL]
    intake, _ = taken(about(1, "opened", -7), about(2, "responded"))
    assert {} == responses(intake, "first_response_business")


def test_what_is_over_is_forgotten() -> None:
    """The longest window and the lateness after its last event."""
    late = stored(3, "ticket.opened", NOW_MS + 400 * DAY_MS, ticket_id="t-2", channel="web")
    intake, _ = taken(about(1, "opened"), about(2, "reopened", 1), late)
    assert 1 == len(intake._cases._cases[b"k"]._shelf.packed)


@pytest.mark.parametrize(
    ("expected", "moments"),
    [
        (Waits((), None), []),
        (Waits((), 5), [(5, START)]),
        (Waits(((5, 5),), None), [(5, RESPONSE), (5, START)]),
        (Waits(((5, 7),), None), [(5, START), (7, RESPONSE), (9, RESPONSE)]),
        (Waits((), None), [(3, RESPONSE)]),
        (Waits(((5, 9),), None), [(5, START), (7, RESOLVED), (9, RESPONSE)]),
        (Waits(((7, 8),), None), [(5, START), (6, RESOLVED), (7, START), (8, RESPONSE)]),
        (Waits((), 7), [(5, START), (6, RESOLVED), (7, START)]),
    ],
)
def test_waits(expected: Waits, moments: list[tuple[int, int]]) -> None:
    """Of events at one time a start comes before a response."""
    assert expected == waits(moments)
