"""The committed dashboards and metrics page are what the catalogue gives today."""

import pytest

from grafana import build
from stream.catalogue import FAMILIES
from tests.support.processes import REPOSITORY


def test_generated_files_are_up_to_date() -> None:
    """Whoever changes the catalogue or a panel runs `make generate`."""
    assert [] == build.stale()


def test_check_tells_a_stale_file_and_leaves_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """With --check a difference is status 1, and nothing is written."""
    page = REPOSITORY / "docs/metrics.md"
    monkeypatch.setattr(build, "OUTPUTS", {page: lambda: "something else"})
    before = page.read_bytes()
    assert 1 == build.main(["--check"])
    assert before == page.read_bytes()


def test_the_metrics_page_tells_of_every_family() -> None:
    """Also of those that are named but not exported yet, apart."""
    page = (REPOSITORY / "docs/metrics.md").read_text(encoding="utf-8")
    offered, _, planned = page.partition("## Named, not exported yet")
    for family in FAMILIES:
        assert f"`{family.name}`" in (offered if family.available else planned)
