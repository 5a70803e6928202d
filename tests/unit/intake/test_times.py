"""RFC 3339 date-times as milliseconds."""

import pytest

from stream.intake import times
from stream.intake.times import parse_ms

_SECOND_MS = 1_777_889_730_000


@pytest.mark.parametrize(
    ("expected_ms", "text"),
    [
        (_SECOND_MS, "2026-05-04T10:15:30Z"),
        (_SECOND_MS, "2026-05-04t10:15:30z"),
        (_SECOND_MS + 100, "2026-05-04T10:15:30.1Z"),
        (_SECOND_MS + 120, "2026-05-04T10:15:30.12Z"),
        (_SECOND_MS + 123, "2026-05-04T10:15:30.123Z"),
        (_SECOND_MS + 1, "2026-05-04T10:15:30.0019999Z"),
        (_SECOND_MS + 999, "2026-05-04T10:15:30." + "9" * 5_000 + "Z"),
        (_SECOND_MS, "2026-05-04T12:15:30+02:00"),
        (_SECOND_MS, "2026-05-04T02:15:30-08:00"),
        (_SECOND_MS + 5, "2026-05-04T15:45:30.005+05:30"),
        (_SECOND_MS, "2026-05-04T10:15:30-00:00"),
        (_SECOND_MS, "2026-05-05T10:14:30+23:59"),
        (0, "1970-01-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (-62_135_596_800_000, "0001-01-01T00:00:00Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        (253_402_300_799_999 + 86_340_000, "9999-12-31T23:59:59.999-23:59"),
        (1_709_208_000_000, "2024-02-29T12:00:00Z"),
    ],
)
def test_event_times_are_whole_milliseconds_since_the_epoch(expected_ms: int, text: str) -> None:
    """Digits below a millisecond are cut, the offset is taken off; read anew and from the cache alike."""
    assert [expected_ms, expected_ms] == [parse_ms(text), parse_ms(text)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-05-04",
        "2026-05-04T10:15:30",
        "2026-05-04 10:15:30Z",
        "2026-05-04T10:15Z",
        "2026-05-04T10:15:30.Z",
        "2026-05-04T10:15:30,5Z",
        "2026-05-04T10:15:30Z\n",
        "2026-05-04T10:15:30.123Z\n",
        "2026-05-04T10:15:30 Z",
        "2026-05-04T10:15:30+0200",
        "2026-05-04T10:15:30+02",
        "2026-05-04T10:15:30+24:00",
        "2026-05-04T10:15:30+02:60",
        "2026-05-04T10:15:60Z",
        "2026-05-04T10:60:30Z",
        "2026-05-04T24:00:00Z",
        "2026-02-29T10:15:30Z",
        "2026-13-04T10:15:30Z",
        "2026-00-04T10:15:30Z",
        "0000-05-04T10:15:30Z",
        "+026-05-04T10:15:30Z",
        "2026-W19-1T10:15:30Z",
        "\u0662\u0660\u0662\u0666-05-04T10:15:30Z",
        "2026-05-04T10:15:30.\u0661Z",
        "1777889730",
        "2026-05-04T10:15:30Zz",
    ],
)
def test_what_is_no_rfc_3339_time_with_offset_is_refused(text: str) -> None:
    """Neither other forms of ISO 8601, nor other digits, nor a line feed at the end."""
    with pytest.raises(ValueError, match=r"not an RFC 3339|out of range|Invalid isoformat|must be in"):
        parse_ms(text)


def test_caches_stay_within_their_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many distinct times arrive, and however long their fractions are."""
    for kept in (times._seconds_ms, times._tails_ms):
        kept.clear()
        monkeypatch.setattr(kept, "_room", 10)
    for second in range(60):
        assert _SECOND_MS - 30_000 + second * 1_000 + second == parse_ms(
            f"2026-05-04T10:15:{second:02d}.{second:03d}Z"
        )
        parse_ms(f"2026-05-04T10:15:{second:02d}.{'7' * 50}{second}Z")
    assert len(times._seconds_ms) <= 10
    assert len(times._tails_ms) <= 10
    assert max(map(len, times._tails_ms)) <= len(".123+02:00")
