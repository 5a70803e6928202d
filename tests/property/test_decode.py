"""No bytes make the decoder raise; what it takes satisfies the schemas; its past changes no verdict."""

import functools
import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema.protocols import Validator

from stream.intake.classify import MAX_DEPTH, classify, deeper_than_allowed
from stream.intake.decode import Decoder
from stream.intake.events import TOPIC_OF, TYPES
from stream.intake.rejection import MAX_DETAIL, Reason, Rejection
from tests.support.agreement import UNSEEN
from tests.support.contract import load
from tests.support.events import written
from tests.support.wild import HEADERS, JSON, damaged, events

_DECODABLE = set(Reason) - {Reason.FUTURE, Reason.TOO_LATE}
_TOPICS = st.sampled_from(sorted(TYPES))
_contract = functools.cache(load)


@functools.cache
def _validator(type_: str) -> Validator:
    return _contract().validator(type_)


def _is_outcome(found: Any) -> bool:
    if isinstance(found, Rejection):
        return found.reason in _DECODABLE and 0 < len(found.detail) <= MAX_DETAIL
    decoded, at_ms = found
    return decoded.type in TOPIC_OF and isinstance(at_ms, int)


@given(_TOPICS, st.none() | st.binary() | damaged() | JSON.map(written), st.just(()) | HEADERS)
@settings(max_examples=1_000, deadline=None)
def test_no_bytes_make_the_decoder_raise(
    topic: str, value: bytes | None, headers: Sequence[tuple[str, bytes | None]]
) -> None:
    """Nor any headers: there is an event or a reason."""
    assert _is_outcome(Decoder(topic).decode(value, headers))


@given(damaged() | events().map(written))
@settings(max_examples=1_000, deadline=None)
def test_what_is_accepted_is_one_json_object_and_satisfies_its_schema(value: bytes) -> None:
    """Read by another parser, told to be strict; the event says what stood there."""
    for topic in TYPES:
        found = Decoder(topic).decode(value)
        if isinstance(found, Rejection):
            continue
        content = json.loads(value.decode("utf-8"), parse_constant=pytest.fail)
        assert _validator(content["type"]).is_valid(content)
        known = msgspec.to_builtins(found[0])
        for part, said in ((known, content), (known["data"], content["data"])):
            for name in (part.keys() & said.keys()) - {"data", "answers"}:
                assert said[name] is None or said[name] == part[name]
            assert all(part[name] in (None, False, 1, "default") for name in part.keys() - said.keys())


@given(events())
@settings(max_examples=600, deadline=None)
def test_schemas_accept_what_the_decoder_accepts_and_nothing_else(content: dict[str, Any]) -> None:
    """But for what no schema can see."""
    type_ = content["type"] if content["type"] in list(TOPIC_OF) else "cx.interaction.v1"
    found = Decoder(TOPIC_OF[type_]).decode(written(content))
    accepted = not isinstance(found, Rejection) or found.reason in UNSEEN
    assert accepted == _validator(type_).is_valid(content)


@given(_TOPICS, damaged() | events().map(written))
@settings(max_examples=1_000, deadline=None)
def test_fast_way_says_what_the_careful_way_says(topic: str, value: bytes) -> None:
    """The careful way alone looks for every reason in order; the fast one may only save its time."""
    found = Decoder(topic).decode(value)
    careful = classify(value, TYPES[topic], frozenset())
    assert careful == (found if isinstance(found, Rejection) else found[0])


@given(st.lists(events(), max_size=8), _TOPICS)
@settings(max_examples=150, deadline=None)
def test_what_a_decoder_has_seen_changes_no_verdict(contents: list[dict[str, Any]], topic: str) -> None:
    """Labels that are known are checked no longer; that may save time alone."""
    used = Decoder(topic)
    for content in [*contents, *reversed(contents)]:
        value = written(content)
        assert Decoder(topic).decode(value) == used.decode(value)


@given(events())
@settings(max_examples=300, deadline=None)
def test_binary_mode_and_structured_mode_agree(content: dict[str, Any]) -> None:
    """Wherever the attributes are strings, which headers are."""
    data = content.pop("data")
    attributes = {name: text for name, text in content.items() if isinstance(text, str)}
    decoder = Decoder(TOPIC_OF.get(str(content["type"]), "surveys"))
    binary = decoder.decode(
        written(data), [(f"ce_{name}", text.encode()) for name, text in attributes.items()]
    )
    if "specversion" in attributes and isinstance(data, dict):
        assert decoder.decode(written({**attributes, "data": data})) == binary
    else:
        assert isinstance(binary, Rejection)


def _nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=2) | st.dictionaries(st.text(alphabet='[{"'), inner, max_size=2)


@given(
    st.recursive(st.text(alphabet='[]{}"\\a', max_size=6), _nested, max_leaves=30),
    st.lists(st.booleans(), max_size=20),
)
@settings(max_examples=300, deadline=None)
def test_depth_is_the_deepest_nesting(content: Any, more: list[bool]) -> None:
    """As counted on the parsed document."""
    for in_list in more:
        content = [content, "["] if in_list else {'"}': content}
    assert (_depth(content) > MAX_DEPTH) == deeper_than_allowed(json.dumps(content).encode())


def _depth(content: Any) -> int:
    if isinstance(content, dict):
        return 1 + max(map(_depth, content.values()), default=0)
    return 1 + max(map(_depth, content), default=0) if isinstance(content, list) else 0
