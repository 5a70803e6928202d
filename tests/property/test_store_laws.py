"""Laws of the stores: on a disk or in memory, the same is counted and remembered, whatever happens."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.flow.disk import Disk
from stream.intake.store import Store
from tests.property.test_intake_laws import CLOCKS, STEPS, Run, Step, streams
from tests.support.folding import Stored, Told, counts, entities


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Store]]:
    """Makes stores on the disk."""
    disk = Disk(tmp_path_factory.mktemp("data"))
    yield lambda: disk.store("s")
    disk.close()


@settings(max_examples=60, deadline=None)
@given(streams(), STEPS, CLOCKS, st.data())
def test_a_worker_with_a_disk_does_what_one_without_does(
    stores: Callable[[], Store], records: list[Stored], steps: list[Step], clock: str, data: st.DataObject
) -> None:
    """Through the same steps and crashes, or through others."""
    others = data.draw(st.just(steps) | STEPS)
    memory, disk = (
        Run("surveys", clock, records).live(steps),
        Run("surveys", clock, records, stores).live(others),
    )
    assert counts(memory.intake) == counts(disk.intake)
    assert entities(memory.intake) == entities(disk.intake)
    assert Told.of(memory.told) == Told.of(disk.told)
    assert memory.rows() == disk.rows()
    disk.intake.close()


def test_nothing_is_left_on_the_disk(stores: Callable[[], Store], tmp_path: Path) -> None:
    """Neither of a store that was closed, nor of a worker that ended."""
    disk = Disk(tmp_path)
    store = disk.store("s")
    store.packed(b"r")[b"k"] = b"v"
    store.settle()
    assert [] != list(tmp_path.rglob("*.log"))
    store.close()
    assert [] == list(tmp_path.rglob("*.log"))
    disk.close()
    assert ["lock"] == [each.name for each in (tmp_path / "entities").iterdir()]
