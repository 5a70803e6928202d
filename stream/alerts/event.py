"""What is told about a drop: the CloudEvent of a raised or cleared alarm, as bytes."""

from datetime import UTC, datetime
from typing import Any, Final

import orjson

from stream.alerts.attribution import contributions
from stream.alerts.closing import Key
from stream.alerts.scale import SCALES, Scale
from stream.alerts.watcher import WHOLE, Guard, Signal
from stream.scoring.families import Tally

_SOURCE: Final = "cx-stream"
_SEPARATOR: Final = "|"  # no label value can hold one
_LABELS: Final = ("level", "by", "channel", "touchpoint", "segment")


def event_key(series: Key) -> str:
    """The key of the series' events in the topic of alerts; with the number of a raise, their id."""
    tenant, metric, labels = series
    return _SEPARATOR.join((tenant, *labels, metric))


def event(series: Key, guard: Guard, signal: Signal, min_privacy: int) -> bytes:
    """The event of a signal. Scores are in the metric's exported unit, and so are the contributions' points.

    With no answers before the drop, or fewer than `min_privacy`, `before` is the score that was expected, of
    0 answers.
    """
    tenant, metric, labels = series
    scale, drop = SCALES[metric], signal.drop
    after = _score(scale, drop.after.get(WHOLE), guard.normal, min_privacy)
    data = {
        "metric": metric,
        "tenant": tenant,
        **dict(zip(_LABELS, labels, strict=True)),
        "before": _score(scale, drop.before.get(WHOLE), guard.normal, min_privacy),
        "after": after,
        "n": after["n"],
        "since": _time(drop.since_ms),
        "contributions": [each._asdict() for each in contributions(scale, drop, min_privacy)],
    }
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": f"{event_key(series)}{_SEPARATOR}{signal.number}",
            "source": _SOURCE,
            "type": f"cx.alert.{'raised' if signal.raised else 'cleared'}.v1",
            "time": _time(signal.at_ms),
            "tenantid": tenant,
            "data": data,
        }
    )


def _score(scale: Scale, counts: Tally | None, expected: float | None, min_privacy: int) -> dict[str, Any]:
    n = 0 if counts is None else scale.answers(counts)
    if counts is None or n < max(1, min_privacy):
        score = scale.low if expected is None else expected
        return {"score": score, "interval": (score, score), "n": 0}
    return {"score": scale.mean(counts), "interval": scale.interval(counts), "n": n}


def _time(at_ms: int) -> str:
    text = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
