"""CloudEvents' binary content mode on Kafka turned into the structured one: there is one way to decode.

    headers   ce_id: "7"  ce_type: "cx.interaction.v1"  …        {"id":"7","type":"cx.interaction.v1",…,
    value     {"interaction_id": "i-1", …}                  ─▶    "data":{"interaction_id": "i-1", …}}

A record is in binary mode when it has a `ce_specversion` and its `content-type` does not say that the value
is a whole CloudEvent. Headers of other attributes are left where they are.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import orjson

from stream.intake.rejection import Reason, Rejection

MAX_BYTES: Final = 64 * 1024

_PREFIX = "ce_"
_ATTRIBUTES = frozenset({"specversion", "id", "source", "type", "time", "subject", "tenantid"})
_one_document = msgspec.json.Decoder(msgspec.Raw).decode

TOO_BIG: Final = Rejection(Reason.TOO_BIG, f"over {MAX_BYTES} bytes")
_NO_DATA: Final = Rejection(Reason.MALFORMED, "headers of binary mode, but no data")
_BAD_DATA: Final = Rejection(Reason.MALFORMED, "data in binary mode: not one JSON object")
_BAD_HEADER: Final = Rejection(Reason.MALFORMED, "a ce_ header is not UTF-8")


def structured(value: bytes | None, headers: Sequence[tuple[str, bytes | None]]) -> bytes | Rejection | None:
    """The value of the same event in structured mode; a value that is not in binary mode as it is."""
    attributes = _attributes(headers)
    if not attributes:
        return value
    if not value:
        return _NO_DATA
    if sum(map(len, attributes.values())) + len(value) > MAX_BYTES:
        return TOO_BIG
    try:
        texts = {name: content.decode() for name, content in attributes.items()}
    except UnicodeDecodeError:
        return _BAD_HEADER
    # Spliced in as it is (a long integer stays one): were it not one document, it could add attributes.
    if not _is_object(value):
        return _BAD_DATA
    return orjson.dumps(texts)[:-1] + b',"data":' + value + b"}"


def _attributes(headers: Sequence[tuple[str, bytes | None]]) -> dict[str, bytes]:
    """The attributes given as headers, of equal ones the last; empty when not in binary mode."""
    given = {name: content for name, content in headers if content is not None}
    if _PREFIX + "specversion" not in given:
        return {}
    if given.get("content-type", b"").lower().startswith(b"application/cloudevents"):
        return {}
    return {name: given[_PREFIX + name] for name in _ATTRIBUTES if _PREFIX + name in given}


def _is_object(value: bytes) -> bool:
    """Whether bytes are one JSON object and nothing else; whether its strings are UTF-8 is not looked at."""
    try:
        _one_document(value)
    except (msgspec.DecodeError, RecursionError):
        return False
    return value.lstrip(b" \t\r\n").startswith(b"{")
