"""What is kept of tickets, journeys and customers stays within what a broker takes, however much there is."""

from collections.abc import Iterable, Iterator

import pytest

from stream.flow.changelog import _MAX_BATCH
from stream.flow.intake import _SLICES
from stream.flow.stage import _PENDING_MAX
from stream.intake.pack import CellRow
from stream.intake.partition import Intake
from stream.intake.record import Source
from stream.scoring.merge import Merger
from stream.scoring.message import encode
from stream.scoring.panes import ladders
from stream.scoring.weight import RECORD_BYTES
from tests.support.folding import Stored, rules, stored

DAY_MS = 86_400_000
START_MS = 20_000 * DAY_MS
WINDOWS = "5m,1h,24h,7d,30d,90d"
LARGEST_CELL, LARGEST_MESSAGE, LARGEST_BATCH = 8_192, 600_000, 900_000
ALWAYS = 2_000
"""Bytes that every checkpoint holds: recent ids."""
Changes = list[tuple[bytes, bytes | None]]


def orders() -> Iterator[Stored]:
    """Of 4 000 customers who begin in one day, and buy again twice, at every age in 80 days."""
    offset = 0
    for round_ in range(3):
        for customer in range(4_000):
            again = 0 if not round_ else 1 + (customer + round_) % 80
            at_ms = START_MS + again * DAY_MS
            paid = f"{customer}.{customer:09}"
            yield stored(
                offset,
                "purchase",
                at_ms,
                f"c-{customer}",
                order_id=f"o-{offset}",
                amount=paid,
                currency="SEK",
            )
            offset += 1


def journeys() -> Iterator[Stored]:
    """Of every duration that has a bucket of its own, up to three weeks."""
    for number in range(3_000):
        about = {"journey_id": f"j-{number}"}
        lasted_ms = int(1.0073**number)
        yield stored(2 * number, "journey.started", START_MS, name="n", **about)
        yield stored(2 * number + 1, "journey.ended", START_MS + lasted_ms, outcome="failed", **about)


def waiting() -> Iterator[Stored]:
    """Three tickets a minute that nobody answers, for a day."""
    for number in range(3 * 1_440):
        at_ms = START_MS + number * 20_000
        yield stored(number, "ticket.opened", at_ms, ticket_id=f"t-{number}", channel="phone")


@pytest.mark.parametrize(
    ("topic", "records"), [("relationships", orders), ("interactions", journeys), ("interactions", waiting)]
)
def test_cells_and_messages_stay_small_and_a_slice_changes_what_a_checkpoint_can_hold(
    topic: str, records: object
) -> None:
    """At stage one and at stage two; what is pending is no less than what is written then."""
    own = rules(CX_WINDOWS=WINDOWS, CX_CLOCK="event", CX_MAX_LATENESS="90d")
    intake, merger = Intake(Source(topic, 0), own), Merger(ladders(own.windows), by_event_time=True)
    assert callable(records)
    offset = 0
    for part in slices(list(records()), _SLICES[topic]):
        intake.fold(part, START_MS + 200 * DAY_MS)
        pending = intake.pending
        step = intake.checkpoint()
        assert_fits(step.changes, pending)
        for message in intake.messages(step.position, step.rows):
            assert len(encode("cx", message)) < LARGEST_MESSAGE
            merger.fold(offset, message)
            offset += 1
        pending = merger.pending
        assert_fits(merger.changes(), pending)
    for message in intake.messages(offset, intake.above(0)):
        assert len(encode("cx", message)) < LARGEST_MESSAGE


def test_many_full_cells_are_told_in_several_messages() -> None:
    """Two hundred parts of a thousand long keys; all of them, in their order, and each message sendable."""
    full = [each for key in range(1_024) for each in (10**18 + key, 10**9)]
    cells: list[CellRow] = [(0, pane, 0, ("", "total", "", "", "", "1"), full) for pane in range(200)]
    intake = Intake(Source("relationships", 0), rules())
    messages = list(intake.messages(1, {("acme", "value"): cells}))
    assert cells == [row for message in messages for row in message.rows]
    assert max(len(encode("cx", message)) for message in messages) < LARGEST_BATCH


def slices(records: list[Stored], size: int) -> Iterator[list[Stored]]:
    """So many at a time, and the last ones each alone: what they change is then much more than they are."""
    many, last = records[:-5], records[-5:]
    yield from (many[first : first + size] for first in range(0, len(many), size))
    yield from ([record] for record in last)


def assert_fits(changes: Changes, pending: int) -> None:
    """One value is small; the large ones are no more than was said, and all no more than a batch may hold."""
    assert max(size(value) for _, value in changes) <= LARGEST_CELL
    large = sum(size(value) for _, value in changes if size(value) > RECORD_BYTES)
    assert large <= ALWAYS + pending * RECORD_BYTES
    assert bytes_of(changes) + _PENDING_MAX * RECORD_BYTES < _MAX_BATCH


def size(value: bytes | None) -> int:
    """Of a changelog value."""
    return len(value or b"")


def bytes_of(changes: Iterable[tuple[bytes, bytes | None]]) -> int:
    """Of keys and values."""
    return sum(len(key) + size(value) for key, value in changes)


def most_of(kind: str, count: int) -> Iterator[Stored]:
    """So many events of one customer, all about what is kept as one."""
    for number in range(count):
        at_ms = START_MS + number * 1_000
        if kind == "purchase":
            amount = "123456789012345678.123456789012345678"
            yield stored(number, kind, at_ms, order_id=f"o-{number}", amount=amount, currency="SEK")
        elif kind == "ticket":
            event = "ticket.responded" if number % 2 else "ticket.reopened"
            own = {"responder": "human"} if number % 2 else {}
            yield stored(number, event, at_ms, ticket_id="t-1", **own)
        else:
            yield stored(number, "subscription.paused", at_ms, subscription_id=f"s-{number}")


@pytest.mark.parametrize(
    ("topic", "kind", "prefix"),
    [
        ("relationships", "purchase", b"b"),
        ("relationships", "subscription", b"u"),
        ("interactions", "ticket", b"k"),
    ],
)
def test_a_slice_of_the_largest_entities_fits_into_a_checkpoint(topic: str, kind: str, prefix: bytes) -> None:
    """Each event about another customer who has done all that is remembered of one."""
    intake = Intake(Source(topic, 0), rules(CX_WINDOWS="1h", CX_CLOCK="event"))
    *many, last = most_of(kind, 1_000 if kind == "purchase" else 390)
    intake.fold(many, START_MS + DAY_MS)
    intake.checkpoint()
    intake.fold([last], START_MS + DAY_MS)
    pending = intake.pending
    (kept,) = (value for key, value in intake.checkpoint().changes if key[:1] == prefix)
    assert size(kept) <= pending * RECORD_BYTES
    assert size(kept) > 5_000
    assert _SLICES[topic] * size(kept) + _PENDING_MAX * RECORD_BYTES < _MAX_BATCH
