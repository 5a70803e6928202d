"""Memory and changelogs over time: once the longest window is full, constant traffic adds nothing more."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stream.flow.disk import Disk
from stream.intake.store import MemoryStore, Store
from tests.support.folding import rules
from tests.support.growth import Life, growing

KEEP_STEPS, PARTS = 420, 6
"""Windows of up to an hour and ten minutes of lateness, in steps of ten seconds."""
NOISE = 0.02


@pytest.fixture(params=["memory", "rocksdb"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Either kind."""
    disk = Disk(tmp_path)
    yield MemoryStore() if request.param == "memory" else disk.store("s")
    disk.close()


@pytest.mark.parametrize("clock", ["wall", "event"])
def test_constant_traffic_adds_nothing_once_the_longest_window_is_full(store: Store, clock: str) -> None:
    """Entities, their ends, panes and merged cells; keys and bytes of both changelogs.

    With the wall clock there are tenants, too, who come once: they leave nothing.
    """
    chosen = rules(CX_CLOCK=clock, CX_WINDOWS="1m,10m,1h", CX_DEDUP_RECORDS="500")
    life = Life(chosen, 10_000, passing=clock == "wall", store=store)
    life.live(2 * KEEP_STEPS)
    found = []
    for _ in range(2 * PARTS):
        life.live(KEEP_STEPS // PARTS)
        found.append(life.sizes())
    assert min(found[0].values()) > 0
    assert {} == growing(found, NOISE)
    life.intake.close()
