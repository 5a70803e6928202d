"""Scores as JSON, and as records of the topic of latest scores."""

import orjson
import pytest

from stream.export.scores import Selection, record_key, record_value, score, scores
from stream.scoring.estimates import Limits
from stream.scoring.families import FAMILIES, Row, Series
from tests.support.tallies import of_n

LIMITS = Limits(min_privacy=5, min_responses=30)
TOTAL = Series("acme", "interaction", "total", "", "", "")
WEB = Series("acme", "interaction", "channel", "web", "", "")
OTHER = Series("globex", "interaction", "total", "", "", "")
NPS = Row(TOTAL, "nps", "1h", (5, 3, 2))


def test_a_score_carries_its_interval_n_counts_and_labels() -> None:
    """All that the page and a reader of the topic need."""
    assert {
        "tenant": "acme",
        "level": "interaction",
        "by": "total",
        "channel": "",
        "touchpoint": "",
        "segment": "",
        "window": "1h",
        "metric": "nps",
        "score": 30.0,
        "interval": pytest.approx((-19.05, 65.20), abs=0.005),
        "n": 10,
        "low_confidence": True,
        "hidden": False,
        "counts": {"promoter": 5, "passive": 3, "detractor": 2},
        "estimates": {"cx_nps_score": {"value": 30.0, "interval": pytest.approx((-19.05, 65.20), abs=0.005)}},
    } == score(NPS, LIMITS)


def test_the_main_estimate_comes_first_and_the_others_stand_beside_it() -> None:
    """CSAT is the ratio; its mean is told too."""
    found = score(Row(TOTAL, "csat", "1h", (5, 5, 30, 40, 20)), LIMITS)
    assert 0.6 == found["score"]
    assert ["cx_csat_ratio", "cx_csat_mean"] == list(found["estimates"])


@pytest.mark.parametrize("family", [name for name in FAMILIES if not FAMILIES[name].standing])
def test_too_few_answers_show_neither_score_nor_counts_nor_n(family: str) -> None:
    """The limit of privacy holds in JSON as in the metrics."""
    found = score(Row(TOTAL, family, "1h", of_n(family, 4)), LIMITS)
    assert found["hidden"]
    assert (None, None, None, {}, {}) == tuple(
        found[key] for key in ("score", "interval", "n", "counts", "estimates")
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_an_empty_window_has_n_0_and_no_score(family: str) -> None:
    """Absent, not zero."""
    found = score(Row(TOTAL, family, "1h", FAMILIES[family].empty), LIMITS)
    assert (False, 0, None) == (found["hidden"], found["n"], found["score"])
    assert set(found["counts"].values()) <= {0}


def test_a_score_of_0_is_a_score() -> None:
    """It must not be taken for none."""
    found = score(Row(TOTAL, "nps", "1h", (5, 0, 5)), LIMITS)
    assert 0.0 == found["score"]
    assert record_value(Row(TOTAL, "nps", "1h", (5, 0, 5)), LIMITS, changed_ms=1) is not None


@pytest.mark.parametrize(
    ("expected", "selection"),
    [
        (4, Selection()),
        (3, Selection(tenants=("acme",))),
        (2, Selection(tenants=("acme",), windows=("1h",))),
        (1, Selection(tenants=("acme",), windows=("1h",), views=("total",))),
        (2, Selection(windows=("1h", "5m"), views=("total",), tenants=("acme",))),
        (0, Selection(tenants=("nobody",))),
    ],
)
def test_rows_are_selected_by_tenant_window_and_view(expected: int, selection: Selection) -> None:
    """A page asks for what it shows, not for ten thousand series."""
    rows = [
        NPS,
        NPS._replace(window="5m"),
        NPS._replace(series=WEB),
        NPS._replace(series=OTHER, window="24h"),
    ]
    assert expected == len(scores(rows, LIMITS, selection))


def test_scores_are_sorted_by_series_window_and_metric() -> None:
    """Two answers over equal data are equal."""
    rows = [NPS._replace(series=OTHER), NPS, NPS._replace(family="ces", tally=(1,) * 7)]
    found = [(entry["tenant"], entry["metric"]) for entry in scores(rows, LIMITS, Selection())]
    assert [("acme", "ces"), ("acme", "nps"), ("globex", "nps")] == found


def test_a_record_has_the_score_and_when_it_changed() -> None:
    """Keyed by series, window and metric, so that compaction keeps the latest of each."""
    assert b"acme|interaction|total||||1h|nps" == record_key(NPS)
    value = record_value(NPS, LIMITS, changed_ms=1_746_350_130_123)
    assert value is not None
    found = orjson.loads(value)
    assert (30.0, 10, 1_746_350_130_123) == (found["score"], found["n"], found["changed_ms"])


@pytest.mark.parametrize("tally", [(4, 0, 0), (0, 0, 0)])
def test_where_no_score_may_be_shown_the_record_is_a_tombstone(tally: tuple[int, ...]) -> None:
    """The former score must leave the compacted topic."""
    assert record_value(NPS._replace(tally=tally), LIMITS, changed_ms=1) is None


def test_keys_of_different_rows_differ() -> None:
    """No label value can hold the separator."""
    rows = [
        NPS,
        NPS._replace(window="5m"),
        NPS._replace(family="csat"),
        NPS._replace(series=WEB),
        NPS._replace(series=WEB._replace(channel="", touchpoint="web")),
        NPS._replace(series=WEB._replace(channel="", segment="web")),
    ]
    assert len(rows) == len({record_key(row) for row in rows})
