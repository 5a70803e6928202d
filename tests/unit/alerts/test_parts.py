"""Which series are parts of which."""

from stream.alerts.parts import splits
from stream.scoring.families import Tally
from stream.scoring.message import Labels
from stream.values import views

VIEWS = {view.label: view for view in views("total,channel,plan,channel+touchpoint,region+channel+plan")}
PANE: dict[Labels, Tally] = {
    ("interaction", "total", "", "", ""): (9, 0, 0),
    ("interaction", "channel", "web", "", ""): (5, 0, 0),
    ("interaction", "channel", "app", "", ""): (4, 0, 0),
    ("interaction", "plan", "", "", "pro"): (3, 0, 0),
    ("interaction", "channel+touchpoint", "web", "cart", ""): (2, 0, 0),
    ("interaction", "channel+touchpoint", "app", "cart", ""): (1, 0, 0),
    ("interaction", "region+channel+plan", "web", "", "eu+pro"): (1, 0, 0),
}


def test_every_other_view_splits_the_total() -> None:
    """By all of its keys."""
    (split,) = splits(PANE, VIEWS["total"], VIEWS.values()).values()
    assert (9, 0, 0) == split.whole
    assert split.parts == {
        ("channel", "web"): (5, 0, 0),
        ("channel", "app"): (4, 0, 0),
        ("plan", "pro"): (3, 0, 0),
        ("channel+touchpoint", "web+cart"): (2, 0, 0),
        ("channel+touchpoint", "app+cart"): (1, 0, 0),
        ("region+channel+plan", "eu+web+pro"): (1, 0, 0),
    }


def test_a_finer_view_splits_each_series_by_the_rest_of_its_keys() -> None:
    """Each by its own values; views that do not tell the watched key say nothing."""
    found = splits(PANE, VIEWS["channel"], VIEWS.values())
    assert {"web", "app"} == {series[2] for series in found}
    assert found["interaction", "channel", "app", "", ""].parts == {("touchpoint", "cart"): (1, 0, 0)}
    assert found["interaction", "channel", "web", "", ""].parts == {
        ("touchpoint", "cart"): (2, 0, 0),
        ("region+plan", "eu+pro"): (1, 0, 0),
    }


def test_a_segment_is_found_among_two() -> None:
    """The value of a cross holds both, in the order of the view."""
    (split,) = splits(PANE, VIEWS["plan"], VIEWS.values()).values()
    assert {("region+channel", "eu+web"): (1, 0, 0)} == split.parts
