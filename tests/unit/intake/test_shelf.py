"""Entities, packed, each until it may go."""

import gc
import re
import sys
from collections.abc import Iterable

import pytest

from stream.intake.entities import EXPIRES_MS, Invitation
from stream.intake.shelf import Shelf

KEEP_MS = 6_400
"""Buckets of 100 ms."""


def _keys(freed: Iterable[tuple[bytes, Invitation]]) -> list[bytes]:
    return [key for key, _ in freed]


def invitation(at_ms: int, expires_ms: int = 0) -> Invitation:
    """An invitation by mail."""
    return Invitation("acme", at_ms, expires_ms - at_ms - EXPIRES_MS, "mail", 0)


def test_an_entity_is_what_it_was_when_it_was_put() -> None:
    """None where there is none; removed is removed."""
    shelf = Shelf(b"i", Invitation, KEEP_MS)
    shelf.put(b"k", invitation(5))
    assert invitation(5) == shelf.get(b"k")
    shelf.remove(b"k")
    assert shelf.get(b"k") is None


def test_changes_are_told_once_with_the_value_that_stands() -> None:
    """None for what was removed; nothing for what never stood."""
    shelf = Shelf(b"i", Invitation, KEEP_MS)
    shelf.put(b"a", invitation(5))
    shelf.put(b"b", invitation(5))
    shelf.remove(b"b")
    shelf.remove(b"c")
    assert {b"ia": shelf.packed[b"a"], b"ib": None} == dict(shelf.changes())
    assert {} == dict(shelf.changes())


@pytest.mark.parametrize(("at_ms", "expires_ms", "ends_ms"), [(1_000, 0, 7_400), (1_000, 9_000, 9_000)])
def test_an_invitation_ends_when_no_window_holds_it_and_it_is_expired(
    at_ms: int, expires_ms: int, ends_ms: int
) -> None:
    """Whichever is later."""
    assert ends_ms == invitation(at_ms, expires_ms).ends_ms(KEEP_MS)


def test_only_what_is_over_is_freed_and_what_is_not_is_asked_again_later() -> None:
    """Not before its bucket has passed; then whenever another one has, until it may go."""
    shelf = Shelf(b"i", Invitation, KEEP_MS)
    shelf.put(b"k", invitation(0))
    over = [False, True]
    assert [] == _keys(shelf.expire("acme", KEEP_MS, lambda *_: True))
    assert [] == _keys(shelf.expire("acme", KEEP_MS + 100, lambda *_: over[0]))
    assert [] == _keys(shelf.expire("acme", KEEP_MS + 199, lambda *_: True))
    assert [b"k"] == _keys(shelf.expire("acme", KEEP_MS + 200, lambda *_: over[1]))
    assert [] == _keys(shelf.expire("acme", KEEP_MS + 900, lambda *_: True))
    assert shelf.get(b"k") is None


def test_no_more_is_freed_at_once_than_a_checkpoint_may_hold() -> None:
    """After a jump of the clock everything may go at one time: some thousands go, and as many as came."""
    shelf = Shelf(b"i", Invitation, KEEP_MS)
    for number in range(5_000):
        shelf.put(b"%d" % number, invitation(0))
    assert 5_000 == len(list(shelf.changes()))
    shelf.put(b"k", invitation(10 * KEEP_MS))
    freed = []
    for _ in range(3):
        freed.append(sum(1 for _ in shelf.expire("acme", 3 * KEEP_MS, lambda *_: True)))
        freed.append(sum(1 for _ in shelf.expire("acme", 3 * KEEP_MS, lambda *_: True)))
        list(shelf.changes())
    assert [2_001, 0, 2_000, 0, 999, 0] == freed
    assert [b"k"] == list(shelf.packed)


def test_an_entity_that_was_put_again_stays_as_long_as_it_now_may() -> None:
    """Its former bucket frees it no more."""
    shelf = Shelf(b"i", Invitation, KEEP_MS)
    shelf.put(b"k", invitation(0))
    shelf.put(b"k", invitation(1_000))
    assert [] == _keys(shelf.expire("acme", KEEP_MS + 500, lambda *_: True))
    assert [b"k"] == _keys(shelf.expire("acme", KEEP_MS + 1_100, lambda *_: True))


def test_one_tenants_time_frees_nothing_of_another() -> None:
    """Each has its own clock."""
    shelf = Shelf(b"i", Invitation, KEEP_MS)
    shelf.put(b"k", invitation(0))
    assert [] == _keys(shelf.expire("globex", 10 * KEEP_MS, lambda *_: True))
    assert ["acme"] == shelf.tenants()


def test_what_is_loaded_expires_like_what_was_put() -> None:
    """And deleting what was loaded is no change to write."""
    shelf, again = Shelf(b"i", Invitation, KEEP_MS), Shelf(b"i", Invitation, KEEP_MS)
    shelf.put(b"k", invitation(0))
    assert invitation(0) == again.load(b"k", shelf.packed[b"k"])
    assert {} == dict(again.changes())
    assert [b"k"] == _keys(again.expire("acme", KEEP_MS + 100, lambda *_: True))
    assert again.load(b"k", None) is None


def test_what_is_kept_stands_in_blocks_of_its_own_size(capfd: pytest.CaptureFixture[str]) -> None:
    """Memory comes in blocks of 16, 32, 48 … bytes; an encoder's result may stand in a larger one."""

    def blocks(size: int) -> int:
        """How many of a size are in use in this process."""
        capfd.readouterr()
        sys._debugmallocstats()
        row = re.search(rf"^ *\d+ +{size} +\d+ +(\d+) +\d+$", capfd.readouterr().err, re.MULTILINE)
        assert row is not None
        return int(row[1])

    shelf, count = Shelf(b"i", Invitation, KEEP_MS), 20_000
    kept = Invitation("acme", 1_790_000_000_000, 0, "0iweb,cart", 0)
    gc.collect()
    larger = blocks(80)
    for number in range(count):
        shelf.put(b"%024d" % number, kept)
    assert 62 == sys.getsizeof(shelf.packed[b"%024d" % 0])
    assert count // 10 > blocks(80) - larger
