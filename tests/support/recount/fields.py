"""The fields of every event type, written down from the contract, and what can be wrong with each."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

LABEL = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
TENANT = re.compile(r"[a-z0-9_-]{1,64}")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:([Zz])|([+-])([01]\d|2[0-3]):([0-5]\d))",
    re.ASCII,
)
AMOUNT = re.compile(r"\d+(\.\d+)?", re.ASCII)
MARGIN = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
CURRENCY = re.compile(r"[A-Z]{3}")
SCALES = {
    "nps": (0, 10),
    "csat": (1, 5),
    "ces": (1, 7),
    "satisfaction": (1, 10),
    "expectations": (1, 10),
    "ideal": (1, 10),
    "needs": (1, 5),
    "ease": (1, 5),
    "enjoyment": (1, 5),
}
LEVELS = {"interaction", "journey", "relationship"}
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 - the alias is newer than the rule book

Check = Callable[[Any], set[str]]


def time_ms(text: str) -> int:
    """RFC 3339 with offset in epoch milliseconds, digits below 1 ms cut; ValueError for anything else."""
    found = TIME.fullmatch(text)
    if not found:
        raise ValueError(text)
    clock = datetime(*(int(found[i]) for i in range(1, 7)), tzinfo=timezone.utc)  # type: ignore[misc,arg-type]  # noqa: UP017
    offset = timedelta()
    if found[9]:
        offset = timedelta(hours=int(found[10]), minutes=int(found[11])) * (-1 if found[9] == "-" else 1)
    return (clock - EPOCH - offset) // timedelta(milliseconds=1) + int(((found[7] or "") + "000")[:3])


def _bad_unless(good: bool) -> set[str]:
    return set() if good else {"bad_type"}


def text(value: Any) -> set[str]:
    """Any string."""
    return _bad_unless(isinstance(value, str))


def between(low: int, high: int) -> Check:
    """A string of so many characters."""
    return lambda value: _bad_unless(isinstance(value, str) and low <= len(value) <= high)


def identifier(value: Any) -> set[str]:
    """An id of an entity: bounded as those of events and subjects."""
    return between(1, 128)(value)


def label(value: Any) -> set[str]:
    """A label value."""
    if not isinstance(value, str):
        return {"bad_type"}
    return set() if LABEL.fullmatch(value) else {"bad_label"}


def tenant(value: Any) -> set[str]:
    """A tenant id."""
    if not isinstance(value, str):
        return {"bad_type"}
    return set() if TENANT.fullmatch(value) else {"bad_label"}


def subject(value: Any) -> set[str]:
    """A customer id that is no e-mail address."""
    found = between(1, 128)(value)
    return found or ({"personal_data"} if EMAIL.search(value) else set())


def moment(value: Any) -> set[str]:
    """A time that `time_ms` can read."""
    if not isinstance(value, str):
        return {"bad_type"}
    try:
        time_ms(value)
    except ValueError:
        return {"bad_type"}
    return set()


def integer(value: Any) -> set[str]:
    """A JSON integer; true and false are none."""
    return _bad_unless(type(value) is int)


def milliseconds(value: Any) -> set[str]:
    """A length of time; how long an integer may be is not said, here what fits 64 bits."""
    return integer(value) or _bad_unless(0 <= value < 2**63)


def boolean(value: Any) -> set[str]:
    """True or false."""
    return _bad_unless(isinstance(value, bool))


def revision(value: Any) -> set[str]:
    """An integer from 1."""
    return integer(value) or _bad_unless(1 <= value < 2**63)


def one_of(*names: str) -> Check:
    """One of a closed set of strings."""
    return lambda value: _bad_unless(isinstance(value, str) and value in names)


def matching(pattern: re.Pattern[str]) -> Check:
    """A string that is wholly of this form."""
    return lambda value: _bad_unless(isinstance(value, str) and pattern.fullmatch(value) is not None)


def segments(value: Any) -> set[str]:
    """An object of label values."""
    if not isinstance(value, dict):
        return {"bad_type"}
    return set().union(*(label(each) for each in value.values()))


def metrics(value: Any) -> set[str]:
    """A list of metric names."""
    if not isinstance(value, list):
        return {"bad_type"}
    return set().union(*(one_of(*SCALES)(each) for each in value))


def answers(value: Any) -> set[str]:
    """A list of answers, each metric once."""
    if not isinstance(value, list):
        return {"bad_type"}
    found = set().union(*(_answer(each) for each in value))
    names = [each.get("metric") for each in value if isinstance(each, dict)]
    known = [name for name in names if isinstance(name, str)]
    return found | _bad_unless(len(known) == len(set(known)))


def _answer(value: Any) -> set[str]:
    if not isinstance(value, dict):
        return {"bad_type"}
    found = one_of(*SCALES)(value["metric"]) if "metric" in value else {"missing_field"}
    skipped = value.get("skipped")
    found |= set() if skipped is None else boolean(skipped)
    if skipped is True:
        return found | _bad_unless(value.get("value") is None)
    found |= integer(value["value"]) if "value" in value else {"missing_field"}
    if not found:
        low, high = SCALES[value["metric"]]
        found = set() if low <= value["value"] <= high else {"off_scale"}
    return found
