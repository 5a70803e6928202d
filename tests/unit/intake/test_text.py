"""What stands in a record's value: one JSON object of at most 64 KiB and 16 levels in UTF-8, or no event."""

import json
from typing import Any

import pytest

from stream.intake.classify import deeper_than_allowed
from stream.intake.decode import Decoder
from stream.intake.rejection import Rejection
from tests.support.events import event, written

INTERACTION = "cx.interaction.v1"
GOOD = written(event(INTERACTION))


def decoded(value: bytes | None) -> Any:
    """The event, or the reason against it; a decoder that has seen good ones says the same."""
    fresh, used = Decoder("interactions"), Decoder("interactions")
    used.decode(GOOD)
    first, second = fresh.decode(value), used.decode(value)
    assert first == second
    return str(first.reason) if isinstance(first, Rejection) else first[0]


def extended(content: bytes) -> bytes:
    """The good event with another member, of this text."""
    return GOOD[:-1] + b', "extra": ' + content + b"}"


MALFORMED: dict[str, bytes | None] = {
    "tombstone": None,
    "empty": b"",
    "blank": b" \n",
    "two documents": GOOD + GOOD,
    "two lines": GOOD + b"\n" + GOOD,
    "an object and a comma": GOOD + b",",
    "an object and a bracket": GOOD + b"]",
    "cut": GOOD[:-1],
    "in an array": b"[" + GOOD + b"]",
    "the middle of an array": b"1],[1",
    "a comma": b",",
    "null": b"null",
    "true": b"true",
    "number": b"5",
    "string": b'"cx"',
    "array": b"[]",
    "byte order mark": b"\xef\xbb\xbf" + GOOD,
    "utf-16": GOOD.decode().encode("utf-16"),
    "null byte after": GOOD + b"\x00",
    "form feed after": GOOD + b"\x0c",
    "no-break space before": "\u00a0".encode() + GOOD,
    "NaN": extended(b"NaN"),
    "Infinity": extended(b"Infinity"),
    "-Infinity": extended(b"-Infinity"),
    "leading zero": extended(b"01"),
    "bare point": extended(b"1."),
    "single quotes": extended(b"'a'"),
    "comment": extended(b"1 /* one */"),
    "trailing comma": GOOD[:-1] + b",}",
    "key without quotes": GOOD[:-1] + b",a:1}",
    "line feed in a string": extended(b'"a\nb"'),
    "lone high surrogate": extended(b'"\\ud800"'),
    "lone low surrogate": extended(b'"\\udc00"'),
    "surrogates the wrong way round": extended(b'"\\udc00\\ud800"'),
    "surrogate in UTF-8": extended(b'"\xed\xa0\x80"'),
    "lone surrogate in the subject": GOOD.replace(b"c-81723", b"c\\ud800"),
    "bad UTF-8 in a value that is dropped": extended(b'"\xff"'),
    "bad UTF-8 in a name that is dropped": GOOD[:-1] + b', "\xff": 1}',
    "bad UTF-8 in the subject": GOOD.replace(b"c-81723", b"c\xff"),
    "overlong UTF-8": extended(b'"\xc0\xaf"'),
    "depth bomb of arrays": extended(b"[" * 20_000 + b"]" * 20_000),
    "depth bomb of objects": extended(b'{"a":' * 9_000 + b"1" + b"}" * 9_000),
    "depth bomb, open": b"[" * 60_000,
    "depth bomb, objects, open": b'{"a":' * 12_000,
}


@pytest.mark.parametrize("what", MALFORMED)
def test_what_is_not_one_json_object_is_malformed(what: str) -> None:
    """Also where the damage is in a member that nobody reads."""
    assert decoded(MALFORMED[what]) == "malformed"


ACCEPTED = {
    "white space around": b" \t\r\n" + GOOD + b"\r\n\t ",
    "emoji as surrogates": extended(b'"\\ud83d\\ude00"'),
    "emoji": extended('"😀"'.encode()),
    "null character": extended(b'"\\u0000"'),
    "long number": extended(b"9" * 30_000),
    "number beyond a float": extended(b"1e999"),
    "brackets in a string": extended(json.dumps("[{" * 500).encode()),
    "escaped quotes and brackets": extended(json.dumps('"[{\\' * 500).encode()),
    "wide": extended(b"[" + b"[]," * 15_000 + b"{}]"),
    "escaped name": GOOD.replace(b'"subject"', b'"\\u0073ubject"'),
    "the same member twice": GOOD.replace(b'"subject"', b'"subject": 5, "subject"'),
    "type twice": GOOD.replace(b'"type"', b'"type": "cx.purchase.v1", "type"'),
    "data twice": GOOD.replace(b'"data"', b'"data": 5, "data"'),
}


@pytest.mark.parametrize("what", ACCEPTED)
def test_json_may_be_spelled_as_json_allows(what: str) -> None:
    """Of a member given twice the last one counts, as for nearly every parser."""
    assert decoded(GOOD) == decoded(ACCEPTED[what])


def test_the_last_of_two_members_counts_also_when_it_is_bad() -> None:
    """No order of them makes a bad event good."""
    assert decoded(GOOD[:-1] + b', "subject": 5}') == "bad_type"
    assert decoded(GOOD[:-1] + b', "type": "cx.purchase.v1"}') == "unknown_type"
    assert decoded(GOOD[:-1] + b', "specversion": "2.0"}') == "not_cloudevents"
    assert decoded(GOOD[:-1] + b', "data": {"interaction_id": "i-1"}}') == "missing_field"


def test_sixteen_levels_are_allowed_and_seventeen_are_not() -> None:
    """The event itself is the first."""
    for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
        assert decoded(GOOD) == decoded(extended(opening * 14 + b"[]" + closing * 14))
        assert decoded(extended(opening * 15 + b"[]" + closing * 15)) == "malformed"


def test_64_kib_are_allowed_and_a_byte_more_is_too_big() -> None:
    """Counted before parsing: what is too big need not be JSON."""
    limit = 64 * 1024
    assert decoded(GOOD) == decoded(GOOD.ljust(limit))
    assert decoded(GOOD.ljust(limit + 1)) == "too_big"
    assert decoded(b"\xff" * limit) == "malformed"
    assert decoded(b"\xff" * (limit + 1)) == "too_big"


@pytest.mark.parametrize(
    ("expected", "document"),
    [
        (False, b"[" * 16 + b"]" * 16),
        (True, b"[" * 17 + b"]" * 17),
        (False, b'[{"a":' * 8 + b"1" + b"}]" * 8),
        (True, b'[{"a":' * 8 + b"[]" + b"}]" * 8),
        (False, b'"' + b"[" * 100 + b'"'),
        (False, b'["\\"' + b"[" * 100 + b'"]'),
        (True, b'["\\\\"' + b",[" * 100 + b"]" * 100 + b"]"),
        (False, b"[" + b"[]," * 100 + b"[]]"),
        (False, b"[" + b"{}," * 100 + b"[{}]]"),
    ],
)
def test_depth_counts_brackets_outside_of_strings(expected: bool, document: bytes) -> None:
    """However many stand side by side."""
    assert expected == deeper_than_allowed(document)
