"""The dashboard: queries of known names only, panels that do not overlap, variables that are declared."""

import itertools
import re
from pathlib import Path
from typing import Any

import pytest

from grafana.generate import promql as generator
from stream.catalogue import BY_NAME, FAMILIES
from tests.support import promql
from tests.support.promql import CHOSEN, DASHBOARDS, Expression, load, panels

QUERIES = promql.of_dashboards()


@pytest.fixture(params=DASHBOARDS, ids=lambda path: path.stem)
def dashboard(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Each dashboard as JSON."""
    assert isinstance(request.param, Path)
    return dict(load(request.param))


def test_panels_have_ids_of_their_own_and_do_not_overlap(dashboard: dict[str, Any]) -> None:
    """Grafana moves overlapping panels, and mixes up those of one id."""
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))
    for one, other in itertools.combinations([panel["gridPos"] for panel in dashboard["panels"]], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above, (one, other)
        assert one["x"] + one["w"] <= 24


def test_every_panel_says_what_it_shows_and_asks_the_chosen_data_source(dashboard: dict[str, Any]) -> None:
    """The tooltip of a panel is its documentation."""
    for panel in panels(dashboard):
        assert panel["description"], panel["title"]
        assert "${datasource}" == panel["datasource"]["uid"], panel["title"]
        refs = [target["refId"] for target in panel["targets"]]
        assert len(refs) == len(set(refs)), panel["title"]


def test_tenant_level_and_window_can_be_chosen(dashboard: dict[str, Any]) -> None:
    """Every variable that a query uses is declared, and has a place where its values come from."""
    declared = {variable["name"] for variable in dashboard["templating"]["list"]}
    assert {"datasource", "tenant", "level", "window", "view"} == declared
    used = {name for query in QUERIES for name in re.findall(r"\$(\w+)", query.text)}
    assert used <= declared | {"__rate_interval"}
    assert used <= set(CHOSEN)


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.where)
def test_a_query_names_what_is_exported_and_lets_no_instance_through(query: Expression) -> None:
    """Names and labels are those of the catalogue or of a recording rule; workers are aggregated away."""
    exported = promql.sample_names() | {
        name: set(BY_NAME[family].labels) for name, family in generator.RECORDED.items()
    }
    assert query.selectors
    for selector in query.selectors:
        assert selector.name in exported
        assert selector.labels <= exported[selector.name]
        if selector.name in generator.RECORDED:
            continue
        before = query.text[: query.text.index(str(selector))]
        away = re.search(r"(without \(instance, job, pod\)|by \([a-z, ]+\)) \((\w+\()*$", before)
        assert away, f"{selector} keeps its instance"
        assert not re.search(r"by \([^)]*instance", before)


def test_every_exported_family_is_on_the_dashboard() -> None:
    """What is measured and never looked at is left out on purpose, here."""
    left_out = {"cx_csat_mean", "cx_csat_mean_lower", "cx_csat_mean_upper"}  # the share is the usual figure
    # There only while an alarm stands: the alert, its marks on every panel and the live page tell of it.
    left_out |= {f"cx_drop_{name}" for name in ("active", "points", "since_timestamp_seconds")}
    left_out |= {"cx_drop_contribution_points", "cx_drop_false_alarms_per_month"}
    drawn = {selector.name for query in QUERIES for selector in query.selectors}
    drawn |= {generator.RECORDED[name] for name in drawn & set(generator.RECORDED)}
    drawn |= {name.removesuffix("_bucket") for name in drawn}
    assert left_out == {family.name for family in FAMILIES if family.available} - drawn


def test_recorded_names_are_those_of_the_recording_rules() -> None:
    """A dashboard query on a rule that is gone would be empty."""
    assert set(generator.RECORDED) <= {rule["record"] for rule in promql.recordings()}


@pytest.mark.parametrize(
    ("name", "labels"),
    [("cx_nps_scores", {}), ("cx_nps_score", {"metric": "nps"}), ("topic:made_up:sum", {})],
)
def test_the_generator_refuses_what_the_catalogue_does_not_know(name: str, labels: dict[str, str]) -> None:
    """A typing error is an error when dashboards are made, not an empty panel."""
    with pytest.raises((KeyError, ValueError)):
        generator.selector(name, **labels)
