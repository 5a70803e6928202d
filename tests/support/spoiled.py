"""Records that must be rejected, each made from a good event and told with the reason that it must get."""

import copy
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

LIMIT = 64 * 1024
Event = dict[str, Any]
Spoiler = Callable[[Event, random.Random], None]


def rfc3339(ms: int, rng: random.Random | None = None) -> str:
    """The time as text; with a generator in one of the spellings that RFC 3339 allows."""
    moment = datetime.fromtimestamp(ms // 1000, UTC)
    digits = f".{ms % 1000:03d}"
    if rng is None or rng.random() < 0.6:
        return f"{moment:%Y-%m-%dT%H:%M:%S}{digits}Z"
    digits = rng.choice([digits, f"{digits}999", f"{digits}000001"] if ms % 1000 else [digits, ""])
    hours, minutes = rng.choice([(2, 0), (-8, 0), (5, 30), (0, 0)])
    there = moment + timedelta(hours=hours, minutes=minutes)
    spelled = f"{there:%Y-%m-%dT%H:%M:%S}{digits}{'-' if hours < 0 else '+'}{abs(hours):02d}:{minutes:02d}"
    return spelled.lower() if rng.random() < 0.2 else spelled


def encode(event: Event) -> bytes:
    """As publishers write it."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def nested(depth: int) -> Any:
    """Lists in lists, so many."""
    return [] if depth <= 1 else [nested(depth - 1)]


def raw_malformed(event: Event, rng: random.Random) -> bytes | None:
    """Bytes that are not one JSON object; None is a tombstone."""
    good = encode(event)
    choices: tuple[bytes | None, ...] = (
        None,
        b"",
        b"{}{}",
        b"[]",
        b"3",
        b"null",
        b'"text"',
        good[:-1],
        good + b",",
        good + b"}",
        good + b"\n" + good,
        b"1],[1",
        b"[" + good + b"]",
        b"\xef\xbb\xbf" + good,
        good.replace(b'"subject"', b'"s\xff"', 1),
        good[:-1] + b',"x":NaN}',
        good[:-1] + b',"x":Infinity}',
        good[:-1] + b',"x":01}',
        good[:-1] + b',"x":"\\ud800"}',
        good[:-1] + b',"x":' + b"[" * 16 + b"]" * 16 + b"}",
        good[:-1] + b',"x":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    )
    return rng.choice(choices)


def raw_too_big(event: Event, rng: random.Random) -> bytes:
    """One byte too many, or many; good JSON or not."""
    good = encode(event)
    size = LIMIT + rng.choice([1, 5000])
    return rng.choice([good + b" " * (size - len(good)), b"x" * size])


def _answer(event: Event) -> Event:
    answers: list[Event] = event["data"]["answers"]
    return answers[0]


def _set(**fields: Any) -> Spoiler:
    return lambda event, _: event.update(copy.deepcopy(fields))


def _data(**fields: Any) -> Spoiler:
    return lambda event, _: event["data"].update(copy.deepcopy(fields))


def _replace_answer(**fields: Any) -> Spoiler:
    def replace(event: Event, _: random.Random) -> None:
        event["data"]["answers"][0] = copy.deepcopy(fields)

    return replace


def _mixed(*values: Any) -> tuple[Any, ...]:
    """Values of several types, for the type checker."""
    return values


def _drop(name: str) -> Spoiler:
    return lambda event, _: event.pop(name, None)


def _drop_data(name: str) -> Spoiler:
    return lambda event, _: event["data"].pop(name, None)


def _twice(event: Event, _: random.Random) -> None:
    event["data"]["answers"].append(copy.deepcopy(_answer(event)))


def _half_answer(event: Event, rng: random.Random) -> None:
    _answer(event).pop("skipped", None)
    _answer(event).pop(rng.choice(["metric", "value"]), None)


SHALLOW: tuple[Spoiler, ...] = (
    *(_set(id=bad) for bad in (7, "", "i" * 129)),
    *(_set(source=bad) for bad in (["/shop"], "", "s" * 256)),
    *(_set(subject=bad) for bad in (81723, "", "c" * 129)),
    *(_set(time=bad) for bad in (1_790_000_000, "yesterday", "2026-05-04", "2026-05-04T10:15:30", "")),
    *(_set(time=bad) for bad in ("2026-13-04T10:15:30Z", "2026-02-30T10:15:30Z", "2026-05-04T25:15:30Z")),
    *(
        _set(time=bad)
        for bad in ("2026-05-04T10:15:30+0200", "2026-05-04T10:15:30+24:00", "2026-05-04T10:15:30.Z")
    ),
    *(_data(revision=bad) for bad in (0, -1, "2", True, 1.0)),
    *(_data(response_id=bad) for bad in (5, ["r"])),
    *(_data(level=bad) for bad in ("galaxy", 1)),
    *(_data(channel=bad) for bad in (5, ["web"])),
    *(_data(test=bad) for bad in ("yes", 1)),
    *(_data(segments=bad) for bad in _mixed([], "pro", {"plan": 1})),
)
"""Wrong types that leave the answers as they are."""

STRUCTURAL: tuple[Spoiler, ...] = (
    *(_set(data=bad) for bad in _mixed([], "text", 5)),
    *(_data(answers=bad) for bad in _mixed({}, "9", [9], ["nps"])),
    *(_replace_answer(metric="nps", value=bad) for bad in (9.0, 1e1, "9", True, [9])),
    _replace_answer(metric="nps", value=9, skipped=True),
    _replace_answer(metric="happiness", value=3),
    _replace_answer(metric="nps", skipped="yes", value=3),
    _twice,
)

BAD_LABELS = ("a b", "x" * 65, "web\n", "", "wéb", "a/b", "a,b")
SPOILERS: dict[str, tuple[Spoiler, ...]] = {
    "not_cloudevents": (
        _drop("specversion"),
        _set(specversion="0.3"),
        _set(specversion=1.0),
        _set(specversion=""),
    ),
    "unknown_type": tuple(
        _set(type=bad)
        for bad in (
            "cx.survey.exploded.v1",
            "cx.survey.answered.v2",
            "cx.purchase.v1",
            "com.example.other",
            "",
        )
    ),
    "missing_field": (
        *(_drop(name) for name in ("id", "source", "time", "subject", "data")),
        *(_drop_data(name) for name in ("response_id", "answers")),
        _half_answer,
    ),
    "bad_type": (*SHALLOW, *STRUCTURAL),
    "bad_label": (
        *(_data(channel=bad) for bad in BAD_LABELS),
        *(_data(touchpoint=bad) for bad in BAD_LABELS),
        *(_data(survey_id=bad) for bad in BAD_LABELS),
        *(_data(segments={"unused": bad}) for bad in BAD_LABELS),
        *(_set(tenantid=bad) for bad in ("ACME", "a.b", "a" * 65, "", "acme\n")),
    ),
    "personal_data": (_set(subject="jane.doe@example.com"), _set(subject="mailto:j@mail.example.org")),
    "unknown_tenant": (_set(tenantid="initech"), _set(tenantid="a" * 64)),
    "off_scale": (
        *(_replace_answer(metric="nps", value=bad) for bad in (11, -1, 10**400, -(10**60))),
        *(_replace_answer(metric="csat", value=bad) for bad in (0, 6)),
        *(_replace_answer(metric="ces", value=bad) for bad in (0, 8, 2**63, 2**64)),
        _replace_answer(metric="ideal", value=0),
        _replace_answer(metric="enjoyment", value=6),
    ),
}
"""By reason, in the order of the contract: changes to a good `cx.survey.answered.v1`.

Two of different reasons may meet in one event; then the earlier reason is the one.
"""

COMBINED = {**SPOILERS, "bad_type": SHALLOW}


def spoil(answered: Event, rng: random.Random, reason: str) -> Event:
    """The event with a fault of this reason, now and then with one of a later reason as well."""
    spoiled = copy.deepcopy(answered)
    later = list(SPOILERS)[list(SPOILERS).index(reason) + 1 :]
    if later and rng.random() < 0.3:
        rng.choice(COMBINED[rng.choice(later)])(spoiled, rng)
    rng.choice(SPOILERS[reason])(spoiled, rng)
    return spoiled
