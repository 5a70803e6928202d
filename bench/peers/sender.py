"""Sends interactions at a steady rate, and writes down when: what the latency is measured with."""

import argparse
import json
import time
from pathlib import Path

from bench.events import interactions
from bench.load import new_producer
from bench.truth import Truth

_TICK_S = 0.005
_LINGER_MS = 5


def main() -> None:
    """Make all events beforehand, then send some every tick."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--rate", type=int, required=True)
    parser.add_argument("--start-ms", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    told = parser.parse_args()
    records = list(interactions(told.count, told.start_ms, Truth()))
    producer = new_producer(told.bootstrap, _LINGER_MS)
    ticks: list[tuple[float, int]] = []
    """When, and how many had been sent then."""
    began, sent = time.monotonic(), 0
    while sent < told.count:
        due = min(told.count, int((time.monotonic() - began) * told.rate) + 1)
        for key, value in records[sent:due]:
            producer.produce(told.topic, value, key)
        sent = due
        ticks.append((time.monotonic(), sent))
        producer.poll(0)
        time.sleep(_TICK_S)
    producer.flush()
    told.out.write_text(json.dumps(ticks), encoding="utf-8")


if __name__ == "__main__":
    main()
