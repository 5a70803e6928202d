"""What is written of keys and counts: the JSON that stands in changelogs, and not a block around it."""

import json
import resource
from pathlib import Path

import orjson
from hypothesis import given
from hypothesis import strategies as st

from stream.scoring.written import written

NUMBERS = st.integers(-(2**63), 2**64 - 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
KEPT = 20_000
MOST_BYTES = 500


@given(NUMBERS | st.lists(NUMBERS) | st.lists(TEXTS | NUMBERS).map(tuple))
def test_it_is_json_without_spaces_that_reads_back(value: object) -> None:
    """Keys must be the same bytes for ever: a changelog keeps the last value of each."""
    text = written(value)
    assert text == json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    assert orjson.loads(text) == (list(value) if isinstance(value, tuple) else value)


def test_what_is_written_takes_no_more_room_than_it_has_bytes() -> None:
    """Resident memory of many that are held, as a checkpoint holds them."""
    before = resident()
    held = [written([12_345_678, number, 0, 0]) for number in range(KEPT)]
    assert len(held) * MOST_BYTES > resident() - before


def resident() -> int:
    """Bytes of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * resource.getpagesize()
