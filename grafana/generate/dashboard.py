"""The dashboard "Customer experience": variables, annotations and the rows in order."""

from __future__ import annotations

from collections.abc import Iterator

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as d

from grafana.generate import promql
from grafana.generate.panels import DATASOURCE
from grafana.generate.rows import ROWS

_COLUMNS = 24


def render() -> str:
    """Return the dashboard as JSON with sorted keys, so that equal dashboards are equal bytes."""
    return (
        JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False).encode(customer_experience().build()) + "\n"
    )


def customer_experience() -> build.Dashboard:
    """Scores first, then why, then whether the figures can be trusted."""
    board = (
        build.Dashboard("Customer experience")
        .uid("cx-stream")
        .description(
            "Live customer-experience scores with their intervals, and the state of the stream behind them."
        )
        .tags(["cx-stream"])
        .readonly()
        .time("now-6h", "now")
        .refresh("10s")
        .tooltip(d.DashboardCursorSync.CROSSHAIR)
        .annotation(_firing())
    )
    for variable in _variables():
        board.with_variable(variable)
    _place_rows(board)
    return board


def _variables() -> Iterator[build.DatasourceVariable | build.QueryVariable]:
    yield build.DatasourceVariable("datasource").label("Data source").type("prometheus")
    yield _choice("tenant", "Tenant", "default", promql.selector("cx_survey_responses"))
    of_tenant = promql.selector("cx_survey_responses", tenant="$tenant")
    yield _choice("level", "Level", "interaction", of_tenant)
    yield _choice("window", "Window", "24h", of_tenant)
    yield _choice("by", "View", "channel", of_tenant, name="view")


def _choice(label: str, title: str, default: str, of: str, *, name: str = "") -> build.QueryVariable:
    """A variable of the values of one label."""
    query = f"label_values({of}, {label})"
    return (
        build.QueryVariable(name or label)
        .label(title)
        .datasource(DATASOURCE)
        .query({"query": query, "refId": f"Variable-{name or label}"})
        .refresh(d.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(d.VariableSort.ALPHABETICAL_ASC)
        .current(d.VariableOption(text=default, value=default, selected=True))
    )


def _firing() -> build.AnnotationQuery:
    """Marks on every panel where an alert of this service was firing."""
    expression = 'ALERTS{alertname=~"Cx.+",alertstate="firing"}'
    return (
        build.AnnotationQuery()
        .name("Alerts")
        .datasource(DATASOURCE)
        .enable(enable=True)
        .icon_color("red")
        .expr(expression)
    )


def _place_rows(board: build.Dashboard) -> None:
    """Lay panels out from left to right; a full line starts the next. Ids follow the order."""
    number = y = 0
    for title, panels in ROWS:
        number += 1
        board.with_row(build.Row(title).id(number).grid_pos(d.GridPos(h=1, w=_COLUMNS, x=0, y=y)))
        x, y, line = 0, y + 1, 0
        for panel, width, height in panels():
            if x + width > _COLUMNS:
                x, y, line = 0, y + line, 0
            number += 1
            placed = panel.build()
            placed.id_val, placed.grid_pos = number, d.GridPos(h=height, w=width, x=x, y=y)
            board.with_panel(_Built(placed))
            x, line = x + width, max(line, height)
        y += line


class _Built(build.Panel):
    """A panel that is built already."""

    def __init__(self, panel: d.Panel) -> None:
        super().__init__()
        self._internal = panel
