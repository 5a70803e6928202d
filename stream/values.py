"""The kinds of value a setting can have: each function turns its text into a value or raises ValueError.

The message of the ValueError says what would have been right; who calls adds the name and the text.
"""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|)")
_UNIT_MS = {"ms": 1, "": 1_000, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_LABEL = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_TENANT = re.compile(r"[a-z0-9_-]{1,64}")
_TOPIC_PART = re.compile(r"[A-Za-z0-9._-]{0,100}")
_HOST_PORT = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:/,;@\[\]]+)(?::(?P<port>[0-9]{1,5}))?")
_TRUE, _FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})
_TABLES = ("alerts", "kpis", "schedules")
_SHORTEST_WINDOW_MS, _LONGEST_WINDOW_MS = 1_000, 1_000 * _UNIT_MS["d"]


class Window(NamedTuple):
    """A length of time that scores are computed over; `label` is its spelling in CX_WINDOWS."""

    label: str
    size_ms: int


class View(NamedTuple):
    """How events are split into series: by the values of `keys`; `total` has none."""

    label: str
    keys: tuple[str, ...]


def duration_ms(text: str) -> int:
    """Milliseconds of `300`, `300s`, `5m`, `1h`, `7d`, `250ms`; a bare number is seconds."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError("a duration such as 300, 300s, 5m, 1h or 7d")
    return round(float(match[1]) * _UNIT_MS[match[2]])


def duration_s(least: float, most: float) -> Callable[[str], float]:
    """Return a parser of durations in seconds, from `least` to `most`."""

    def parse(text: str) -> float:
        seconds = duration_ms(text) / 1_000
        if not least <= seconds <= most:
            raise ValueError(f"a duration from {least:g}s to {most:g}s")
        return seconds

    return parse


def integer(least: int, most: int) -> Callable[[str], int]:
    """Return a parser of integers from `least` to `most`."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", text) or not least <= int(text) <= most:
            raise ValueError(f"an integer from {least} to {most}")
        return int(text)

    return parse


def one_of(*words: str) -> Callable[[str], str]:
    """Return a parser of a word out of a list, whatever its case."""
    known = {word.lower(): word for word in words}

    def parse(text: str) -> str:
        if text.lower() not in known:
            raise ValueError("one of " + ", ".join(words))
        return known[text.lower()]

    return parse


def switch(text: str) -> bool:
    """Read `1/true/yes/on` as true and `0/false/no/off` as false."""
    if text.lower() not in _TRUE | _FALSE:
        raise ValueError("1 or 0 (also true/false, yes/no, on/off)")
    return text.lower() in _TRUE


def words(text: str) -> list[str]:
    """Split a comma-separated list; every item must be there, and once."""
    items = [item.strip() for item in text.split(",")]
    if not all(items) or len(set(items)) != len(items):
        raise ValueError("a list separated by commas, without an empty or repeated item")
    return items


def windows(text: str) -> tuple[Window, ...]:
    """Read `5m,1h,24h` as windows, shortest first."""
    found = sorted(
        (Window(item, duration_ms(item)) for item in words(text)), key=lambda window: window.size_ms
    )
    sizes = [window.size_ms for window in found]
    if (
        len(set(sizes)) != len(sizes)
        or not _SHORTEST_WINDOW_MS <= sizes[0] <= sizes[-1] <= _LONGEST_WINDOW_MS
    ):
        raise ValueError("windows of different lengths from 1s to 1000d, such as 5m,1h,24h")
    return tuple(found)


def views(text: str) -> tuple[View, ...]:
    """Read `total,channel,plan+region` as views; a cross names at most two segment keys, and no key twice."""
    return tuple(_view(item) for item in words(text))


def _view(item: str) -> View:
    if item == "total":
        return View(item, ())
    keys = tuple(item.split("+"))
    segments = [key for key in keys if key not in ("channel", "touchpoint")]
    if (
        len(set(keys)) != len(keys)
        or len(segments) > 2
        or "total" in keys
        or not all(map(_LABEL.fullmatch, keys))
    ):
        raise ValueError("views such as total, channel, touchpoint, a segment key, or a cross: channel+plan")
    return View(item, keys)


def tenants(text: str) -> frozenset[str]:
    """Read a list of tenant ids; empty: every tenant is known."""
    items = words(text) if text else []
    if not all(map(_TENANT.fullmatch, items)):
        raise ValueError("tenant ids of [a-z0-9_-], at most 64 characters, separated by commas")
    return frozenset(items)


def topic_prefix(text: str) -> str:
    """Check the beginning of a topic's name; it may be empty."""
    if not _TOPIC_PART.fullmatch(text):
        raise ValueError("at most 100 of the characters a topic may have: A-Z a-z 0-9 . _ -")
    return text


def topic_part(text: str) -> str:
    """Check a word that topics and groups are named with."""
    if not text:
        raise ValueError("at least one of the characters a topic may have: A-Z a-z 0-9 . _ -")
    return topic_prefix(text)


def brokers(text: str) -> str:
    """Read `kafka://host:port`, several separated by `,` or `;`, into Faust's spelling (`;`).

    The port is 9092 by default.
    """
    found = []
    for item in re.split(r"[,;]", text):
        match = _HOST_PORT.fullmatch(item.strip().removeprefix("kafka://").removesuffix("/"))
        if match is None or not 0 < int(match["port"] or 9092) < 65_536:
            raise ValueError("kafka://host:port, several separated by commas")
        found.append(f"kafka://{match['host']}:{match['port'] or 9092}")
    return ";".join(found)


def text_of(text: str) -> str:
    """Take any text but the empty one."""
    if not text:
        raise ValueError("not empty")
    return text


def file(text: str) -> Path:
    """Check that a file is there and can be read."""
    path = Path(text).expanduser()
    try:
        with path.open("rb"):
            return path
    except OSError as error:
        raise ValueError(f"a file that can be read ({error.strerror})") from None


def folder(text: str) -> Path:
    """Name a folder, which need not be there yet."""
    path = Path(text_of(text)).expanduser()
    if path.exists() and not path.is_dir():
        raise ValueError("a folder, or a name that is free")
    return path


def document(path: Path) -> dict[str, Any]:
    """Parse a `cx.toml`; only its top level is checked here."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"a TOML file ({error})") from None
    unknown = sorted(found.keys() - set(_TABLES))
    if unknown:
        raise ValueError(f"a TOML file with the tables {', '.join(_TABLES)}; {unknown[0]!r} is none of them")
    return found
