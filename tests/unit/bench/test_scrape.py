"""The measurement of a scrape, small."""

from pathlib import Path

from bench.bed import Bed
from bench.measurements.scrape import run


def test_the_page_is_the_one_that_prometheus_client_renders(tmp_path: Path) -> None:
    """Else it raises; and it has as many samples as were asked for."""
    bed = Bed("127.0.0.1:9", tmp_path, quick=True, say=print)
    assert run(bed).figures["samples"] > 10_000
