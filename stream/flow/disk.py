"""CX_STORE=rocksdb: entities that outgrow memory lie on a disk, under CX_DATADIR.

    CX_DATADIR/entities/lock              held while a worker makes its folder
                        worker-…/lock     held for as long as that worker lives
                                /0-1/     a database for each source partition and turn of owning it

The changelog in Kafka stays the only truth. What lies here is memory that happens to be on a disk: made empty
when a partition is claimed, filled while its changelog is read, removed when the partition goes. Nothing of
it is meant to be found again, so nothing is logged or synced, and what a killed worker left is swept by the
next one that starts in the same folder (docs/decisions/0009).
"""

import fcntl
import itertools
import logging
import os
import shutil
import tempfile
from pathlib import Path

import rocksdict

from stream.flow.rocks import DiskStore, telling

log = logging.getLogger(__name__)

_CACHE_BYTES = 32 * 1_048_576
_BUFFERS_BYTES = 32 * 1_048_576
_BUFFER_BYTES = 8 * 1_048_576
_BLOCK_BYTES = 4_096
_OPEN_FILES = 128
_LOCK = "lock"


class Disk:
    """The folder of one worker, and the memory that all its databases share."""

    def __init__(self, datadir: Path) -> None:
        """Make the folder; remove those of workers that are no more. Raises StoreError."""
        self._cache = rocksdict.Cache(_CACHE_BYTES)
        self._buffers = rocksdict.WriteBufferManager(_BUFFERS_BYTES, allow_stall=False)
        self._numbers = itertools.count(1)
        with telling():
            self._folder, self._lock = _own_folder(datadir / "entities")

    def store(self, name: str) -> "DiskStore":
        """An empty store for a source partition."""
        return DiskStore(self._folder / f"{name}-{next(self._numbers)}", self._options())

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)
        os.close(self._lock)

    def _options(self) -> rocksdict.Options:
        blocks = rocksdict.BlockBasedOptions()
        blocks.set_block_cache(self._cache)
        blocks.set_block_size(_BLOCK_BYTES)
        blocks.set_bloom_filter(10, False)  # noqa: FBT003 - filters of whole files, not of blocks
        # Filters and indexes in parts, in the cache: outside it they would grow with what is stored.
        blocks.set_index_type(rocksdict.BlockBasedIndexType.two_level_index_search())
        blocks.set_partition_filters(True)
        blocks.set_cache_index_and_filter_blocks(True)
        blocks.set_pin_top_level_index_and_filter(True)
        options = rocksdict.Options(raw_mode=True)
        options.set_block_based_table_factory(blocks)
        options.set_compression_type(rocksdict.DBCompressionType.lz4())
        options.set_write_buffer_manager(self._buffers)
        options.set_write_buffer_size(_BUFFER_BYTES)
        options.set_max_open_files(_OPEN_FILES)
        options.set_keep_log_file_num(1)
        options.set_stats_dump_period_sec(0)
        # A stalled write would stall the whole worker; that reads grow dearer meanwhile is the lesser evil.
        options.set_level_zero_slowdown_writes_trigger(64)
        options.set_level_zero_stop_writes_trigger(256)
        options.set_soft_pending_compaction_bytes_limit(0)
        options.set_hard_pending_compaction_bytes_limit(0)
        return options


def _own_folder(parent: Path) -> tuple[Path, int]:
    """A new folder and its lock; those whose lock nobody holds are removed."""
    parent.mkdir(parents=True, exist_ok=True)
    # One worker at a time: a folder must not be swept before its own lock is held.
    door = os.open(parent / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(door, fcntl.LOCK_EX)
        for former in [each for each in parent.iterdir() if each.is_dir()]:
            lock = _locked(former)
            if lock is not None:
                log.info("removing %s: its worker is no more", former)
                shutil.rmtree(former)
                os.close(lock)
        folder = Path(tempfile.mkdtemp(prefix="worker-", dir=parent))
        lock = _locked(folder)
        assert lock is not None
        return folder, lock
    finally:
        os.close(door)


def _locked(folder: Path) -> int | None:
    """The lock of a worker's folder, unless somebody else holds it."""
    lock = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock
