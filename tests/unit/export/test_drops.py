"""What is watched for drops, against prometheus_client's own parsers, and as JSON."""

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from stream import catalogue
from stream.alerts.attribution import Contribution
from stream.alerts.lookout import Standing
from stream.export.drops import drops
from stream.export.render import END, Renderer
from stream.scoring.estimates import Limits

LIMITS = Limits(min_privacy=5, min_responses=30)
TOTAL = ("interaction", "total", "", "", "")
WEB = ("interaction", "channel", "web", "", "")
PARTS = [
    Contribution("channel", "web", "rate", -12.5, 1.5),
    Contribution("channel", "web", "mix", -2.0, 0.5),
    Contribution("channel", 'o"dd', "rate", 1.0, 0.5),
]
QUIET = Standing(
    ("globex", "csat", WEB), 0.25, active=False, points=None, since_ms=None, contributions=[], late=3
)
DROPPED = Standing(
    ("acme", "nps", TOTAL), 1.5, active=True, points=-13.5, since_ms=1_500, contributions=PARTS, late=0
)


def values(*standings: Standing, openmetrics: bool = False) -> dict[tuple[str, ...], float]:
    """Samples of the drop families by name, tenant and own labels, as Prometheus reads them."""
    parts = Renderer(LIMITS).parts((), standings, openmetrics=openmetrics)
    text = b"".join((*parts, END) if openmetrics else parts).decode()
    families = (parse_openmetrics if openmetrics else parse_text)(text)
    found: dict[tuple[str, ...], float] = {}
    for family in families:
        for name, labels, value, *_ in family.samples:
            assert set(labels) == set(catalogue.BY_NAME[name].labels)
            own = (labels[each] for each in ("metric", "view", "value", "part") if each in labels)
            found[name.removeprefix("cx_drop_"), labels["tenant"], *own] = value
    return found


@pytest.mark.parametrize("openmetrics", [False, True])
def test_a_drop_is_exported_with_its_size_its_onset_and_its_parts(openmetrics: bool) -> None:
    """In the labels of the catalogue; the parts add up to the size."""
    found = values(DROPPED, openmetrics=openmetrics)
    assert {
        ("evidence_ratio", "acme", "nps"): 1.5,
        ("active", "acme", "nps"): 1,
        ("late_answers_total", "acme", "nps"): 0,
        ("points", "acme", "nps"): -13.5,
        ("since_timestamp_seconds", "acme", "nps"): 1.5,
        ("contribution_points", "acme", "nps", "channel", "web", "rate"): -12.5,
        ("contribution_points", "acme", "nps", "channel", "web", "mix"): -2,
        ("contribution_points", "acme", "nps", "channel", 'o"dd', "rate"): 1,
    } == found


def test_without_an_alarm_there_is_the_evidence_alone() -> None:
    """Absence is not zero."""
    assert {
        ("evidence_ratio", "globex", "csat"): 0.25,
        ("active", "globex", "csat"): 0,
        ("late_answers_total", "globex", "csat"): 3,
    } == values(QUIET)


def test_what_is_remembered_changes_nothing() -> None:
    """A series changes, comes and goes between scrapes."""
    renderer, again = Renderer(LIMITS), QUIET._replace(evidence=0.5)
    for standings in ((QUIET,), (QUIET, DROPPED), (DROPPED, again), (), (again,)):
        assert Renderer(LIMITS).parts((), standings, openmetrics=False) == renderer.parts(
            (), standings, openmetrics=False
        )


def test_as_json_those_that_dropped_come_first() -> None:
    """With all that the page shows."""
    first, second = drops([QUIET, DROPPED], (), ())
    assert ("acme", "total", "nps", True, -13.5) == tuple(
        first[name] for name in ("tenant", "by", "metric", "active", "points")
    )
    assert {
        "view": "channel",
        "value": "web",
        "part": "rate",
        "points": -12.5,
        "standard_error": 1.5,
    } == first["contributions"][0]
    assert ("globex", "web", None) == (second["tenant"], second["channel"], second["points"])


def test_as_json_only_what_is_asked_for() -> None:
    """Tenants and views; there are no windows."""
    assert ["acme"] == [each["tenant"] for each in drops([QUIET, DROPPED], ("acme",), ())]
    assert ["globex"] == [each["tenant"] for each in drops([QUIET, DROPPED], (), ("channel",))]
