"""What every peer is told and what it tells: arguments in, figures and counts as JSON out."""

import argparse
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

Key = tuple[str, ...]
"""tenant, channel, touchpoint, then the labels of what is counted."""

_CATEGORIES = {
    "nps": ("detractor",) * 7 + ("passive",) * 2 + ("promoter",) * 2,
    "csat": ("", "dissatisfied", "dissatisfied", "neutral", "satisfied", "satisfied"),
    "ces": ("", "difficult", "difficult", "difficult", "neutral", "easy", "easy", "easy"),
}


@dataclass(frozen=True)
class Task:
    """What to count: the first `count` records of a topic, under a group that nobody used."""

    bootstrap: str
    topic: str
    group: str
    job: str
    count: int
    form: str
    folder: Path
    out: Path


def task() -> Task:
    """From the command line."""
    parser = argparse.ArgumentParser()
    for name in ("bootstrap", "topic", "group", "job", "form"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--count", type=int, required=True)
    for name in ("folder", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    return Task(**vars(parser.parse_args()))


class Stopwatch:
    """Time and processor time of this process, from the first batch that is done to the last."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._done = 0
        self._first: tuple[int, float, float] | None = None
        self._last = (0, 0.0, 0.0)

    def add(self, count: int) -> bool:
        """So many more are done; whether that was all."""
        self._done += count
        if self._first is None:
            self._first = self._now()
        return self._done >= self._count

    def stop(self) -> None:
        """All is done, also what was left to send."""
        self._last = self._now()

    def figures(self) -> dict[str, float]:
        """Events, seconds and processor seconds."""
        assert self._first is not None
        names = ("events", "seconds", "cpu_seconds")
        return {name: b - a for name, a, b in zip(names, self._first, self._last, strict=True)}

    def _now(self) -> tuple[int, float, float]:
        return self._done, time.perf_counter(), time.process_time()


def tell(told: Task, watch: Stopwatch, counts: Mapping[Key, int]) -> None:
    """Write the figures, and the counts by key."""
    document = {"figures": watch.figures(), "counts": [[*key, count] for key, count in counts.items()]}
    told.out.write_text(json.dumps(document), encoding="utf-8")


def interaction_key(event: Mapping[str, Any]) -> Key:
    """What an interaction counts as."""
    data = event["data"]
    return event["tenantid"], data["channel"], data["touchpoint"], data["valence"]


def answer_key(event: Mapping[str, Any]) -> Key | None:
    """What a response counts as, without identity or invitation; None: nothing."""
    if event["type"] != "cx.survey.answered.v1":
        return None
    data = event["data"]
    answer = data["answers"][0]
    metric = answer["metric"]
    category = _CATEGORIES[metric][answer["value"]]
    return event["tenantid"], data.get("channel", ""), data.get("touchpoint", ""), metric, category


KEYS = {"interactions": interaction_key, "answers": answer_key}


def epoch_s(text: str) -> float:
    """Seconds since the epoch of an RFC 3339 date-time."""
    return datetime.fromisoformat(text).timestamp()
