"""The counts that a benchmark expects, and the events they are made from."""

import orjson

from bench.events import answers, interactions
from bench.peers.protocol import interaction_key
from bench.truth import Kind, Truth
from stream.intake.decode import Decoder
from stream.intake.rejection import Rejection

POSITIVE = Kind("cx_interactions", (("valence", "positive"),))
START_MS = 1_780_000_000_000


def _cells(truth: Truth, by: str) -> dict[str, float]:
    return {
        dict(labels)["window"]: value
        for (_, labels), value in truth.cells().items()
        if dict(labels)["by"] == by
    }


def test_an_event_counts_in_every_view_and_window() -> None:
    """Three views, six windows, one event."""
    truth = Truth()
    truth.add(("acme", "positive", "web", "cart", "pro", POSITIVE), START_MS)
    everywhere = dict.fromkeys(("5m", "1h", "24h", "7d", "30d", "90d"), 1)
    for by in ("total", "channel", "touchpoint"):
        assert everywhere == _cells(truth, by)


def test_an_event_sixty_panes_before_the_highest_has_left_the_window() -> None:
    """The window of five minutes holds sixty panes of five seconds, the last with its end in it."""
    truth = Truth()
    for at_ms in (START_MS, START_MS + 4_999, START_MS + 60 * 5_000):
        truth.add(("acme", "positive", "web", "cart", "pro", POSITIVE), at_ms)
    found = _cells(truth, "total")
    assert 1 == found["5m"]
    assert 3 == found["1h"]


def test_what_an_edit_replaces_is_taken_out() -> None:
    """A count of -1 leaves nothing behind."""
    truth = Truth()
    event = ("acme", "positive", "web", "cart", "pro", POSITIVE)
    truth.add(event, START_MS)
    truth.add(event, START_MS, -1)
    assert {0} == set(truth.cells().values())


def test_generated_events_are_the_same_every_time_and_valid() -> None:
    """A rejected event would be counted by some peers and not by others."""
    for make, topic in ((interactions, "interactions"), (answers, "surveys")):
        first = list(make(400, START_MS, Truth()))
        assert first == list(make(400, START_MS, Truth()))
        decoder = Decoder(topic)
        assert not [value for _, value in first if isinstance(decoder.decode(value), Rejection)]


def test_interactions_have_the_size_that_the_comparison_states() -> None:
    """334 bytes, as those that other stream processors were measured with."""
    sizes = [len(value) for _, value in interactions(2_000, START_MS, Truth())]
    assert 334 == round(sum(sizes) / len(sizes))


def test_totals_are_what_a_peer_finds_by_counting() -> None:
    """The keys of peers and of the truth are the same."""
    truth = Truth()
    found: dict[tuple[str, ...], int] = {}
    for _, value in interactions(500, START_MS, truth):
        key = interaction_key(orjson.loads(value))
        found[key] = found.get(key, 0) + 1
    assert truth.totals() == found
