"""The kinds of panel that the dashboard is made of."""

from __future__ import annotations

from collections.abc import Mapping

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as c
from grafana_foundation_sdk.models import dashboard as d
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from grafana.generate.kpis import Kpi

Placed = tuple[Builder[d.Panel], int, int]
"""A panel, its width (of 24), its height."""

DATASOURCE = d.DataSourceRef(type_val="prometheus", uid="${datasource}")
_QUIET = "#8e8e8e"
_NOTHING = "-"


def instant(expression: str, legend: str, ref: str) -> prometheus.Dataquery:
    """A query for the present value, drawn under the name `legend`."""
    return prometheus.Dataquery().expr(expression).instant().legend_format(legend).ref_id(ref)


def over_time(expression: str, legend: str, ref: str) -> prometheus.Dataquery:
    """A query over the dashboard's time range."""
    return prometheus.Dataquery().expr(expression).range().legend_format(legend).ref_id(ref)


def tile(kpi: Kpi) -> stat.Panel:
    """A score in large, with the ends of its interval and n beside it."""
    quiet = d.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": _QUIET})
    whole = [d.DynamicConfigValue("unit", "short"), d.DynamicConfigValue("decimals", 0), quiet]
    return (
        stat.Panel()
        .title(kpi.title)
        .description(f"{kpi.description} In the window $window. Empty: too few answers to show.")
        .datasource(DATASOURCE)
        .unit(kpi.axis.unit)
        .decimals(kpi.axis.decimals)
        .color_scheme(dashboard.FieldColor().mode(d.FieldColorModeId.FIXED).fixed_color("blue"))
        .no_value(_NOTHING)
        .text_mode(c.BigValueTextMode.VALUE_AND_NAME)
        .graph_mode(c.BigValueGraphMode.NONE)
        .orientation(c.VizOrientation.HORIZONTAL)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .with_target(instant(kpi.value(), "score", "A"))
        .with_target(instant(kpi.value("_lower"), "from", "B"))
        .with_target(instant(kpi.value("_upper"), "to", "C"))
        .with_target(instant(kpi.n(), "n", "D"))
        .override_by_regexp("(from|to)", [quiet])
        .override_by_name("n", whole)
    )


def trend(kpi: Kpi, **labels: str) -> timeseries.Panel:
    """A score over time, inside the band of its 95 % interval; `labels` as of `Kpi.value`."""
    hidden = d.DynamicConfigValue("custom.hideFrom", {"legend": True, "tooltip": False, "viz": False})
    edge = [d.DynamicConfigValue("custom.lineWidth", 0), hidden]
    band = [
        *edge,
        d.DynamicConfigValue("custom.fillBelowTo", "from"),
        d.DynamicConfigValue("custom.fillOpacity", 15),
    ]
    return (
        lines(f"{kpi.title}, $window", kpi.description, {}, unit=kpi.axis.unit)
        .decimals(kpi.axis.decimals)
        .color_scheme(dashboard.FieldColor().mode(d.FieldColorModeId.FIXED).fixed_color("blue"))
        .axis_soft_min(kpi.axis.low)
        .axis_soft_max(kpi.axis.high)
        .with_target(over_time(kpi.value(**labels), kpi.title, "A"))
        .with_target(over_time(kpi.value("_lower", **labels), "from", "B"))
        .with_target(over_time(kpi.value("_upper", **labels), "to", "C"))
        .override_by_name("from", edge)
        .override_by_name("to", band)
    )


def lines(
    title: str, description: str, queries: Mapping[str, str], *, unit: str = "short"
) -> timeseries.Panel:
    """Lines over time; `queries` maps a legend to its PromQL."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .unit(unit)
        .line_width(2)
        .show_points(c.VisibilityMode.NEVER)
        .tooltip(common.VizTooltipOptions().mode(c.TooltipDisplayMode.MULTI).sort(c.SortOrder.DESCENDING))
        .legend(common.VizLegendOptions().show_legend(show_legend=True).placement(c.LegendPlacement.BOTTOM))
    )
    for ref, (legend, expression) in zip("ABCDEFGH", queries.items(), strict=False):
        panel.with_target(over_time(expression, legend, ref))
    return panel


def stacked(
    title: str, description: str, queries: Mapping[str, str], *, unit: str = "short"
) -> timeseries.Panel:
    """Stacked areas over time."""
    return (
        lines(title, description, queries, unit=unit)
        .line_width(1)
        .fill_opacity(40)
        .stacking(common.StackingConfig().mode(c.StackingMode.NORMAL))
    )


def stats(title: str, description: str, queries: Mapping[str, str], *, unit: str = "short") -> stat.Panel:
    """Present values side by side."""
    panel = (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .unit(unit)
        .graph_mode(c.BigValueGraphMode.NONE)
        .text_mode(c.BigValueTextMode.VALUE_AND_NAME)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    )
    for ref, (legend, expression) in zip("ABCDEFGH", queries.items(), strict=False):
        panel.with_target(instant(expression, legend, ref))
    return panel


def joined_table(
    title: str, description: str, keys: tuple[str, ...], columns: Mapping[str, str]
) -> table.Panel:
    """A row for each combination of `keys`; `columns` maps a heading to PromQL that keeps no other labels."""
    panel = table.Panel().title(title).description(description).datasource(DATASOURCE)
    panel.cell_height(c.TableCellHeight.SM).no_value(_NOTHING)
    refs = [f"C{number}" for number in range(len(columns))]
    for ref, (heading, expression) in zip(refs, columns.items(), strict=True):
        panel.with_target(instant(expression, heading, ref).format(PromQueryFormat.TABLE))
    headings = {f"Value #{ref}": heading for ref, heading in zip(refs, columns, strict=True)}
    order = {name: place for place, name in enumerate((*keys, *headings))}
    organize = {"excludeByName": {"Time": True}, "indexByName": order, "renameByName": headings}
    panel.with_transformation(d.DataTransformerConfig(id_val="merge", options={}))
    return panel.with_transformation(d.DataTransformerConfig(id_val="organize", options=organize))
