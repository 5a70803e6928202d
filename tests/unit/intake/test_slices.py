"""Records by the slice: whatever stands beside a record, it is judged as if it came alone."""

import pytest

from stream.intake import decode
from stream.intake.decode import Decoder
from stream.intake.rejection import Rejection
from tests.support.decoding import ANSWERED, INTERACTION, SENT
from tests.support.events import event, written

GOOD = written(event(INTERACTION, {"channel": "web", "segments": {"plan": "pro"}}))
# What the contract says of `malformed`, and what would slip through if values were joined into one array.
WORDS: list[tuple[bytes | None, str | None]] = [
    (GOOD, None),
    (GOOD + b"\n", None),
    (b"1],[1", "malformed"),
    (b"{}{}", "malformed"),
    (b",", "malformed"),
    (b"", "malformed"),
    (None, "malformed"),
    (GOOD + b"," + GOOD, "malformed"),
    (GOOD[:-1], "malformed"),
    (GOOD + b"}", "malformed"),
    (GOOD[:-1] + b',"comment":"' + b"\xff" + b'"}', "malformed"),
    (GOOD[:-1] + b',"deep":' + b"[" * 16 + b"]" * 16 + b"}", "malformed"),
    (GOOD[:-1] + b',"wide":[' + b",".join([b"{}"] * 40) + b"]}", None),
    (GOOD[:-1] + ',"comment":"smörgåsbord"}'.encode(), None),
    (b" " * 65_536 + GOOD, "too_big"),
    (written(event(INTERACTION, {"channel": "a b"})), "bad_label"),
    (written(event(INTERACTION, {"segments": {"plan": "a b"}})), "bad_label"),
    (written(event(INTERACTION, subject="jane@example.org")), "personal_data"),
    (written(event(INTERACTION, subject="50%")), None),
    (written(event(INTERACTION, time="yesterday")), "bad_type"),
    (written(event("cx.ticket.opened.v1")), None),
    (written(event(SENT)), "unknown_type"),
]


def reasons(decoder: Decoder, values: list[bytes | None]) -> list[str | None]:
    """By value, why it is rejected."""
    events, times_ms, combinations = decoder.decode_all(values, [()] * len(values))
    assert len(events) == len(times_ms) == len(combinations) == len(values)
    return [each.reason.value if isinstance(each, Rejection) else None for each in events]


@pytest.mark.parametrize("n", [1, 2, 5, len(WORDS)])
def test_a_record_is_judged_alike_in_any_company(n: int) -> None:
    """Slices of one, of several, of all; by a decoder that has seen nothing or much."""
    decoder = Decoder("interactions")
    values, expected = [value for value, _ in WORDS], [reason for _, reason in WORDS]
    for _ in range(2):
        found = [each for i in range(0, len(values), n) for each in reasons(decoder, values[i : i + n])]
        assert expected == found


@pytest.mark.parametrize(("bad", "reason"), [pair for pair in WORDS if pair[1]], ids=range(16))
def test_one_bad_record_among_many_good_ones_is_the_only_one_rejected(bad: bytes, reason: str) -> None:
    """Wherever it stands."""
    decoder = Decoder("interactions")
    for place in (0, 117, 249):
        values: list[bytes | None] = [GOOD] * 250
        values[place] = bad
        found = reasons(decoder, values)
        assert reason == found[place]
        assert [None] * 249 == found[:place] + found[place + 1 :]


def test_events_with_headers_stand_among_others() -> None:
    """Binary mode is decoded with care; its neighbours are not."""
    content = event(ANSWERED)
    headers = [(f"ce_{name}", str(content[name]).encode()) for name in content if name != "data"]
    value = written(content["data"])
    events, times_ms, _ = Decoder("surveys").decode_all(
        [written(content), value, written(content)], [(), headers, ()]
    )
    assert events[0] == events[1] == events[2]
    assert times_ms[0] == times_ms[1] == times_ms[2]


def test_interactions_with_the_same_values_share_their_combination() -> None:
    """By tenant, channel, touchpoint, valence and the segments that views split by; others do not matter."""
    decoder = Decoder("interactions", segment_keys=("plan",))
    contents = [
        event(INTERACTION, {"channel": "web", "segments": {"plan": plan, "team": team}}, tenantid=tenant)
        for tenant in ("acme", "globex")
        for plan in ("pro", "free")
        for team in ("a", "b")
    ]
    for _ in range(2):
        _, _, found = decoder.decode_all([written(each) for each in contents], [()] * 8)
        assert [0, 0, 2, 2, 4, 4, 6, 6] == [found.index(each) for each in found]
        assert [("acme", "pro"), ("globex", "free")] == [
            (each.dims.tenant, *each.dims.segments) for each in (found[0], found[6]) if each is not None
        ]


def test_room_for_combinations_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what was known once is found again."""
    monkeypatch.setattr(decode, "_MAX_COMBINATIONS", 5)
    decoder = Decoder("interactions")
    for number in (*range(23), 0):
        value = written(event(INTERACTION, {"channel": f"c-{number}"}))
        _, _, (found,) = decoder.decode_all([value], [()])
        assert found is not None
        assert f"c-{number}" == found.dims.channel
        assert len(decoder._combinations) <= 5
