"""Event times, against the standard library."""

import contextlib
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st

from stream.intake.times import parse_ms

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(
    st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29), timezones=_OFFSETS),  # noqa: DTZ001
    st.text(alphabet="0123456789", max_size=12),
)
@settings(max_examples=500, deadline=None)
def test_times_are_those_of_the_standard_library(moment: datetime, digits: str) -> None:
    """At any offset, with any digits behind the microseconds."""
    text = moment.isoformat(timespec="microseconds")
    split = len("2026-05-04T10:15:30.123456")
    expected_ms = (moment - _EPOCH) // timedelta(milliseconds=1)
    assert expected_ms == parse_ms(text[:split] + digits + text[split:])


@given(st.text() | st.text(alphabet="0123456789-:TtZz+. ", min_size=15, max_size=30))
@settings(max_examples=1_000, deadline=None)
def test_any_text_is_a_time_or_a_value_error(text: str) -> None:
    """Nothing else escapes."""
    with contextlib.suppress(ValueError):
        assert isinstance(parse_ms(text), int)
