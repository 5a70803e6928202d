"""The figures as a plot."""

import math
from collections.abc import Iterator

from bench.alerts.answers import VOLUMES
from bench.alerts.cells import RULES, Cell

_TITLE = (
    "NPS +30: false alarms a month while nothing changes (up), hours until a drop to +15 is raised (right); "
    "one point for each pattern"
)
_COLOURS = ("#b3b3b3", "#8c8c8c", "#666666", "#c9a227", "#3b7dd8", "#c0392b", "#2e8b57")
_WIDTH, _HEIGHT, _LEFT, _TOP = 300, 260, 60, 46


def plot(cells: list[Cell]) -> str:
    """False alarms a month against hours of delay, both on logarithmic scales; a panel for each volume."""
    width, height = _LEFT + len(VOLUMES) * (_WIDTH + 20), _TOP + _HEIGHT + 120
    return "".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" ',
            'font-family="sans-serif" font-size="11">',
            f'<rect width="{width}" height="{height}" fill="white"/>',
            f'<text x="60" y="16" font-size="13">{_TITLE}</text>',
            *(_panel(cells, number, volume) for number, volume in enumerate(VOLUMES)),
            *_legend(),
            "</svg>\n",
        ]
    )


def _legend() -> Iterator[str]:
    for number, (rule, colour) in enumerate(zip(RULES, _COLOURS, strict=True)):
        x, y = _LEFT + 12 + 310 * (number % 3), _TOP + _HEIGHT + 56 + 18 * (number // 3)
        yield f'<circle cx="{x}" cy="{y}" r="5" fill="{colour}"/>'
        yield f'<text x="{x + 10}" y="{y + 4}">{_escaped(rule)}</text>'


def _panel(cells: list[Cell], number: int, volume: int) -> str:
    left = _LEFT + number * (_WIDTH + 20)
    out = [
        f'<rect x="{left}" y="{_TOP}" width="{_WIDTH}" height="{_HEIGHT}" fill="none" stroke="#999"/>',
        f'<text x="{left + 8}" y="{_TOP + 16}" font-size="12">{volume} answers an hour</text>',
        *_axes(left, first=number == 0),
    ]
    for rule, colour in zip(RULES, _COLOURS, strict=True):
        out += [
            f'<circle cx="{_x(left, each.delay_h):.1f}" cy="{_y(each.per_month):.1f}" r="5" fill="{colour}" '
            f'fill-opacity="0.8"><title>{_escaped(rule)}, {each.pattern}</title></circle>'
            for each in cells
            if (each.rule, each.volume) == (rule, volume) and math.isfinite(each.delay_h)
        ]
    return "".join(out)


def _axes(left: int, *, first: bool) -> Iterator[str]:
    for hours in (0.1, 1, 10, 100):
        x, y = _x(left, hours), _TOP + _HEIGHT + 14
        yield f'<text x="{x:.0f}" y="{y}" text-anchor="middle">{hours:g} h</text>'
    for alarms in (0.01, 0.1, 1, 10, 100) if first else ():
        yield f'<text x="{left - 6}" y="{_y(alarms) + 4:.0f}" text-anchor="end">{alarms:g}</text>'
    right, y = left + _WIDTH, round(_y(1))
    yield f'<line x1="{left}" x2="{right}" y1="{y}" y2="{y}" stroke="#c0392b" stroke-dasharray="4 3"/>'
    yield f'<text x="{right - 4}" y="{y - 4}" text-anchor="end" fill="#c0392b">budget</text>'


def _x(left: int, hours: float) -> float:
    return left + (math.log10(max(hours, 0.1)) + 1) / 4 * _WIDTH


def _y(alarms: float) -> float:
    """From 1000 at the top to 0.01, and fewer, at the bottom."""
    return _TOP + (3 - math.log10(min(max(alarms, 0.01), 1_000))) / 5 * _HEIGHT


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
