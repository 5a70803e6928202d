"""A rejected record taken apart; redriving itself is tested on a real Kafka."""

from types import SimpleNamespace

from stream.redrive import Rejected, read

_SOURCE = [
    ("reason", b"bad_label"),
    ("detail", b"data.channel"),
    ("topic", b"cx.surveys"),
    ("partition", b"2"),
    ("offset", b"7"),
    ("timestamp", b"1790000000000"),
]


def _record(headers: list[tuple[str, bytes]]) -> SimpleNamespace:
    return SimpleNamespace(key=b"k", value=b"v", headers=headers)


def test_headers_of_the_original_are_kept_and_ours_are_not() -> None:
    """A record in binary mode is nothing without its own."""
    found = read(_record([*_SOURCE, ("ce_id", b"1"), ("content-type", b"application/json")]))

    assert found == Rejected(
        "bad_label",
        "cx.surveys",
        2,
        7,
        b"k",
        b"v",
        [("ce_id", b"1"), ("content-type", b"application/json")],
        cut=False,
    )


def test_a_record_with_a_length_is_cut() -> None:
    """Only its beginning was kept."""
    found = read(_record([*_SOURCE, ("length", b"99999")]))

    assert found is not None
    assert found.cut


def test_what_is_no_rejected_record_is_none() -> None:
    """Somebody else's record on the topic ends nothing."""
    assert read(_record([])) is None
    assert read(_record([*_SOURCE[:3], ("partition", b"x"), ("offset", b"7")])) is None
    assert read(_record([("reason", b"\xff"), *_SOURCE[1:]])) is None
