"""The kinds of value a setting can have."""

import pytest

from stream import values


@pytest.mark.parametrize(
    ("expected_ms", "text"),
    [
        (300_000, "300"),
        (300_000, "300s"),
        (300_000, "5m"),
        (3_600_000, "1h"),
        (86_400_000, "24h"),
        (604_800_000, "7d"),
        (250, "250ms"),
        (500, "0.5"),
        (5_400_000, "1.5h"),
    ],
)
def test_durations_are_whole_milliseconds(expected_ms: int, text: str) -> None:
    """A bare number is seconds."""
    assert expected_ms == values.duration_ms(text)


@pytest.mark.parametrize("text", ["", "5 m", "m", "1e3", "+5", "5w", "1.h", "5m\n", "٣"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """Neither other digits nor a trailing newline pass."""
    with pytest.raises(ValueError, match="a duration"):
        values.duration_ms(text)


@pytest.mark.parametrize(("expected", "text"), [(True, "1"), (True, "ON"), (False, "off"), (False, "No")])
def test_switches_are_read_in_any_case(expected: bool, text: str) -> None:
    """Every common spelling of yes and no."""
    assert expected is values.switch(text)


def test_a_word_of_a_list_gets_its_own_case() -> None:
    """`info` is INFO."""
    assert values.one_of("DEBUG", "INFO")("info") == "INFO"
