"""Medians, ratios, and when a ratio is a regression."""

import json
from pathlib import Path

import click
import pytest

from bench.__main__ import _judge
from bench.bed import Backlog
from bench.peer import compare
from bench.results import Figures, Run, WrongCountsError, ratios, regressions, table
from bench.truth import Kind, Truth


def _figures(name: str, *cpu_seconds: float) -> Figures:
    return Figures(name, f"title of {name}", [Run(1_000, 2.0, each) for each in cpu_seconds])


def test_a_machine_that_becomes_slower_moves_no_ratio() -> None:
    """In the middle of a round: the ratio is that of most rounds, not of the medians."""
    found = {
        "interactions": _figures("interactions", 2.0, 2.0, 4.0),
        "floor": _figures("floor", 1.0, 2.0, 2.0),
    }
    assert {"interactions_to_floor": 0.5} == ratios(found)


def test_a_ratio_is_one_per_cpu_second() -> None:
    """One slow round moves nothing."""
    found = {
        "interactions": _figures("interactions", 2.0, 2.0, 9.0),
        "floor": _figures("floor", 1.0, 1.0, 0.1),
    }
    assert {"interactions_to_floor": 0.5} == ratios(found)


@pytest.mark.parametrize(("now", "expected"), [(0.61, 0), (0.59, 1)])
def test_a_ratio_below_the_margin_is_a_regression(now: float, expected: int) -> None:
    """Of a reference of 1 at a margin of 0.6."""
    found = regressions({"interactions_to_floor": now}, {"interactions_to_floor": 1.0}, 0.6)
    assert expected == len(found)


def test_the_table_has_a_row_for_each_measurement_also_without_events() -> None:
    """A scrape has figures of its own and no rate."""
    scrape = Figures("scrape", "scrape", [Run(0, 0, 0, {"first_cpu_ms": 12.0})])
    rows = table([_figures("floor", 1.0, 2.0, 3.0), scrape]).splitlines()
    assert 4 == len(rows)
    assert "| title of floor | 1,000 | 500 (500-500) | 500 (333-1,000) |  |" == rows[2]
    assert "| scrape |  |  |  | first cpu ms 12 |" == rows[3]


def test_a_peer_that_counts_one_event_less_fails_the_run() -> None:
    """A fast wrong answer is no result."""
    truth = Truth()
    for _ in range(2):
        truth.add(
            ("acme", "positive", "web", "cart", "", Kind("cx_interactions", (("valence", "positive"),))), 0
        )
    backlog = Backlog("p.", "interactions", 2, 0, truth)
    compare("peer", [["acme", "web", "cart", "positive", 2]], backlog)
    with pytest.raises(WrongCountsError, match="1 of 1 counts are wrong"):
        compare("peer", [["acme", "web", "cart", "positive", 1]], backlog)


def test_the_check_fails_where_the_worker_fell_behind_the_floor_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other ratios are told, and judged by people."""
    reference = tmp_path / "reference.json"
    then = {"interactions_to_floor": 0.5, "interactions_to_faust": 30.0}
    reference.write_text(json.dumps({"ratios": then}))
    monkeypatch.setattr("bench.__main__._REFERENCE", reference)
    _judge({"interactions_to_floor": 0.31, "interactions_to_faust": 1.0})
    with pytest.raises(click.ClickException, match=r"interactions ÷ floor is 0\.29"):
        _judge({"interactions_to_floor": 0.29})
