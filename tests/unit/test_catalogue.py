"""The catalogue: complete, without contradiction, in the order of the contract."""

import pytest
from prometheus_client.metrics_core import Metric

from stream.catalogue import BY_NAME, FAMILIES, LABELS, SERIES_LABELS, Kind, MetricFamily


@pytest.fixture(params=FAMILIES, ids=lambda family: family.name)
def family(request: pytest.FixtureRequest) -> MetricFamily:
    """Each family."""
    assert isinstance(request.param, MetricFamily)
    return request.param


def test_every_name_stands_once() -> None:
    """Two families of one name would make an exposition that no parser takes."""
    assert len(FAMILIES) == len(BY_NAME)


def test_labels_of_a_series_come_first_and_in_the_order_of_the_contract(family: MetricFamily) -> None:
    """A family has all seven labels of a series, in order and first, or none of them."""
    if family.of_series:
        assert ("tenant", "level", "by", "channel", "touchpoint", "segment", "window") == family.labels[:7]
        assert family.labels == SERIES_LABELS + family.own_labels
    else:
        assert not set(SERIES_LABELS) & set(family.labels)
    assert len(family.labels) == len(set(family.labels))


def test_every_label_is_explained_and_no_other() -> None:
    """The docs page explains labels from the same module."""
    assert {label for family in FAMILIES for label in family.labels} == set(LABELS)


def test_names_follow_their_kind(family: MetricFamily) -> None:
    """Counters end in _total, infos in _info, and nothing else does."""
    assert (family.kind is Kind.COUNTER) == family.name.endswith("_total")
    assert (family.kind is Kind.INFO) == family.name.endswith("_info")
    assert (family.kind is Kind.HISTOGRAM) == bool(family.buckets)


def test_the_unit_fits_the_name(family: MetricFamily) -> None:
    """The reference library renames a family whose name does not end in its unit: ours always does."""
    metric = Metric(family.openmetrics_name, family.help, family.kind, family.openmetrics_unit)
    assert family.openmetrics_name == metric.name


def test_every_family_has_a_help_in_one_sentence(family: MetricFamily) -> None:
    """The help is shown in tooltips and tables."""
    assert family.help[0].isupper() or family.help[0].isdigit()
    assert family.help.endswith(".")
    assert "\n" not in family.help


@pytest.mark.parametrize(
    "name",
    [
        *("cx_nps_score", "cx_csat_ratio", "cx_csat_mean", "cx_ces_mean", "cx_ces_easy_ratio"),
        *("cx_positive_ratio", "cx_survey_response_ratio", "cx_satisfaction_index", "cx_pyramid_score"),
    ],
)
def test_every_score_has_both_ends_of_its_interval_beside_it(name: str) -> None:
    """A score without its interval invites decisions on noise."""
    place = FAMILIES.index(BY_NAME[name])
    assert [name, f"{name}_lower", f"{name}_upper"] == [family.name for family in FAMILIES[place : place + 3]]


def test_buckets_rise() -> None:
    """A histogram's buckets are in ascending order, without the infinite one."""
    buckets = BY_NAME["cx_event_age_seconds"].buckets
    assert list(buckets) == sorted(set(buckets))
