"""Looks at every worker's /metrics all the time: which series it has, and what the canaries show."""

import re
import threading
import time
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from http.client import HTTPException
from typing import NamedTuple

from tests.chaos.load import Canary
from tests.chaos.presence import Sight, Stretch, missing, stretches
from tests.chaos.service import Service

FRESH_S = 3.0
"""What was acknowledged longer ago than this must be exported."""
_EVERY_S = 0.4
_TIMEOUT_S = 1.5
_ALIVE = re.compile(r'^(cx_low_confidence\{.*by="(?:total|channel)".*window="30d".*\}) ', re.MULTILINE)
_CANARY = re.compile(
    r'^cx_interactions\{tenant="(canary\d+)",level="interaction",by="channel",channel="p(\d)",.*window="30d"'
    r',valence="positive"\} (\S+)$',
    re.MULTILINE,
)


class Values(NamedTuple):
    """What a worker's canaries showed; asked at `from_s`, answered at `to_s`."""

    from_s: float
    to_s: float
    counts: Mapping[Canary, int]


class Watch:
    """A thread for each seat, from when it is first taken."""

    def __init__(self, service: Service) -> None:
        self.sights: list[Sight] = []
        self.values: list[Values] = []
        self._service = service
        self._stopping = threading.Event()
        self._threads: dict[int, threading.Thread] = {}
        self._known: dict[frozenset[str], frozenset[str]] = {}

    def look(self) -> None:
        """Watch seats that are new."""
        for seat in self._service.workers.keys() - self._threads.keys():
            thread = threading.Thread(target=self._follow, args=(seat,), name=f"watch {seat}", daemon=True)
            self._threads[seat] = thread
            thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        for thread in self._threads.values():
            thread.join()

    def _follow(self, seat: int) -> None:
        while not self._stopping.wait(_EVERY_S):
            from_s = time.monotonic()
            try:
                page = self._service.workers[seat].get("/metrics", _TIMEOUT_S)
            except (OSError, HTTPException):
                page = ""
            to_s = time.monotonic()
            found = frozenset(_ALIVE.findall(page))
            self.sights.append(Sight(seat, from_s, to_s, self._known.setdefault(found, found)))
            counts = {Canary(t, int(p)): int(float(n)) for t, p, n in _CANARY.findall(page)}
            self.values.append(Values(from_s, to_s, counts))


def wrong_spans(
    watch: Watch, acknowledged: Mapping[Canary, Sequence[float]], until_s: float
) -> list[tuple[Stretch, str]]:
    """When which series was missing, and when which canary did not show what it should have for `FRESH_S`."""
    held = stretches(sight for sight in watch.sights if sight.to_s <= until_s)
    spans = [(gap, f"missing: {series}") for series in held for gap in missing(held[series], until_s)]
    seen = sorted((each for each in watch.values if each.to_s <= until_s), key=lambda each: each.to_s)
    for canary, times in acknowledged.items():
        spans += [(span, f"stale: {canary}") for span in _stale(canary, sorted(times), seen, until_s)]
    return spans


def _stale(canary: Canary, times: Sequence[float], seen: Sequence[Values], until_s: float) -> list[Stretch]:
    spans, stale_from_s = [], None
    for each in seen:
        if canary not in each.counts:
            continue
        fresh = each.counts[canary] >= bisect_left(times, each.from_s - FRESH_S)
        if fresh and stale_from_s is not None:
            spans.append(Stretch(stale_from_s, each.to_s))
            stale_from_s = None
        elif not fresh and stale_from_s is None:
            stale_from_s = each.to_s
    return spans if stale_from_s is None else [*spans, Stretch(stale_from_s, until_s)]
