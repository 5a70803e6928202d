"""Live scores on a terminal: a table of series by metric, or plain lines where there is no terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

Score = Mapping[str, Any]

METRICS = ("nps", "csat", "ces", "positive", "response")
_NAMES = {
    "nps": "NPS",
    "csat": "CSAT",
    "ces": "CES",
    "positive": "positive",
    "response": "responses",
}
_RATIOS = frozenset({"csat", "positive", "response"})
_VIEWS = ("total", "channel")


def table(scores: Sequence[Score], window: str, title: str) -> Table:
    """One line for the total and one for each channel: each score, its interval, the answers behind it."""
    caption = f"the last {window}: score, number of answers, interval of 95 %"
    found = Table(title=title, title_justify="left", caption=caption, show_lines=True)
    found.add_column("", no_wrap=True)
    for metric in METRICS:
        found.add_column(_NAMES[metric], justify="right", no_wrap=True)
    for name, by_metric in _rows(scores, window).items():
        found.add_row(name, *(_cell(by_metric.get(metric)) for metric in METRICS))
    return found


def line(scores: Sequence[Score], window: str) -> str:
    """Return the total of each metric in a line."""
    total = _rows(scores, window).get("total", {})
    parts = [
        f"{_NAMES[metric]} {_score(total[metric])} (n {total[metric]['n']})"
        for metric in METRICS
        if metric in total
    ]
    return ", ".join(parts) or "no scores yet"


def _rows(scores: Sequence[Score], window: str) -> dict[str, dict[str, Score]]:
    """Scores of interactions in the window by series and metric: the total first, then the channels."""
    rows: dict[str, dict[str, Score]] = {}
    chosen = (
        each
        for each in scores
        if each["window"] == window and each["by"] in _VIEWS and each["level"] == "interaction"
    )
    for each in sorted(chosen, key=lambda each: (_VIEWS.index(each["by"]), each["channel"], each["tenant"])):
        rows.setdefault(each["channel"] or "total", {}).setdefault(each["metric"], each)
    return rows


def _cell(score: Score | None) -> str:
    if score is None or score["score"] is None:
        return "[dim]too few[/dim]" if score is not None and score["hidden"] else "[dim]-[/dim]"
    shown = f"[bold]{_score(score)}[/bold]" if not score["low_confidence"] else _score(score)
    bounds = "…".join(_number(score, bound) for bound in score["interval"] or ())
    return f"{shown} [dim]{score['n']}\n{bounds}[/dim]"


def _score(score: Score) -> str:
    return "-" if score["score"] is None else _number(score, score["score"])


def _number(score: Score, value: float) -> str:
    if score["metric"] in _RATIOS:
        return f"{100 * value:.0f} %"
    return f"{value:+.0f}" if score["metric"] == "nps" else f"{value:.2f}"
