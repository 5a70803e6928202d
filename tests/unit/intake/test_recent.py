"""What makes a repeated event a duplicate: exact edges, before a restart and after it."""

from collections.abc import Sequence

import pytest

from stream.intake.recent import CHUNK, RecentIds


def fed(ids: RecentIds, identities: Sequence[int], first_offset: int = 0) -> list[bool]:
    """Which of these were fresh; every offset is used."""
    return ids.add_all(range(first_offset, first_offset + len(identities)), identities)


def restarted(ids: RecentIds, log: dict[bytes, bytes], identities: dict[int, int]) -> RecentIds:
    """A ring made from what was written, and from reading again `identities`, by offset."""
    again = RecentIds(ids.size)
    for key, value in log.items():
        again.load(key, value)
    again.ordinal = ids.ordinal
    refill = again.begin()
    for offset in sorted(identities):
        if refill.first_offset is not None and offset >= refill.first_offset:
            ordinal = refill.wants(offset)
            if ordinal is not None:
                again.put_back(ordinal, identities[offset])
    return again


def written(ids: RecentIds, log: dict[bytes, bytes]) -> None:
    """A checkpoint into a compacted log."""
    for key, value in ids.changes():
        if value is None:
            del log[key]
        else:
            log[key] = value


def test_an_id_is_known_for_exactly_as_many_records_as_the_setting_says() -> None:
    """The third record after it still sees it, the fourth does not."""
    assert [True, True, True, False] == fed(RecentIds(3), [7, 1, 2, 7])
    assert [True, True, True, True, True] == fed(RecentIds(3), [7, 1, 2, 3, 7])


def test_a_duplicate_does_not_prolong_the_memory_of_its_id() -> None:
    """Only an accepted record leaves an id."""
    assert [True, True, False, True, True] == fed(RecentIds(3), [7, 1, 7, 2, 7])


def test_records_without_an_id_push_others_out() -> None:
    """Rejected records and test events are records too."""
    assert [True, True, True, True, True] == fed(RecentIds(3), [7, 0, 0, 0, 7])


def test_without_memory_nothing_is_a_duplicate() -> None:
    """CX_DEDUP_RECORDS=0."""
    ids = RecentIds(0)
    assert [True, True] == fed(ids, [7, 7])
    assert [] == list(ids.changes())


@pytest.mark.parametrize("before", [1, 2, 3, 4, 7])
def test_a_restart_changes_no_edge(before: int) -> None:
    """Whenever it comes, the ids that were known are known and no others."""
    identities = [7, 1, 2, 7, 3, 1, 0, 2, 7]
    straight = fed(RecentIds(3), identities)
    ids, log = RecentIds(3), dict[bytes, bytes]()
    first = fed(ids, identities[:before])
    written(ids, log)
    again = restarted(ids, log, {i: each for i, each in enumerate(identities[:before]) if each})
    assert straight == first + fed(again, identities[before:], before)


def test_gaps_in_the_offsets_do_not_shift_a_restart() -> None:
    """Aborted transactions leave offsets that nobody ever reads."""
    ids, log = RecentIds(10), dict[bytes, bytes]()
    offsets = {5: 70, 9: 71, 40: 72}
    for offset, identity in offsets.items():
        ids.add_all([offset], [identity])
    written(ids, log)
    again = restarted(ids, log, offsets)
    assert [False, False, False, True] == again.add_all(range(50, 54), range(70, 74))


def test_only_what_changed_is_written_and_what_left_the_ring_is_deleted() -> None:
    """A chunk is small, however large the ring."""
    ids = RecentIds(CHUNK)
    fed(ids, range(1, CHUNK + 2))
    assert [b"d0", b"d1"] == [key for key, _ in ids.changes()]
    fed(ids, range(CHUNK + 2, 2 * CHUNK + 1), CHUNK + 1)
    assert [(b"d1", True), (b"d0", False)] == [(key, value is not None) for key, value in ids.changes()]


def test_records_that_retention_removed_put_nobody_in_the_wrong_place() -> None:
    """A chunk whose first record is gone cannot be placed; the next one can."""
    ids, log = RecentIds(3 * CHUNK), dict[bytes, bytes]()
    identities = {offset: offset + 1 for offset in range(CHUNK + 3)}
    fed(ids, list(identities.values()))
    written(ids, log)
    del identities[0]
    again = restarted(ids, log, identities)
    assert [True, False] == again.add_all([2 * CHUNK, 2 * CHUNK + 1], [5, CHUNK + 2])
