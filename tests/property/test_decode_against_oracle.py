"""The decoder and the oracle give every record the same verdict, whatever was done to its bytes."""

import random

import pytest

from stream.intake.decode import Decoder
from stream.intake.rejection import Rejection
from tests.support.oracle import Rules
from tests.support.recount.judging import judge
from tests.support.recount.model import Record
from tests.support.stories import Message
from tests.support.trouble import KNOWN_TENANTS, Trouble

NOW_MS = 1_790_000_000_000
RULES = Rules.from_env({"CX_WINDOWS": "30d", "CX_TENANTS": KNOWN_TENANTS})
DECODERS = {topic: Decoder(topic, RULES.tenants) for topic in ("surveys", "interactions", "relationships")}
PIECES = (
    *(b'" \\ { } [ ] , : 0 .0 - -0 1e5 null true "nps" \\/ \\u0000 \\ud83d\\ude00 \\udc00'.split()),
    *(b'"id":"x", "type":"cx.purchase.v1", "data":{}, "test":true, "value":3, "revision":0,'.split()),
    *(b"\xc3\x28", b"\x00", b"\x1f", b"\n", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"}{", b"],["),
)
Verdict = str | tuple[str, str, str, int]


def oracle(message: Message, value: bytes | None) -> Verdict:
    """A reason, or what identifies the event."""
    found = judge(Record(message.topic, 0, 0, NOW_MS, message.key, value, message.headers), RULES)
    return found if isinstance(found, str) else (found.id, found.source, found.subject, found.time_ms)


def service(message: Message, value: bytes | None) -> Verdict:
    """The same from the decoder."""
    found = DECODERS[message.topic].decode(value, message.headers)
    if isinstance(found, Rejection):
        return str(found.reason)
    event, time_ms = found
    return event.id, event.source, event.subject, time_ms


def damaged(value: bytes, rng: random.Random) -> bytes:
    """One or two of: a piece put in, bytes left out, a byte changed, a stretch repeated elsewhere."""
    for _ in range(rng.choice((1, 1, 2))):
        at, kind = rng.randrange(len(value) + 1), rng.randrange(4)
        if kind == 0:
            value = value[:at] + rng.choice(PIECES) + value[at:]
        elif kind == 1:
            value = value[:at] + value[at + rng.randrange(1, 6) :]
        elif kind == 2:
            value = value[:at] + rng.randbytes(1) + value[at + 1 :]
        else:
            start = rng.randrange(len(value) + 1)
            value = value[:at] + value[start : start + rng.randrange(30)] + value[at:]
    return value


@pytest.mark.parametrize("seed", range(3))
def test_every_message_of_the_trouble_gets_the_same_verdict(seed: int) -> None:
    """Good and bad ones, as they were made."""
    for message in Trouble(seed, NOW_MS).messages(3000):
        assert oracle(message, message.value) == service(message, message.value), message


@pytest.mark.parametrize("seed", range(3))
def test_every_damaged_message_gets_the_same_verdict(seed: int) -> None:
    """Each in its mode and on its topic."""
    rng = random.Random(seed)
    for message in Trouble(seed, NOW_MS).messages(3000):
        if message.value is not None and len(message.value) < 2000:
            value = damaged(message.value, rng)
            assert oracle(message, value) == service(message, value), value
