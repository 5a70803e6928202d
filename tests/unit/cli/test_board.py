"""The demo's table and lines."""

import io
from typing import Any

from rich.console import Console

from stream.cli import board


def _score(metric: str, score: float | None, **changes: Any) -> dict[str, Any]:
    return {
        "tenant": "acme",
        "level": "interaction",
        "by": "total",
        "channel": "",
        "window": "1h",
        "metric": metric,
        "score": score,
        "interval": None if score is None else [score, score],
        "n": 40,
        "low_confidence": False,
        "hidden": False,
    } | changes


def _shown(*scores: dict[str, Any]) -> str:
    out = io.StringIO()
    Console(file=out, width=200).print(board.table(scores, "1h", "title"))
    return out.getvalue()


def test_scores_are_in_their_own_units() -> None:
    """NPS signed, ratios in per cent, means with two digits."""
    scores = [_score("nps", 0.0), _score("csat", 0.754), _score("ces", 5.251)]

    assert board.line(scores, "1h") == "NPS +0 (n 40), CSAT 75 % (n 40), CES 5.25 (n 40)"


def test_without_scores_the_line_says_so() -> None:
    """Absence is not zero."""
    assert board.line([], "1h") == "no scores yet"
    assert board.line([_score("nps", 1.0, window="5m")], "1h") == "no scores yet"


def test_the_table_has_the_total_first_and_then_the_channels() -> None:
    """A row each, whatever order they come in."""
    shown = _shown(
        _score("nps", 30.0, by="channel", channel="web"),
        _score("nps", -20.0),
        _score("nps", 1.0, by="touchpoint"),
    )

    assert shown.index("total") < shown.index("web")
    assert "-20 40" in shown
    assert "-20…-20" in shown
    assert "+1 " not in shown


def test_too_few_answers_and_none_are_told_apart_from_zero() -> None:
    """Hidden for privacy, or not there."""
    hidden = _score("nps", None, hidden=True, n=None)

    assert "too few" in _shown(hidden)
    assert "0" not in _shown(hidden).split("total")[1].split("│")[1]
