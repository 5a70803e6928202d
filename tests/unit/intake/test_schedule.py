"""Business hours: weeks, holidays, days on which clocks change, and bad tables."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.intake.schedule import Schedule, schedules
from tests.support.recount.tickets import Hours

HOUR_MS = 3_600_000
STOCKHOLM: dict[str, Any] = {
    "timezone": "Europe/Stockholm",
    "hours": {
        **{day: ["09:00-12:00", "13:00-17:00"] for day in ("mon", "tue", "wed", "thu")},
        "fri": ["09:00-15:30"],
        "sat": [],
    },
    "holidays": ["2026-12-25"],
}
NIGHTS: dict[str, Any] = {
    "timezone": "Europe/Stockholm",
    "hours": {"sat": ["22:00-24:00"], "sun": ["00:00-02:30", "02:45-04:00"]},
}


def schedule(table: dict[str, Any]) -> Schedule:
    """The schedule of a table."""
    return schedules({"support": table})["support"]


def ms(text: str, zone: str = "Europe/Stockholm", fold: int = 0) -> int:
    """A local time in milliseconds."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp() * 1000)


@pytest.mark.parametrize(
    ("hours", "start", "end"),
    [
        (2, "2026-05-04T09:30", "2026-05-04T11:30"),
        (1, "2026-05-04T11:30", "2026-05-04T13:30"),  # the break is not open
        (0, "2026-05-04T17:00", "2026-05-05T09:00"),  # half-open: not a moment of either
        (7, "2026-05-04T00:00", "2026-05-05T00:00"),
        (1, "2026-05-08T15:00", "2026-05-11T09:30"),  # over the weekend
        (0, "2026-05-09T00:00", "2026-05-11T00:00"),  # days that are not named are closed
        (0, "2026-12-25T00:00", "2026-12-26T00:00"),  # a holiday, a Friday
        (34.5, "2026-05-04T00:00", "2026-05-11T00:00"),
        (0, "2026-05-04T10:00", "2026-05-04T10:00"),
    ],
)
def test_open_time_between_two_moments(hours: float, start: str, end: str) -> None:
    """By the local clock."""
    assert hours * HOUR_MS == schedule(STOCKHOLM).open_ms(ms(start), ms(end))


def test_winter_and_summer_have_the_same_local_hours() -> None:
    """Seven hours, from 08:00 UTC in winter and from 07:00 UTC in summer."""
    own = schedule(STOCKHOLM)
    for day, opens in (("2026-01-12", "09:00+01:00"), ("2026-07-13", "09:00+02:00")):
        start = round(datetime.fromisoformat(f"{day}T{opens}").timestamp() * 1000)
        assert 3 * HOUR_MS == own.open_ms(start, start + 3 * HOUR_MS)
        assert 0 == own.open_ms(start - HOUR_MS, start)


def test_what_a_clock_leaves_out_is_not_open() -> None:
    """29 March 2026: from 02:00 it goes to 03:00; of 00:00-02:30 and 02:45-04:00 three hours are there."""
    start, end = ms("2026-03-29T00:00"), ms("2026-03-29T12:00")
    assert 3 * HOUR_MS == schedule(NIGHTS).open_ms(start, end)


def test_what_a_clock_shows_twice_is_open_twice() -> None:
    """25 October 2026: from 03:00 it goes back to 02:00, and the quarter of a break comes twice too."""
    start, end = ms("2026-10-25T00:00"), ms("2026-10-25T12:00")
    assert (2 + 0.5 + 0.25 + 0.5 + 0.25 + 1) * HOUR_MS == schedule(NIGHTS).open_ms(start, end)


def test_hours_until_midnight_join_on_to_those_after_it() -> None:
    """A night shift is written as two."""
    start, end = ms("2026-05-09T23:00"), ms("2026-05-10T01:00")
    assert 2 * HOUR_MS == schedule(NIGHTS).open_ms(start, end)


_MOMENTS = st.integers(ms("2026-01-01T00:00"), ms("2026-12-31T00:00"))


@settings(max_examples=30, deadline=None)
@given(_MOMENTS, st.integers(0, 40 * 24 * HOUR_MS), st.sampled_from([STOCKHOLM, NIGHTS]))
def test_it_is_what_looking_at_the_clock_each_minute_finds(
    start: int, length: int, table: dict[str, Any]
) -> None:
    """Over a year with both changes of clocks."""
    assert Hours(table).between_ms(start, start + length) == schedule(table).open_ms(start, start + length)


def test_a_holiday_may_be_a_date_of_toml() -> None:
    """With or without quotes."""
    own = schedule(STOCKHOLM | {"holidays": [date(2026, 12, 25)]})
    assert own == schedule(STOCKHOLM)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"timezone": "Europe/Stokholm"}, "a time zone such as Europe/Stockholm"),
        ({"timezone": None}, "a time zone"),
        ({"timezone": "../etc/passwd"}, "a time zone"),
        ({"hours": {"monday": []}}, "mon instead of monday"),
        ({"hours": {"mon": "09:00-17:00"}}, "a list as hours of mon"),
        ({"hours": {"mon": ["9-17"]}}, 'hours such as "09:00-17:00"'),
        ({"hours": {"mon": ["22:00-02:00"]}}, "hours such as"),
        ({"hours": {"mon": ["09:00-09:00"]}}, "hours such as"),
        ({"hours": {"mon": ["09:00-24:01"]}}, "hours such as"),
        ({"hours": {"mon": [9]}}, "hours such as"),
        ({"hours": {"mon": ["09:00-12:00", "11:00-17:00"]}}, "hours that do not overlap for mon"),
        ({"holidays": ["25 December"]}, "days such as"),
        ({"holidays": "2026-12-25"}, "a list as holidays"),
        ({"holiday": []}, "holidays instead of holiday"),
    ],
)
def test_a_bad_table_says_what_would_be_right(changed: dict[str, Any], said: str) -> None:
    """And where."""
    with pytest.raises(ValueError, match=said):
        schedules({"support": STOCKHOLM | changed})


def test_a_name_that_no_channel_can_have_is_refused() -> None:
    """It would never be used."""
    with pytest.raises(ValueError, match="a channel, or default"):
        schedules({"my channel": STOCKHOLM})
