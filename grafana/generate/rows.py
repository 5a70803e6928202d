"""The rows of the dashboard, from the scores down to the workers that compute them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as d

from grafana.generate import horizons, kpis, panels, promql
from grafana.generate.panels import Placed

_MIX_COLOURS = {
    "promoter": "green",
    "passive": "yellow",
    "detractor": "red",
    "satisfied": "green",
    "neutral": "yellow",
    "dissatisfied": "red",
    "easy": "green",
    "difficult": "red",
}


def scores() -> Iterator[Placed]:
    """Where do we stand?"""
    for kpi in kpis.ALL:
        yield panels.tile(kpi), 4, 6
    few = {"1": d.ValueMappingResult("few answers", "orange"), "0": d.ValueMappingResult("enough", "green")}
    survey = promql.gauge("cx_low_confidence", **promql.SERIES)
    interactions = promql.gauge("cx_low_confidence", **promql.INTERACTIONS, metric="positive")
    confidence = panels.stats(
        "Confidence",
        "Whether enough answers are in the window to rely on the score (CX_MIN_RESPONSES).",
        {"{{metric}}": f"{survey} or {interactions}"},
    )
    yield confidence.mappings([d.ValueMap(options=few)]), 24, 3


def trends() -> Iterator[Placed]:
    """How did we get here?"""
    for kpi in (kpis.NPS, kpis.CSAT, kpis.CES, kpis.POSITIVE, kpis.RESPONSE):
        yield panels.trend(kpi), 8, 8
    yield _mix("nps", "NPS categories"), 8, 8


def _mix(metric: str, title: str) -> Builder[d.Panel]:
    shares = promql.gauge("cx_survey_responses", **promql.SERIES, metric=metric)
    panel = panels.stacked(title, "Answers in the window by category.", {"{{category}}": shares})
    for category, colour in _MIX_COLOURS.items():
        fixed = d.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": colour})
        panel.override_by_name(category, [fixed])
    return panel


def places() -> Iterator[Placed]:
    """Where does it come from?"""
    yield _scores_by("By channel", "channel", ("channel",)), 24, 8
    yield _scores_by("By touchpoint", "touchpoint", ("touchpoint",)), 24, 8
    yield _scores_by("By $view", "$view", ("channel", "touchpoint", "segment")), 24, 8
    for kpi in (kpis.NPS, kpis.CSAT, kpis.POSITIVE):
        by_channel = {"{{channel}}": kpi.value(by="channel")}
        yield (
            panels.lines(f"{kpi.title} by channel, $window", kpi.description, by_channel, unit=kpi.axis.unit),
            8,
            8,
        )


def drops() -> Iterator[Placed]:
    """Is something getting worse?"""
    evidence = promql.gauge("cx_drop_evidence_ratio", tenant="$tenant", level="$level")
    name = "{{metric}} {{channel}} {{touchpoint}} {{segment}}"
    what = "How strong the evidence is that a watched score has dropped; 1 raises the alarm, 0.1 clears it."
    yield panels.lines("Evidence of drops", what, {name: evidence}), 16, 6
    late = promql.rate("cx_drop_late_answers_total", "metric", of="increase")
    yield panels.lines("Too late to be evidence", "They count in the scores.", {"{{metric}}": late}), 8, 6


def _scores_by(title: str, view: str, keys: tuple[str, ...]) -> Builder[d.Panel]:
    columns: dict[str, str] = {}
    for kpi in (kpis.NPS, kpis.CSAT, kpis.CES):
        columns[kpi.title] = promql.per(keys, kpi.value(by=view))
        columns[f"{kpi.title} from"] = promql.per(keys, kpi.value("_lower", by=view))
        columns[f"{kpi.title} to"] = promql.per(keys, kpi.value("_upper", by=view))
        columns[f"{kpi.title} n"] = promql.per(keys, kpi.n(by=view))
    for kpi in (kpis.POSITIVE, kpis.RESPONSE):
        columns[kpi.title] = promql.per(keys, kpi.value(by=view))
    description = (
        "In the window $window, with the 95 % interval and the number of answers. -: too few answers to show."
    )
    panel = panels.joined_table(title, description, keys, columns)
    for kpi in kpis.ALL:
        unit = [
            d.DynamicConfigValue("unit", kpi.axis.unit),
            d.DynamicConfigValue("decimals", kpi.axis.decimals),
        ]
        panel.override_by_regexp(f"{kpi.title}( from| to)?", unit)
    return panel


def volume() -> Iterator[Placed]:
    """How much do we hear?"""
    n = promql.recorded("series:cx_survey_responses:sum", **promql.SERIES)
    valences = promql.gauge("cx_interactions", **promql.INTERACTIONS)
    sent = promql.gauge("cx_surveys_sent", **promql.SERIES)
    yield (
        panels.lines("Answers, $window", "Survey answers in the window, by metric.", {"{{metric}}": n}),
        8,
        8,
    )
    yield (
        panels.stacked(
            "Interactions, $window", "Interactions that carry a valence.", {"{{valence}}": valences}
        ),
        8,
        8,
    )
    yield panels.lines("Invitations, $window", "Survey invitations sent in the window.", {"sent": sent}), 8, 8
    records = {"{{topic}} {{outcome}}": promql.recorded("topic_outcome:cx_records:rate5m")}
    corrections = {"{{kind}}": promql.rate("cx_corrections_total", "kind")}
    yield (
        panels.stacked("Records a second", "Source records by topic and outcome.", records, unit="rps"),
        12,
        8,
    )
    what = "Answers edited, retracted, late, or moved because their invitation came later."
    yield panels.stacked("Corrections a second", what, corrections, unit="ops"), 12, 8


def pipeline() -> Iterator[Placed]:
    """Can we trust it?"""
    yield _state(), 6, 6
    reasons = {"{{topic}} {{reason}}": promql.rate("cx_rejected_total", "topic, reason", of="increase")}
    yield (
        panels.stacked("Rejections by reason", "Records that went to cx.rejected.", reasons).decimals(0),
        9,
        6,
    )
    lag = {"{{topic}}": promql.recorded("topic:cx_consumer_lag_records:sum")}
    yield panels.lines("Lag", "Source records that wait to be processed.", lag), 9, 6
    age = {"{{topic}}": f"time() - {promql.lowest('cx_watermark_timestamp_seconds')}"}
    what = "How old the newest event time is, in the partition that is furthest behind."
    yield panels.lines("Watermark age", what, age, unit="s"), 8, 6
    delays = {
        f"p{percent}": promql.quantile(percent / 100, "cx_event_age_seconds") for percent in (50, 95, 99)
    }
    yield (
        panels.lines("Event to score", "Event time to counted; late events raise it.", delays, unit="s"),
        8,
        6,
    )
    oddities = {
        "misplaced {{topic}}": promql.rate("cx_misplaced_records_total", "topic", of="increase"),
        "overflowed {{label}}": promql.rate("cx_labels_overflowed_total", "label", of="increase"),
    }
    what = "Records in a partition that is not their key's, and label values beyond CX_MAX_SERIES."
    yield panels.lines("Misplaced and overflowed", what, oddities), 8, 6


def _state() -> Builder[d.Panel]:
    sums = "without (instance, job, pod)"
    return panels.stats(
        "Workers",
        "Workers whose own partitions are recovered, of all; the longest last recovery; the version.",
        {
            "ready": f"sum {sums} ({promql.selector('cx_state_ready')})",
            "workers": f"count {sums} ({promql.selector('cx_state_ready')})",
            "recovery s": promql.gauge("cx_recovery_seconds"),
            "{{version}}": f"count by (version) ({promql.selector('cx_build_info')})",
        },
    )


ROWS: tuple[tuple[str, Callable[[], Iterator[Placed]]], ...] = (
    ("Scores, window $window", scores),
    ("Trends", trends),
    ("Interaction: one exchange", horizons.interaction),
    ("Journey: a goal pursued", horizons.journey),
    ("Relationship: without limit of time", horizons.relationship),
    ("Drops", drops),
    ("Where it comes from", places),
    ("Volume", volume),
    ("Pipeline", pipeline),
)
