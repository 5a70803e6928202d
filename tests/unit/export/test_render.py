"""Our rendering against prometheus_client's own, and its memory against none."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.registry import Collector

from stream import catalogue
from stream.export.render import END, SERIES_FAMILIES, Renderer, render
from stream.scoring.estimates import Limits
from stream.scoring.families import FAMILIES, Row, Series
from stream.scoring.kpis import samples
from tests.support.tallies import any_of, of_n

LIMITS = Limits(min_privacy=5, min_responses=30)
TOTAL = Series("acme", "interaction", "total", "", "", "")

_SERIES = st.builds(
    Series,
    tenant=st.sampled_from(["acme", "globex"]),
    level=st.sampled_from(["interaction", "relationship"]),
    by=st.just("channel"),
    channel=st.sampled_from(["web", "app", "e.mail:1", 'odd"one\\\n']),
    touchpoint=st.just(""),
    segment=st.just(""),
)


@st.composite
def _row(draw: st.DrawFn) -> Row:
    family = draw(st.sampled_from(sorted(FAMILIES)))
    # Counts of ten million and more are spelled with an exponent.
    count = st.one_of(st.integers(0, 60), st.integers(0, 10**8))
    return Row(draw(_SERIES), family, draw(st.sampled_from(["5m", "1h", "30d"])), draw(any_of(family, count)))


_ROWS = st.lists(_row(), max_size=12, unique_by=lambda row: row[:3])


def _body(renderer: Renderer, rows: list[Row]) -> bytes:
    """Every row apart."""
    return b"".join(renderer.parts([(row,) for row in rows], openmetrics=False))


class _Reference(Collector):
    """The same samples, handed to prometheus_client."""

    def __init__(self, rows: list[Row]) -> None:
        self._rows = sorted(rows, key=lambda row: (row.series, row.window, row.family))

    def collect(self) -> Iterator[Metric]:
        """Yield every family; samples by series, window and KPI family, then by their own labels."""
        for family in SERIES_FAMILIES:
            metric = Metric(family.openmetrics_name, family.help, family.kind, family.openmetrics_unit)
            for row in self._rows:
                place = dict(zip(catalogue.SERIES_LABELS, (*row.series, row.window), strict=True))
                for name, own, value in sorted(samples(row.family, row.tally, LIMITS)):
                    if name == family.name:
                        metric.add_sample(name, place | dict(own), value)
            yield metric


@pytest.mark.parametrize("openmetrics", [False, True])
@given(rows=_ROWS)
def test_the_body_is_byte_for_byte_what_prometheus_client_writes(openmetrics: bool, rows: list[Row]) -> None:
    """Ours is faster and nothing else; odd label values and large numbers included."""
    registry = CollectorRegistry()
    registry.register(_Reference(rows))
    expected = generate_openmetrics(registry) if openmetrics else generate_latest(registry)  # type: ignore[no-untyped-call]
    assert expected == render(rows, LIMITS, openmetrics=openmetrics)


@given(st.lists(_ROWS, min_size=2, max_size=4))
@settings(max_examples=50, deadline=None)
def test_what_is_remembered_changes_nothing(scrapes: list[list[Row]]) -> None:
    """Rows come, change and go between scrapes: the body is that of a renderer that saw only the last."""
    renderer = Renderer(LIMITS)
    for rows in scrapes:
        assert render(rows, LIMITS, openmetrics=False) == _body(renderer, rows)


@given(rows=_ROWS, random=st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: list[Row], random: object) -> None:
    """Equal data are equal bytes."""
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert render(rows, LIMITS, openmetrics=True) == render(shuffled, LIMITS, openmetrics=True)


def test_an_unchanged_row_is_not_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two scrapes most windows stand still: their text is kept."""
    computed: list[str] = []

    def counting(family: str, tally: tuple[int, ...], limits: Limits) -> object:
        computed.append(family)
        return samples(family, tally, limits)

    monkeypatch.setattr("stream.export.render.samples", counting)
    renderer = Renderer(LIMITS)
    rows = [Row(TOTAL, "nps", "1h", (5, 3, 2)), Row(TOTAL, "ces", "1h", (1, 1, 1, 1, 1, 1, 1))]
    _body(renderer, rows)
    _body(renderer, [rows[0]._replace(tally=(6, 3, 2)), rows[1]])
    assert ["nps", "ces", "nps"] == computed


def test_what_could_not_be_written_is_written_by_the_next_scrape(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though nothing changes any more: only what was written counts as known."""
    rows = [Row(TOTAL, "nps", "1h", (5, 3, 2)), Row(TOTAL, "positive", "1h", (7, 2, 1))]
    renderer = Renderer(LIMITS)
    _body(renderer, [Row(TOTAL, "nps", "1h", (9, 0, 0)), Row(TOTAL, "positive", "1h", (9, 0, 0))])

    def failing(*_: object) -> object:
        raise ValueError("math domain error")

    with monkeypatch.context() as patch:
        patch.setattr("stream.export.render.samples", failing)
        with pytest.raises(ValueError, match="domain"):
            _body(renderer, rows)
    assert _body(Renderer(LIMITS), rows) == _body(renderer, rows)


def test_a_series_that_leaves_takes_its_lines_with_it() -> None:
    """After a rebalance no ghost of a series is left, nor text of it in memory."""
    renderer = Renderer(LIMITS)
    _body(renderer, [Row(TOTAL, "nps", "1h", (5, 3, 2))])
    assert b"cx_nps_score{" not in _body(renderer, [])
    assert {} == renderer._texts


def test_a_score_that_may_no_longer_be_shown_disappears() -> None:
    """A retraction brought the window below the limit: neither the score nor its counts stay behind."""
    renderer = Renderer(LIMITS)
    row = Row(TOTAL, "nps", "1h", (5, 0, 0))
    assert b"cx_nps_score{" in _body(renderer, [row])
    hidden = _body(renderer, [row._replace(tally=(4, 0, 0))])
    assert b"cx_nps_score{" not in hidden
    assert b"cx_survey_responses{" not in hidden
    assert b"cx_low_confidence{" in hidden


def test_both_formats_parse_to_the_same_samples() -> None:
    """A scraper that prefers one format sees what one of the other sees."""
    rows = [Row(TOTAL, name, "1h", of_n(name, 10)) for name in FAMILIES]
    text = render(rows, LIMITS, openmetrics=False).decode()
    openmetrics = render(rows, LIMITS, openmetrics=True).decode()
    assert openmetrics.endswith(END.decode())
    found = [sample for family in parse_text(text) for sample in family.samples]
    assert found == [sample for family in parse_openmetrics(openmetrics) for sample in family.samples]  # type: ignore[no-untyped-call]
    of_rows = {family.name for family in SERIES_FAMILIES if not family.name.startswith("cx_drop_")}
    assert of_rows == {sample.name for sample in found}


def test_every_series_sample_carries_all_labels_of_its_family() -> None:
    """Labels that a view does not use are empty, not left out."""
    text = render([Row(TOTAL, "nps", "1h", (5, 3, 2))], LIMITS, openmetrics=False).decode()
    for family in parse_text(text):
        for sample in family.samples:
            assert set(catalogue.BY_NAME[sample.name].labels) == set(sample.labels)
