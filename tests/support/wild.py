"""Hypothesis strategies of what may stand in a source topic: good events, bad ones, and bytes of any kind."""

from typing import Any

from hypothesis import strategies as st

from tests.support.events import DATA, TIME, event, written

_WORDS = (
    "1.0|cx.interaction.v1|cx.survey.answered.v1|nps|csat|web|a b|web\n|gdpr|EUR|positive|jane@example.com"
    "|2026-05-04T10:15:30Z|2026-02-30T10:15:30Z|12.50|interaction|acme||" + "x" * 129
).split("|")
_FIELDS = [
    "metric",
    "value",
    "skipped",
    "plan",
    "all_of_subject",
    "test",
    "revision",
    "touchpoint",
    "segments",
    "valence",
    "duration_ms",
    "margin",
    "effective_at",
    "expires_at",
    "comment",
]
_NAMES = st.sampled_from([*sorted({name for data in DATA.values() for name in data}), *_FIELDS])
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-2, 12),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.sampled_from(_WORDS),
)


def _containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=4) | st.dictionaries(_NAMES | st.text(max_size=3), inner, max_size=4)


JSON = st.recursive(_SCALARS, _containers, max_leaves=12)
_ANSWER = {
    "metric": st.sampled_from(_WORDS),
    "value": st.integers(-2, 12) | _SCALARS,
    "skipped": st.booleans() | st.none(),
}
_ANSWERS = st.lists(st.fixed_dictionaries({}, optional=_ANSWER), max_size=3)


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    """Events of every type, good but for a few fields."""
    content = event(draw(st.sampled_from(sorted(DATA))))
    for name in draw(st.lists(st.sampled_from([*content, "extra"]), max_size=1)):
        content[name] = draw(JSON)
    if isinstance(content["data"], dict):
        content["data"] |= draw(st.dictionaries(_NAMES, JSON, max_size=2))
        content["data"] |= draw(st.fixed_dictionaries({}, optional={"answers": _ANSWERS}))
        for name in draw(st.lists(st.sampled_from([*content["data"], "id"]), max_size=1)):
            content["data"].pop(name, None)
    return content


_TOKENS = rb"""{ } [ ] , : " \ null NaN - 0 1e999 \ud800 "type": "data":{}, {}{} 1],[1"""
_BYTES = [b" ", b"\n", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"[" * 20, b"9" * 40]
FRAGMENTS = [*_TOKENS.split(), *_BYTES]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Good bytes with a few stretches replaced by others."""
    value = written(event(draw(st.sampled_from(sorted(DATA)))))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(value)))
        end = draw(st.integers(start, min(len(value), start + 12)))
        value = value[:start] + draw(st.sampled_from(FRAGMENTS) | st.binary(max_size=3)) + value[end:]
    return value


_HEADER_NAMES = [
    "ce_specversion",
    "ce_id",
    "ce_type",
    "ce_source",
    "ce_time",
    "ce_subject",
    "ce_tenantid",
    "ce_data",
    "content-type",
    "ce_",
    "traceparent",
]
_HEADER_VALUES = [b"1.0", b"cx.interaction.v1", b"application/cloudevents+json", TIME.encode(), None]
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(_HEADER_NAMES) | st.text(max_size=4),
        st.sampled_from(_HEADER_VALUES) | st.binary(max_size=8),
    ),
    max_size=9,
)
