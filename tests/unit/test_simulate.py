"""Simulated traffic: repeatable, valid, in order, as busy as asked for, in trouble as its scenario says."""

import functools
import itertools
import json
from collections import Counter, defaultdict

import pytest

from stream.errands import Event
from stream.intake.rejection import Rejection
from stream.routing import Router
from stream.simulate import CHANNELS, DROPPED_CHANNEL, SCENARIOS, Plan, busy, events

START_MS = 1_777_852_800_000  # 2026-05-04T00:00:00Z, a Monday
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def taken(plan: Plan, count: int) -> list[tuple[int, Event]]:
    """The first events of a plan."""
    return list(itertools.islice(events(plan), count))


@functools.cache
def troubled(scenario: str) -> tuple[list[Event], list[Event], list[Event]]:
    """Events before, during and after the trouble, each a third of an hour in the forenoon."""
    start_ms, third_ms = START_MS + 10 * HOUR_MS, HOUR_MS // 3
    plan = Plan(1, start_ms, 10, scenario, start_ms + third_ms, start_ms + 2 * third_ms)
    parts: tuple[list[Event], list[Event], list[Event]] = ([], [], [])
    for at_ms, event in itertools.takewhile(lambda each: each[0] < start_ms + HOUR_MS, events(plan)):
        parts[(at_ms - start_ms) // third_ms].append(event)
    return parts


def positive_share(found: list[Event], channel: str | None = None) -> float:
    """Positive of positive and negative interactions."""
    counts = Counter(
        each["data"]["valence"]
        for each in found
        if each["type"] == "cx.interaction.v1" and channel in (None, each["data"]["channel"])
    )
    return counts["positive"] / (counts["positive"] + counts["negative"])


def share_of(found: list[Event], channel: str) -> float:
    """Share of a channel among the visits."""
    channels = [each["data"]["channel"] for each in found if each["type"] == "cx.interaction.v1"]
    return channels.count(channel) / len(channels)


def test_the_same_plan_gives_the_same_events() -> None:
    """Seed and start decide; another of either is another stream, without a common id."""
    plan = Plan(7, START_MS)
    assert taken(plan, 500) == taken(plan, 500)
    for other in (plan._replace(seed=8), plan._replace(start_ms=START_MS + 1000)):
        ids = {event["id"] for _, event in taken(other, 500)}
        assert not ids & {event["id"] for _, event in taken(plan, 500)}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_event_is_valid_in_order_and_new(scenario: str) -> None:
    """What is simulated is what a worker takes."""
    found = taken(Plan(1, START_MS, 20, scenario, START_MS, START_MS + HOUR_MS), 3000)
    router = Router(frozenset())
    routed = [router.route(json.dumps(event).encode()) for _, event in found]
    assert [] == [each for each in routed if isinstance(each, Rejection)]
    assert sorted(at_ms for at_ms, _ in found) == [at_ms for at_ms, _ in found]
    assert len(found) == len({event["id"] for _, event in found})


def test_every_kind_of_event_comes() -> None:
    """Handed-over tickets and expired invitations aside."""
    kinds = {event["type"] for _, event in taken(Plan(1, START_MS, 20), 60_000)}
    assert {
        f"cx.{kind}.v1"
        for kind in (
            *("interaction", "journey.started", "journey.ended", "purchase", "refund"),
            *("survey.answered", "survey.declined", "survey.retracted", "survey.sent"),
            *(f"subscription.{what}" for what in ("started", "paused", "resumed", "cancelled")),
            *(f"ticket.{what}" for what in ("opened", "responded", "resolved", "reopened")),
        )
    } == kinds


def test_tickets_begin_before_they_are_answered_and_subscriptions_before_they_end() -> None:
    """So that the demo shows waits and customers, not leftovers."""
    first: dict[tuple[str, str], str] = {}
    for _, event in taken(Plan(1, START_MS, 20), 30_000):
        data = event["data"]
        about = data.get("ticket_id") or data.get("journey_id") or data.get("order_id")
        if event["type"].startswith("cx.subscription."):
            about = "subscription"
        if about is not None:
            first.setdefault((event["subject"], about), event["type"])
    assert {
        *("cx.ticket.opened.v1", "cx.journey.started.v1", "cx.purchase.v1", "cx.subscription.started.v1")
    } == set(first.values())


def test_every_answer_belongs_to_an_invitation_of_the_same_customer_before_it() -> None:
    """So that channel and touchpoint can be inherited."""
    invited: dict[str, tuple[str, str]] = {}
    answers = 0
    for _, event in taken(Plan(1, START_MS, 20, tenants=("acme", "globex")), 20_000):
        who = (event["tenantid"], event["subject"])
        if event["type"] == "cx.survey.sent.v1":
            invited[event["data"]["invitation_id"]] = who
        elif event["type"] == "cx.survey.answered.v1":
            assert who == invited[event["data"]["invitation_id"]]
            answers += 1
    assert answers > 500


def test_a_week_is_on_average_as_busy_as_asked_for() -> None:
    """The rate is events a second, whatever the time of day does to it."""
    week = [busy(START_MS + minute * 60_000) for minute in range(7 * 24 * 60)]
    assert abs(sum(week) / len(week) - 1) < 0.001
    assert min(week) > 0.1
    in_a_week = sum(
        1
        for _ in itertools.takewhile(
            lambda each: each[0] < START_MS + 7 * DAY_MS, events(Plan(1, START_MS, 0.1))
        )
    )
    assert abs(in_a_week / (0.1 * 7 * 86_400) - 1) < 0.02


def test_nights_are_quiet_and_evenings_busy() -> None:
    """Twice as many events between 16 and 20 h as between 4 and 8 h, at least."""
    hours = Counter((at_ms - START_MS) // HOUR_MS for at_ms, _ in taken(Plan(1, START_MS, 0.5), 40_000))
    assert sum(hours[hour] for hour in range(16, 20)) > 2 * sum(hours[hour] for hour in range(4, 8))


def test_steady_stays() -> None:
    """No trouble in the middle."""
    before, during, _ = troubled("steady")
    assert abs(positive_share(before) - positive_share(during)) < 0.02


def test_drop_hits_every_channel_and_passes() -> None:
    """All feel worse for a while."""
    before, during, after = troubled("drop")
    for channel in CHANNELS:
        assert positive_share(during, channel) < positive_share(before, channel) - 0.03
    assert abs(positive_share(before) - positive_share(after)) < 0.02


def test_channel_drop_hits_one_channel() -> None:
    """The others feel as before."""
    before, during, _ = troubled("channel-drop")
    for channel in CHANNELS:
        fell = positive_share(before, channel) - positive_share(during, channel)
        assert (fell > 0.1) == (channel == DROPPED_CHANNEL)


def test_mix_shift_moves_visits_between_channels_that_feel_as_before() -> None:
    """The total falls although no channel does."""
    before, during, _ = troubled("mix-shift")
    assert share_of(during, "phone") > share_of(before, "phone") + 0.2
    assert positive_share(during) < positive_share(before) - 0.03
    for channel in ("web", "app", "phone"):
        assert abs(positive_share(before, channel) - positive_share(during, channel)) < 0.04


def test_silence_is_silent_and_ends() -> None:
    """Nothing at all for a while."""
    before, during, after = troubled("silence")
    assert ([], True, True) == (during, len(before) > 1000, len(after) > 1000)


def test_an_unknown_scenario_is_refused() -> None:
    """With its name."""
    with pytest.raises(ValueError, match="panic"):
        next(events(Plan(1, START_MS, scenario="panic")))


def test_edits_and_retractions_name_what_was_answered() -> None:
    """A higher revision, or a reason."""
    by_response: dict[str, list[Event]] = defaultdict(list)
    for _, event in taken(Plan(1, START_MS, 20), 60_000):
        if "response_id" in event["data"]:
            by_response[event["data"]["response_id"]].append(event)
    stories = Counter(tuple(each["type"].split(".")[2] for each in story) for story in by_response.values())
    assert {("answered",), ("answered", "answered"), ("answered", "retracted")} >= set(stories)
    assert min(stories.values()) > 2
