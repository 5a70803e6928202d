"""A worker's folder for entities, and a partition's database in it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stream.flow.disk import Disk
from stream.flow.rocks import DiskStore, StoreError
from stream.intake.store import MemoryStore, Store

_FULL = """
import resource, sys
from pathlib import Path
from stream.flow.disk import Disk
from stream.flow.rocks import StoreError

disk = Disk(Path(sys.argv[1]))
store = disk.store("s")
packed = store.packed(b"r")
# What a file may hold is bounded from here on: to RocksDB a full disk by another name.
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
for number in range(1000):
    for each in range(100):
        packed[b"%d-%d" % (number, each)] = bytes(1000)
    try:
        store.settle()
    except StoreError as error:
        print(error)
        break
"""
_DYING = """
import os, sys
from pathlib import Path
from stream.flow.disk import Disk

Disk(Path(sys.argv[1]))
os._exit(9)
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A worker's."""
    made = Disk(tmp_path)
    yield made
    made.close()


@pytest.fixture(params=["memory", "rocksdb"])
def store(request: pytest.FixtureRequest, disk: Disk) -> Iterator[Store]:
    """Either kind."""
    made: Store = MemoryStore() if request.param == "memory" else disk.store("s")
    yield made
    made.close()


def test_what_was_put_can_be_read_before_it_is_settled_and_after(store: Store) -> None:
    """Removed is removed; kinds do not meet."""
    packed, others = store.packed(b"r"), store.packed(b"i")
    packed[b"k"], packed[b"l"], others[b"k"] = b"1", b"2", b"3"
    for _ in range(2):
        assert (b"1", None) == (packed.get(b"k"), packed.get(b"m"))
        assert b"3" == others[b"k"]
        assert b"2" == packed.pop(b"l", None)
        assert packed.pop(b"l", None) is None
        store.settle()
        packed[b"l"] = b"2"
    store.settle()
    assert {b"k": b"1", b"l": b"2"} == dict(packed)


def test_buckets_are_taken_in_parts_and_then_are_no_more(store: Store) -> None:
    """Tenants apart, also where one's name begins with the other's."""
    ends = store.ends(b"r")
    for key in (b"a", b"b", b"c"):
        ends.add("acme", 7, key)
    ends.add("acme", 9, b"d")
    ends.add("acme2", 7, b"e")
    store.settle()
    assert ([7], {"acme", "acme2"}) == (ends.passed("acme", 8), set(ends.tenants()))
    taken = ends.take("acme", 7, 2)
    store.settle()
    assert ([7], 2) == (ends.passed("acme", 8), len(taken))
    assert {b"a", b"b", b"c"} == {*taken, *ends.take("acme", 7, 2)}
    store.settle()
    assert [] == ends.passed("acme", 8)
    assert [b"e"] == ends.take("acme2", 7, 2)
    assert ["acme"] == ends.tenants()


def test_what_is_added_while_a_bucket_is_taken_is_found_later(store: Store) -> None:
    """A bucket that has passed may still get keys: those of late events."""
    ends = store.ends(b"r")
    ends.add("acme", 7, b"a")
    store.settle()
    ends.add("acme", 7, b"b")
    taken = ends.take("acme", 7, 5)
    store.settle()
    while buckets := ends.passed("acme", 7):
        taken += ends.take("acme", buckets[0], 5)
        store.settle()
    assert [b"a", b"b"] == sorted(taken)


def test_a_customers_responses_are_found(store: Store) -> None:
    """Before and after they are settled; nobody else's."""
    packed, index = store.packed(b"r"), store.by_customer(b"r")
    mine = [b"customer-one" + bytes([each]) * 12 for each in (3, 1, 2)]
    for key in (*mine[:2], b"customer-two" + b"1" * 12):
        packed[key] = b""
        index.add(key, b"")
    store.settle()
    packed[mine[2]] = b""
    index.add(mine[2], b"")
    assert sorted(mine) == sorted(index.of(b"customer-one"))
    del packed[mine[0]]
    index.discard(mine[0], b"")
    store.settle()
    assert sorted(mine[1:]) == sorted(index.of(b"customer-one"))


def test_a_worker_sweeps_what_dead_ones_left_and_nothing_of_living_ones(disk: Disk, tmp_path: Path) -> None:
    """Two workers may share CX_DATADIR."""
    subprocess.run([sys.executable, "-c", _DYING, tmp_path], check=False)
    folders = {each for each in (tmp_path / "entities").iterdir() if each.is_dir()}
    assert 2 == len(folders)
    second = Disk(tmp_path)
    left = {each for each in (tmp_path / "entities").iterdir() if each.is_dir()}
    assert (2, 1) == (len(left), len(left & folders))
    store = disk.store("s")
    store.packed(b"r")[b"k"] = b"v"
    store.settle()
    second.close()
    assert b"v" == store.packed(b"r")[b"k"]


def test_a_store_that_was_closed_answers_nothing(disk: Disk) -> None:
    """Least of all that there is nothing."""
    store: DiskStore = disk.store("s")
    store.packed(b"r")[b"k"] = b"v"
    store.settle()
    store.close()
    with pytest.raises(StoreError):
        store.packed(b"r").get(b"k")


def test_a_full_disk_is_an_error_for_people(tmp_path: Path) -> None:
    """It says that nothing is lost and what to do."""
    done = subprocess.run(
        [sys.executable, "-c", _FULL, tmp_path], check=True, capture_output=True, encoding="utf-8"
    )
    assert "CX_DATADIR" in done.stdout
    assert "Nothing is lost" in done.stdout


def test_a_folder_that_cannot_be_made_is_an_error_for_people(tmp_path: Path) -> None:
    """Such as where a file stands."""
    (tmp_path / "entities").write_text("")
    with pytest.raises(StoreError, match="CX_DATADIR"):
        Disk(tmp_path)
